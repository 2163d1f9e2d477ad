namespace OnnxCompress.Samples;

/// <summary>How a stored image's axes are moved on the way to the model.</summary>
internal enum AxisMove
{
    /// <summary>As stored.</summary>
    None,

    /// <summary>Row, column, channel becomes channel, row, column.</summary>
    ChannelsFirst,

    /// <summary>Channel, row, column becomes row, column, channel.</summary>
    ChannelsLast,
}
