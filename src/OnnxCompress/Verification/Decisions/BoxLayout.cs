namespace OnnxCompress.Verification.Decisions;

/// <summary>How a detector writes its boxes.</summary>
internal enum BoxLayout
{
    /// <summary>Samples, anchors, (centre x, centre y, width, height, sureness, classes): YOLO up to version 7.</summary>
    AnchorsWithSureness,

    /// <summary>Samples, (centre x, centre y, width, height, classes), anchors: YOLO from version 8 on.</summary>
    ClassesByAnchors,

    /// <summary>Samples, boxes, (left, top, right, bottom, score, class): overlapping ones are gone already.</summary>
    Finished,

    /// <summary>Boxes, (sample, left, top, right, bottom, class, score): overlapping ones are gone already.</summary>
    FinishedOfAll,

    /// <summary>Corners in one output, scores of classes in another.</summary>
    BoxesAndScores,

    /// <summary>Corners, scores and classes in an output each: overlapping ones are gone already.</summary>
    FinishedInParts,
}
