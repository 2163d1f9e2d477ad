using OnnxCompress.Cli.Output;
using OnnxCompress.Models;

namespace OnnxCompress.Cli.Verbs;

/// <summary>Loads the model of a verb and says what was assumed of it.</summary>
internal static class LoadedModel
{
    /// <summary>The model.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">The file cannot be used; the diagnostic says why.</exception>
    public static OnnxModel Open(string path, ModelLoadOptions loading, Talk talk)
    {
        var model = OnnxModel.Load(path, loading);
        if (model.UnlistedConstants > 0)
        {
            talk.Line($"{Path.GetFileName(path)} lists {model.UnlistedConstants} weights as inputs, as its IR version demands; they are constants here (--inputs-stay: they are fed)");
        }

        return model;
    }
}
