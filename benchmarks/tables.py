"""Tables in README and docs, made from results/*.json: medians over seeds, with the lowest and highest.

python benchmarks/tables.py          rewrites what stands between <!-- table: NAME --> and <!-- end -->
python benchmarks/tables.py --check  fails if that would change anything
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

PAGES = (
    "README.md",
    "README.ko.md",
    "docs/ablation.md",
    "docs/speed.md",
    "docs/systems.md",
    "docs/phone.md",
    "docs/graphs-in-figures.md",
)
_PLACE = re.compile(r"(<!-- table: (?P<name>[\w-]+)(?: (?P<metrics>[\w,@]+))? -->\n).*?(<!-- end -->)", re.S)
_TITLES = {
    "accuracy": "accuracy",
    "accuracy_ko": "Korean",
    "accuracy_en": "English",
    "confidence": "how sure",
    "unanswered": "don't know",
    "f1": "F1",
    "exact_match": "exact match",
    "spearman": "Spearman",
    "perplexity": "perplexity",
    "cross_entropy": "cross-entropy",
    "agreement": "agreement with the teacher",
    "parameters": "parameters",
    "non_embedding_parameters": "without embeddings",
    "size_bytes": "size on disk",
    "mcnemar_p": "McNemar's p against no graph",
    "mcnemar_p_random": "and against random facts",
    "latency_p50_ms": "latency p50, ms",
    "latency_p95_ms": "latency p95, ms",
    "tokens_per_second": "tokens/s",
    "peak_memory_bytes": "peak memory",
    "ratio_to_best_other": "times the faster of the others",
    "time_over_limit": "times the limit",
    "seconds_to_goal": "seconds to the goal",
    "model_bytes": "file",
    "first_visit_gzip_bytes": "first visit, gzipped",
    "latency_32_tokens_ms": "32 tokens, ms",
    "times_faster_than_teacher": "times as fast as the teacher",
    **{f"hits@1_{hops}hop": f"hits@1, {hops} hop{'s' * (hops > 1)}" for hops in (1, 2, 3)},
    **{f"latency_p50_ms_{hops}hop": f"ms, {hops} hop{'s' * (hops > 1)}" for hops in (1, 2, 3)},
}
# shown with their lowest and highest
_SPREAD = {
    "accuracy",
    "accuracy_ko",
    "accuracy_en",
    "unanswered",
    "f1",
    "exact_match",
    "spearman",
    "perplexity",
    "agreement",
    "seconds_to_goal",
    "times_faster_than_teacher",
}


def table(name: str, metrics: list[str]) -> str:
    """A Markdown table: a row a system in order of appearance, a column a metric."""
    path = Path("results") / f"{name}.json"
    if not path.is_file():
        return "(not measured yet)\n"
    rows = json.loads(path.read_text(encoding="utf-8"))
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["value"] is not None:
            values[row["system"]][row["metric"]].append(row["value"])
    lines = [
        "| | " + " | ".join(_TITLES.get(metric, metric) for metric in metrics) + " |",
        "|---" + "|---:" * len(metrics) + "|",
    ]
    for system, figures in values.items():
        if figures.keys().isdisjoint(metrics):
            continue
        lines.append(f"| {system} | " + " | ".join(_cell(metric, figures.get(metric, [])) for metric in metrics) + " |")
    return "\n".join(lines) + "\n"


def _cell(metric: str, values: list[float]) -> str:
    if not values:
        return ""
    middle = _show(metric, median(values))
    if len(set(values)) == 1 or not (metric in _SPREAD or metric.startswith("hits@1")):
        return middle
    return f"{middle} ({_show(metric, min(values))} to {_show(metric, max(values))})"


def _show(metric: str, value: float) -> str:
    if metric.endswith("_bytes"):
        return f"{value / 1e6:.1f} MB"
    if metric.endswith("parameters"):
        return f"{value / 1e6:.2f} M"
    if metric in ("tokens_per_second", "seconds_to_goal"):
        return f"{value:,.0f}"
    if metric in ("ratio_to_best_other", "time_over_limit", "mcnemar_p", "mcnemar_p_random"):
        return f"{value:.2f}"
    if metric == "times_faster_than_teacher":
        return f"{value:.1f}"
    if metric == "perplexity":
        return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"
    return f"{value:.2f}" if "_ms" in metric or metric == "cross_entropy" else f"{100 * value:.1f}"


def main() -> None:
    """Rewrite the pages, or with --check only compare."""
    stale = []
    for page in (Path(name) for name in PAGES if Path(name).is_file()):
        text = page.read_text(encoding="utf-8")
        made = _PLACE.sub(lambda m: m[1] + table(m["name"], (m["metrics"] or "accuracy").split(",")) + m[4], text)
        if made != text:
            stale.append(str(page))
            if "--check" not in sys.argv:
                page.write_text(made, encoding="utf-8")
    if "--check" in sys.argv and stale:
        raise SystemExit(f"{', '.join(stale)}: tables differ from results/; run python benchmarks/tables.py")


if __name__ == "__main__":
    main()
