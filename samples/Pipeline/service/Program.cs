// curl --data-binary @image.bytes localhost:8080/classify
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddSingleton<Classifier>();
var app = builder.Build();
app.MapPost("/classify", async (HttpRequest request, Classifier classifier) =>
{
    var image = new byte[Classifier.Bytes];
    await request.Body.ReadExactlyAsync(image);
    return classifier.Classify(image);
});
app.Run();
