namespace OnnxCompress.Reporting.Html;

/// <summary>The page's style sheet.</summary>
internal static class HtmlStyle
{
    /// <summary>The rules. Every pair of text and background has a contrast of at least 4.5 : 1, drawings of 3 : 1.</summary>
    public const string Text =
        """
        :root { --page: #ffffff; --card: #f5f6f8; --text: #1c2024; --quiet: #59636e; --rule: #d0d5db; --keep: #1a6fc4; --error: #b8431f; --plan: #7a6a9b; --track: #dfe3e8; --warn-back: #fdf0d5; --warn-text: #6b4500; }
        @media (prefers-color-scheme: dark) { :root { --page: #14171a; --card: #1e2226; --text: #e8eaed; --quiet: #a3acb5; --rule: #3a4047; --keep: #5aa9f2; --error: #f0835c; --plan: #b3a2d6; --track: #343a41; --warn-back: #40320f; --warn-text: #ffd98a; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 1.5rem 1.25rem 3rem; max-width: 64rem; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
        h1 { font-size: 1.9rem; line-height: 1.2; margin: .1rem 0 .6rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.3rem; margin: 2.4rem 0 .7rem; padding-top: .6rem; border-top: 1px solid var(--rule); }
        h3 { font-size: .95rem; margin: 0; font-weight: 600; }
        section > h3 { margin: 1.4rem 0 .2rem; }
        p { margin: .4rem 0; }
        .tool, .quiet, .note, footer { color: var(--quiet); }
        .tool, .note, footer { font-size: .85rem; }
        h1 .quiet { font-weight: 400; }
        .lead { font-size: 1.05rem; }
        .warning { background: var(--warn-back); color: var(--warn-text); padding: .5rem .75rem; border-radius: .4rem; }
        nav { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin-top: 1rem; font-size: .92rem; }
        a { color: var(--keep); }
        a:focus-visible, summary:focus-visible, .scroll:focus-visible, pre:focus-visible { outline: 2px solid var(--keep); outline-offset: 2px; }
        .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .9rem; }
        .card { background: var(--card); border-radius: .6rem; padding: .9rem 1rem; }
        .big { font-size: 1.5rem; line-height: 1.25; font-weight: 650; margin: .25rem 0 0; font-variant-numeric: tabular-nums; }
        .card .quiet { margin: 0 0 .55rem; font-size: .92rem; }
        .share { font-size: .85rem; margin: .3rem 0 0; }
        .card .note { margin: .1rem 0 0; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .93rem; }
        caption { text-align: left; color: var(--quiet); padding: .25rem 0 .45rem; }
        th, td { padding: .35rem .6rem; text-align: left; vertical-align: middle; border-bottom: 1px solid var(--rule); }
        th:first-child, td:first-child { padding-left: 0; } th:last-child, td:last-child { padding-right: 0; }
        thead th { font-weight: 600; color: var(--quiet); white-space: nowrap; } thead th[colspan] { text-align: left; }
        tbody th { font-weight: 500; min-width: 7rem; overflow-wrap: break-word; }
        .n:has(+ .meter) { width: 1%; }
        .meter { min-width: 5.5rem; padding-left: 0; }
        .n { text-align: right; white-space: nowrap; }
        svg { display: block; }
        .bar { width: 100%; min-width: 5rem; height: .55rem; border-radius: .2rem; }
        .track { fill: var(--track); } .keep { fill: var(--keep); } .error { fill: var(--error); } .plan { fill: var(--plan); }
        figure { margin: .6rem 0 1rem; max-width: 40rem; }
        figcaption { color: var(--quiet); font-size: .88rem; }
        .chart { width: 100%; height: auto; }
        .chart text { fill: var(--quiet); font-size: 13px; } .chart .value { fill: var(--text); font-weight: 600; }
        .axis { stroke: var(--rule); stroke-width: 2; fill: none; } .line { stroke: var(--keep); stroke-width: 2; fill: none; } .bound { fill: var(--keep); opacity: .35; }
        .gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .9rem; margin: .6rem 0 1rem; }
        .change { margin: 0; background: var(--card); border-radius: .5rem; padding: .6rem; } .change figcaption { overflow-wrap: anywhere; }
        .picture { width: 100%; height: auto; max-height: 20rem; image-rendering: pixelated; background: var(--track); }
        .beside { display: grid; grid-template-columns: repeat(3, 1fr); gap: .3rem; align-items: start; }
        rect.was, rect.now, rect.halo { fill: none; vector-effect: non-scaling-stroke; stroke-width: 2; }
        rect.halo { stroke: #ffffff; stroke-width: 4; stroke-opacity: .7; } rect.was { stroke: #1a6fc4; } rect.now { stroke: #b8431f; stroke-dasharray: 6 4; }
        span.was { border-bottom: 2px solid var(--keep); } span.now { border-bottom: 2px dashed var(--error); }
        mark { background: var(--warn-back); color: var(--warn-text); }
        details { margin: .4rem 0; background: var(--card); border-radius: .5rem; padding: .5rem .9rem; }
        summary { cursor: pointer; }
        details ul { margin: .4rem 0 .2rem; padding-left: 1.2rem; }
        li { margin: .25rem 0; overflow-wrap: anywhere; }
        code, pre { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; font-size: .88rem; }
        pre { background: var(--card); border-radius: .5rem; padding: .75rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
        footer { margin-top: 2.5rem; border-top: 1px solid var(--rule); padding-top: .6rem; overflow-wrap: anywhere; }
        .warning a { color: inherit; }
        @media (max-width: 30rem) {
          body { padding: 1rem .6rem 2rem; font-size: 15px; }
          table { font-size: .8rem; }
          th, td { padding: .3rem .35rem; }
          thead th, caption { white-space: normal; overflow-wrap: break-word; }
          tbody th { min-width: 5rem; max-width: 9rem; overflow-wrap: anywhere; position: sticky; left: 0; background: var(--page); }
          .meter { display: none; }
        }
        @media print {
          :root { --page: #fff; --card: #fff; --text: #000; --quiet: #444; --rule: #bbb; --track: #e4e4e4; --keep: #1a6fc4; --error: #b8431f; --plan: #7a6a9b; --warn-back: #fff; --warn-text: #000; }
          body { max-width: none; padding: 0; font-size: 10.5pt; }
          nav { display: none; }
          .cards { grid-template-columns: repeat(4, 1fr); }
          .big { font-size: 1.2rem; }
          .card, details, pre { border: 1px solid var(--rule); }
          .picture { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          .card, tr, figure, li { break-inside: avoid; } h2 { break-after: avoid; }
          .scroll { overflow: visible; }
          svg * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          details:not([open])::details-content { content-visibility: visible; display: block; height: auto; }
        }
        """;
}
