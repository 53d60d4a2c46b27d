"""The plot of docs/graphs-in-figures.md, from results/knowledge-world.json: every condition of the 200 questions, medians over seeds with the lowest and highest.

python benchmarks/knowledge_plots.py
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt

CONDITIONS = (
    *("with the graph", "counterfactual graph", "noise 4", "noise 8", "noise 16"),
    *("gold fact removed", "purpose removed", "facts only", "random facts", "no graph"),
)
COLOURS = {"teacher": "#5b6f8f", "student": "#c8773a"}


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--table", default="knowledge-world")
    parser.add_argument("--out", type=Path, default=Path("docs/knowledge-world.png"))
    options = parser.parse_args()
    found: dict[str, list[float]] = defaultdict(list)
    for row in json.loads(Path(f"results/{options.table}.json").read_text(encoding="utf-8")):
        if row["metric"] == "accuracy":
            found[row["system"]].append(100 * row["value"])
    plt.rcParams["font.size"] = 10
    figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
    for offset, (role, colour) in zip((-0.19, 0.19), COLOURS.items(), strict=True):
        values = [found[f"{role}: {name}"] for name in CONDITIONS]
        places = [place + offset for place in range(len(CONDITIONS))]
        middle = [median(some) for some in values]
        spread = [
            [at - min(some) for at, some in zip(middle, values, strict=True)],
            [max(some) - at for at, some in zip(middle, values, strict=True)],
        ]
        axes.barh(places, middle, 0.36, xerr=spread, color=colour, ecolor="#888", capsize=2, label=role)
        for place, at, high in zip(places, middle, spread[1], strict=True):
            axes.text(at + high + 1, place, f"{at:.1f}", va="center", fontsize=8)
    axes.axvline(25, color="#888", linestyle=":", linewidth=1)
    axes.text(25.5, len(CONDITIONS) - 0.35, "chance", color="#666", fontsize=8, va="center")
    axes.set_yticks(range(len(CONDITIONS)), CONDITIONS)
    axes.invert_yaxis()
    axes.set_xlim(0, 108)
    axes.set_xlabel("right answers of 200, % (the counterfactual graph's answers are its own)")
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(options.out, dpi=130)


if __name__ == "__main__":
    main()
