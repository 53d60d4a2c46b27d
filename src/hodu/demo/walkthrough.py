"""The demo: a teacher trained on the built-in world, distilled, measured beside its undistilled baseline, and asked; then the founding question, by a model that reads the built-in graph."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch

from hodu.data import load
from hodu.demo.founding import Founding, founding
from hodu.demo.world import make_world, write_world
from hodu.measuring import Measured, measure
from hodu.models.load import labels_of, load_model
from hodu.training import baseline, distill, train

logger = logging.getLogger("hodu")


@dataclass(frozen=True)
class Result:
    """What the demo made: figures of teacher, student and baseline, the student to ask, and the founding question's answers."""

    measured: list[Measured]
    student: Path
    founding: Founding

    def answer(self, text: str) -> tuple[str, float]:
        """The student's label for a sentence and its probability."""
        loaded = load_model(self.student)
        with torch.inference_mode():
            probabilities = loaded.model(**loaded.encode({"text": text})).logits.softmax(-1)[0]  # C
        best = int(probabilities.argmax())
        return labels_of(loaded.model.config)[best], float(probabilities[best])


def run(out: Path, *, progress: bool = True) -> Result:
    """Make everything in ``out``: ``data``, ``teacher``, ``student``, ``student-baseline``, ``reader``, ``world.ttl``, ``bundle``; what stands there of an earlier demo goes."""
    for name in ("data", "teacher", "student", "student-baseline", "reader", "bundle"):
        for left in (out / name, out / f"{name}.training"):
            shutil.rmtree(left, ignore_errors=True)
    data = load(write_world(make_world(train=4000), out / "data"))
    logger.info("1 of 6: a teacher of 4 layers x 128, from scratch, on sentences of our own in English and Korean")
    teacher = train("4x128", data, out / "teacher", epochs=10, learning_rate=7e-4, vocabulary=2000, progress=progress)
    logger.info("2 of 6: a student of 2 x 64 from it")
    student = distill(teacher, data, out / "student", student="2x64", epochs=8, learning_rate=1e-3, progress=progress)
    logger.info("3 of 6: the undistilled baseline, the same student on labels alone")
    undistilled = baseline(student, data=data, progress=progress)
    logger.info("4 of 6: all three measured on test sentences")
    measured = measure([teacher, student, undistilled], data)
    logger.info("5 of 6: a model of 3 x 96, from scratch, that reads the graph of everyday things beside questions")
    return Result(measured, student, founding(out, progress=progress))
