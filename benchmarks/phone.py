"""What a phone gets of a student: bytes of its file and of a first visit, time for a text, and what eight bits cost; rows in results/phone-NAME.json.

    python benchmarks/phone.py sst2 runs/sst2-teacher runs/sst2-0 ../shared/data/sst2
    python benchmarks/phone.py world runs/knowledge-world-world-0-teacher runs/knowledge-world-world-0-student world --graph src/hodu/demo/world/world.ttl

DATA "world" is the built-in questions. Latency is that of 32 tokens on one thread (of a question with choices: of one of them), teacher and student in PyTorch fp32 and the exported file in onnxruntime taking turns in the same minutes.
Accuracy is that of the test split: of the student in PyTorch, and of the bundle, asked text by text, unpadded, as a phone asks. What is in the results already is not measured again.
"""

from __future__ import annotations

import argparse
import gzip
import logging
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset

import hodu
from hodu.data import ABSENT, load, match_labels
from hodu.data import split as add_splits
from hodu.exporting.bundle import PAGE
from hodu.exporting.quantize import PRECISIONS
from hodu.exporting.running import Bundle, answers_of
from hodu.exporting.samples import rows_of_questions
from hodu.measuring import METRICS, Row, append_rows, commit, hardware, score, unit_of
from hodu.measuring.choices import answered
from hodu.measuring.environment import today
from hodu.measuring.speed import in_turns
from hodu.models.beside import rows_beside
from hodu.models.load import Loaded, labels_of, load_model, task_of
from hodu.types import OWN_CLASS

sys.path.insert(0, str(Path(__file__).parent))
from ablation import done

LENGTH, CALLS = 32, 200


def rows_to_score(student: Loaded, source: str, most: int | None) -> Dataset:
    """The test split in the student's classes, or so many of its rows."""
    if source == "world":
        return rows_of_questions(("ko", "en"))
    task = task_of(student.model.config)
    data = add_splits(load(source, task=task if task in OWN_CLASS else None))
    rows = match_labels(data, labels_of(student.model.config))[0].splits["test"]
    return rows.select(np.linspace(0, len(rows) - 1, min(len(rows), most or len(rows))).round().astype(int).tolist())


def quality(student: Loaded, run: Bundle, rows: Dataset, graph: str | None) -> dict[str, float]:
    """The task's headline metric of both."""
    task, gold = task_of(student.model.config), np.asarray(rows["label"][:])
    told = rows_beside(student, rows, graph) if graph else rows
    logits = {"student": answered(student, told)}
    said = []
    for row in rows:
        (found,) = run(row["text"], row.get("pair"), choices=row.get("choices", ())).values()
        said.append(found if "choices" in row else found[0])
    whole = np.full((len(said), max(map(len, said))), ABSENT)  # N C
    for filled, one in zip(whole, said, strict=True):
        filled[: len(one)] = one
    logits[run.manifest["precision"]] = whole
    return {name: score(task, one, gold)[METRICS[task][0]] for name, one in logits.items()}


def latencies(teacher: Loaded, student: Loaded, run: Bundle, rows: Dataset) -> dict[str, float]:
    """Medians of 32 tokens of the rows' texts."""
    texts = [" ".join([row["text"]] * 8 * LENGTH) for row in rows.select(range(min(len(rows), CALLS)))]
    texts = (texts * CALLS)[:CALLS]

    def cut(loaded: Loaded) -> list[dict[str, Any]]:
        return [dict(loaded.tokenizer(text, truncation=True, max_length=LENGTH, return_tensors="pt")) for text in texts]

    small = [{name: value.numpy().astype(np.int64) for name, value in one.items()} for one in cut(student)]
    models = [teacher.model, student.model, lambda **inputs: answers_of(run.session, inputs)]
    timed = in_turns(models, [cut(teacher), cut(student), small])
    return dict(zip(("teacher", "student", run.manifest["precision"]), (one.p50_ms for one in timed), strict=True))


def gzipped(folder: Path) -> int:
    """All that a first visit loads, each file as a server would compress it."""
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in folder.rglob("*") if file.is_file())


def main() -> None:
    """Measure one student."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("name")
    parser.add_argument("teacher")
    parser.add_argument("student")
    parser.add_argument("data")
    parser.add_argument("--graph")
    parser.add_argument("--precision", choices=list(PRECISIONS), default="int8")
    parser.add_argument("--rows", type=int, help="only so many test rows")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    path = Path("results") / f"phone-{options.name}.json"
    student, teacher = load_model(options.student), load_model(options.teacher)
    seed = student.card.get("seed")
    if (options.precision, seed) in done(path):
        return
    with tempfile.TemporaryDirectory() as folder:
        given = None if options.data == "world" else options.data
        made = hodu.export(
            options.student, Path(folder) / "bundle", graph=options.graph, data=given, precision=options.precision
        )
        run = Bundle(made.folder)
        rows = rows_to_score(student, options.data, options.rows)
        task = task_of(student.model.config)
        headline, small = METRICS[task][0], options.precision
        times = latencies(teacher, student, run, rows)
        figures: list[tuple[str, str, float, str]] = [
            (small, "model_bytes", made.manifest["files"]["model"]["bytes"], "bytes"),
            *((system, "latency_32_tokens_ms", value, "ms") for system, value in times.items()),
            (small, "times_faster_than_teacher", times["teacher"] / times[small], "times"),
            (
                small,
                "agreement",
                made.parity.value("onnx" if small == "fp32" else "quantised", "agreement"),
                unit_of("agreement", task),
            ),
        ]
        scored = quality(student, run, rows, options.graph)
        figures += [(system, headline, value, unit_of(headline, task)) for system, value in scored.items()]
        if made.page:
            figures.append((small, "first_visit_gzip_bytes", gzipped(made.folder), "bytes"))
        else:
            print(
                f"no page in this checkout ({PAGE}): a first visit is not measured; the bundle without it is {gzipped(made.folder):,} bytes gzipped"
            )
    command = shlex.join(["python", *sys.argv])
    stamp = (command, f"{options.data} (test, {len(rows):,} rows)", hardware(), commit(), today())
    append_rows(
        path,
        [
            Row(f"phone-{options.name}", system, metric, value, unit, seed, *stamp)
            for system, metric, value, unit in figures
        ],
    )
    for system, metric, value, unit in figures:
        print(f"{system:10} {metric:28} {value:,.4f} {unit}")


if __name__ == "__main__":
    main()
