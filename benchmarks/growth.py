"""How time and memory of a training step grow with layers, width, length, vocabulary, teachers and data; rows in results/growth.json, a plot in docs/growth.png.

    python benchmarks/growth.py

One thing is doubled at a time, from 3 x 192 taught by 6 x 384 on 32 texts of 32 random tokens; each point runs in a process of its own. The slope says how the last doubling went: 1 is a straight
line through nothing, less is better, more is worse.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import resource
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

POINTS: dict[str, list[int]] = {
    "layers": [3, 6, 12, 24],
    "width": [96, 192, 384, 768],
    "length": [16, 32, 64, 128, 256, 512],
    "vocabulary": [4000, 8000, 16000, 32000, 64000],
    "teachers": [1, 2, 4, 8],
    "rows": [512, 1024, 2048, 4096],
}
START = {"layers": 3, "width": 192, "length": 32, "vocabulary": 8000, "teachers": 1, "rows": 512}
_BATCH, _WARM_UP = 32, 3


def point(settings: dict[str, int], *, cached: bool) -> dict[str, float]:
    """Seconds a step and MB of memory of one point; runs in a process of its own."""
    import torch
    from datasets import Dataset
    from loops import Work, run_hodu
    from transformers import BertConfig, BertForSequenceClassification

    from hodu.models import build_student, parse_shape

    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=settings["vocabulary"],
        hidden_size=2 * settings["width"],
        num_hidden_layers=2 * settings["layers"],
        num_attention_heads=12,
        intermediate_size=8 * settings["width"],
        max_position_embeddings=512,
    )
    teacher = BertForSequenceClassification(config).eval()
    shape = parse_shape(f"{settings['layers']}x{settings['width']}", config)
    student = build_student(teacher, shape, "slice", batches=None)
    ids = torch.randint(5, settings["vocabulary"], (settings["rows"], settings["length"])).tolist()
    ones = [[1] * settings["length"]] * settings["rows"]
    rows = Dataset.from_dict(
        {"input_ids": ids, "attention_mask": ones, "length": [settings["length"]] * settings["rows"]}
    )

    def collate(some: list[dict[str, object]]) -> dict[str, torch.Tensor]:
        return {name: torch.tensor([row[name] for row in some]) for name in ("input_ids", "attention_mask")}

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    objective = "soft" if settings["teachers"] > 1 else "relations"
    work = Work(teacher, student, objective, rows, collate, _BATCH, settings["rows"] // _BATCH, settings["teachers"])
    watch = run_hodu(work, cached=cached)
    seconds = (watch.begins[-1] - watch.begins[_WARM_UP]) / (len(watch.begins) - 1 - _WARM_UP)
    return {"seconds": seconds, "memory": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}


def measured(settings: dict[str, int], *, cached: bool) -> dict[str, float]:
    """A point in a process of its own."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "HODU_CACHE": cache, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, __file__, "--point", json.dumps(settings), *(["--cached"] if cached else [])]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout.strip().split("\n")[-1])
    return found


def slope(sizes: list[int], values: list[float]) -> float:
    """Of the last doubling, in log-log."""
    return math.log(values[-1] / values[-2]) / math.log(sizes[-1] / sizes[-2])


def plot(results: Path, image: Path) -> None:
    """A column for each thing that grows: time per step above, memory below, live and cached, all axes logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    lines: dict[tuple[str, str, str], dict[int, float]] = {}
    for row in json.loads(results.read_text(encoding="utf-8")):
        system, point_ = row["system"].split(": ")
        name, size = point_.split(" ")
        lines.setdefault((row["metric"], name, system), {})[int(size)] = row["value"]
    titles = {"step_ms": "ms a step", "peak_memory_mb": "peak memory, MB"}
    figure, grid = pyplot.subplots(2, len(POINTS), figsize=(15, 6), sharey="row", layout="constrained")
    for axes, metric in zip(grid, titles, strict=True):
        for axis, name in zip(axes, POINTS, strict=True):
            for system in ("live teacher", "cached teacher"):
                points = lines[metric, name, system]
                axis.loglog(list(points), list(points.values()), marker="o", label=system)
            axis.set(
                title=name,
                xticks=POINTS[name],
                xticklabels=[f"{size // 1000}k" if size > 9999 else size for size in POINTS[name]],
            )
            axis.minorticks_off()
            axis.grid(alpha=0.3)
        axes[0].set_ylabel(titles[metric])
    figure.legend(*grid.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(image, dpi=100)


def main() -> None:
    """Measure all points, or (``--point``) one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--point")
    parser.add_argument("--cached", action="store_true")
    parser.add_argument("--only", nargs="+", choices=list(POINTS), default=list(POINTS))
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    if options.point:
        print(json.dumps(point(json.loads(options.point), cached=options.cached)))
        return
    from hodu.measuring import Row, append_rows, commit, hardware
    from hodu.measuring.environment import today

    rows = []
    for name in options.only:
        for system, cached in (("live teacher", False), ("cached teacher", True)):
            points = [measured({**START, name: size}, cached=cached) for size in POINTS[name]]
            times, memory = ([one[what] for one in points] for what in ("seconds", "memory"))
            print(
                f"{name:10s} {system:14s} ms a step: {', '.join(f'{size}: {1000 * time:.0f}' for size, time in zip(POINTS[name], times, strict=True))}; "
                f"slope {slope(POINTS[name], times):.2f}; MB: {', '.join(f'{one:.0f}' for one in memory)}"
            )
            stamp = (shlex.join(["python", *sys.argv]), "random tokens", hardware(), commit(), today())
            for size, one in zip(POINTS[name], points, strict=True):
                rows.append(
                    Row("growth", f"{system}: {name} {size}", "step_ms", 1000 * one["seconds"], "ms", 0, *stamp)
                )
                rows.append(Row("growth", f"{system}: {name} {size}", "peak_memory_mb", one["memory"], "MB", 0, *stamp))
    append_rows(Path("results") / "growth.json", rows)
    if set(options.only) == set(POINTS):
        plot(Path("results") / "growth.json", Path("docs") / "growth.png")


if __name__ == "__main__":
    main()
