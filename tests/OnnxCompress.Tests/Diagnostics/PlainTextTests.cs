using OnnxCompress.Diagnostics;

namespace OnnxCompress.Tests.Diagnostics;

public sealed class PlainTextTests
{
    [Theory]
    [InlineData('\u0000')]
    [InlineData('\u0007')]
    [InlineData('\u001b')]
    [InlineData('\u007f')]
    [InlineData('\u0085')]
    [InlineData('\u009b')]
    [InlineData('\u00ad')]
    [InlineData('\u061c')]
    [InlineData('\u200b')]
    [InlineData('\u200d')]
    [InlineData('\u200e')]
    [InlineData('\u200f')]
    [InlineData('\u2028')]
    [InlineData('\u202a')]
    [InlineData('\u202e')]
    [InlineData('\u2060')]
    [InlineData('\u2066')]
    [InlineData('\u2069')]
    [InlineData('\ufeff')]
    [InlineData('\ufff9')]
    [InlineData('\ud800')]
    [InlineData('\udc00')]
    public void What_cannot_be_seen_is_written_as_what_it_is(char hidden) => Assert.Equal($"a\\u{(int)hidden:X4}b", PlainText.Escape($"a{hidden}b"));

    [Fact]
    public void Tags_beyond_the_first_plane_are_escaped_as_pairs() => Assert.Equal("a\\uDB40\\uDC41", PlainText.Escape("a\U000E0041"));

    [Theory]
    [InlineData("")]
    [InlineData("conv1/Relu_2:0 é ü 漢字 \U0001F600 \\ \"'<>&")]
    [InlineData("two\nlines")]
    public void All_else_stays(string text) => Assert.Same(text, PlainText.Escape(text));

    [Fact]
    public void One_line_has_no_breaks_and_an_end()
    {
        Assert.Equal("a b c", PlainText.OneLine("a\r\nb\nc"));
        Assert.Equal(4005, PlainText.OneLine(new string('x', 5 << 20)).Length);
    }
}
