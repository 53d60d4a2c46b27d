"""The report's page: markup and style, filled in by :mod:`hodu.measuring.report`. ``$name`` marks a place to fill."""

from __future__ import annotations

from string import Template

PAGE = Template(
    """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
:root {
  --paper: #fbfaf7; --card: #ffffff; --ink: #22211f; --quiet: #66645e; --grid: #e4e1da;
  --teacher: #2a6fc9; --student: #d9541e; --baseline: #77756e; --model: #14866a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171716; --card: #1f1f1d; --ink: #ecebe6; --quiet: #a5a39b; --grid: #3a3935;
    --teacher: #6ba6f0; --student: #ff8a57; --baseline: #a09e96; --model: #45c29f;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans KR", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2.25rem 0 .75rem; }
p, ul { margin: 0 0 .75rem; }
.quiet, figcaption { color: var(--quiet); }
.summary { font-size: 1.05rem; margin: 1.25rem 0 0; padding-left: 1.1rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem;
  margin-top: 1.5rem; }
figure { margin: 0; padding: 1rem; background: var(--card); border: 1px solid var(--grid); border-radius: .6rem; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { font-size: .9rem; margin-top: .5rem; }
.wide { overflow-x: auto; background: var(--card); border: 1px solid var(--grid); border-radius: .6rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .6rem .8rem; text-align: right; vertical-align: top; white-space: nowrap; }
th { color: var(--quiet); font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; }
tbody tr { border-top: 1px solid var(--grid); }
td small { display: block; color: var(--quiet); font-size: .82rem; }
.dot { display: inline-block; width: .65rem; height: .65rem; border-radius: 50%; margin-right: .45rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 0; font-size: .92rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
</style>
<h1>$title</h1>
<p class="quiet">$caption</p>
$summary
$plots
<h2>All figures</h2>
<div class="wide">$table</div>
$notes
<h2>How they were measured</h2>
<dl>$methods</dl>
<h2>Where</h2>
<dl>$environment</dl>
</html>
"""
)

METHODS = {
    "quality": "On all rows of the split. Below each figure its 95 % interval (bootstrap over rows, 1,000 rounds): how "
    "far it would move with other sentences, not with another training seed. F1 is the macro average over classes.",
    "agreement": "The share of rows that get the teacher's answer; for regression, the correlation of both outputs.",
    "parameters": "All, and all but the embedding tables (words, positions, token types), which cost memory but hardly "
    "any time.",
    "size on disk": "What must be shipped: the safetensors weights, the tokenizer and the configuration.",
    "latency": "One sentence at a time, unpadded, on one CPU thread unless told otherwise, the models interleaved; "
    "tokenisation excluded. p50 is the median, p95 what 95 of 100 sentences stay under.",
    "throughput": "Real tokens a second, in length-sorted batches of 32; each model's own tokens, padding not counted.",
    "peak memory": "What the model, its tokenizer and its work add to a fresh Python process that has torch and "
    "transformers loaded.",
}
"""Figure → how it is measured, for readers of the page."""
