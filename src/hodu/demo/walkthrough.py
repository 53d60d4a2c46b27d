"""The demo's first part: a teacher trained on the built-in world, distilled, measured beside its undistilled baseline, and asked."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch

from hodu.data import load
from hodu.demo.world import make_world, write_world
from hodu.measuring import Measured, measure
from hodu.models.load import labels_of, load_model
from hodu.training import baseline, distill, train

logger = logging.getLogger("hodu")


@dataclass(frozen=True)
class Result:
    """What the demo made: figures of teacher, student and baseline, and the student to ask."""

    measured: list[Measured]
    student: Path

    def answer(self, text: str) -> tuple[str, float]:
        """The student's label for a sentence and its probability."""
        loaded = load_model(self.student)
        with torch.inference_mode():
            probabilities = loaded.model(**loaded.encode({"text": text})).logits.softmax(-1)[0]  # C
        best = int(probabilities.argmax())
        return labels_of(loaded.model.config)[best], float(probabilities[best])


def run(out: Path, *, progress: bool = True) -> Result:
    """Make everything in ``out``: ``data``, ``teacher``, ``student``, ``student-baseline``; what stands there of an earlier demo goes."""
    for name in ("data", "teacher", "student", "student-baseline"):
        for left in (out / name, out / f"{name}.training"):
            shutil.rmtree(left, ignore_errors=True)
    data = load(write_world(make_world(train=4000), out / "data"))
    logger.info("1 of 6: a teacher of 4 layers x 128, from scratch, on sentences of our own in English and Korean")
    teacher = train("4x128", data, out / "teacher", epochs=10, learning_rate=7e-4, vocabulary=2000, progress=progress)
    logger.info("2 of 6: a student of 2 x 64 from it")
    # three epochs: after eight the baseline has learnt from 4,000 labels all that the teacher could tell (it was made from the same)
    student = distill(teacher, data, out / "student", student="2x64", epochs=3, learning_rate=1e-3, progress=progress)
    logger.info("3 of 6: the undistilled baseline, the same student on labels alone")
    undistilled = baseline(student, data=data, progress=progress)
    logger.info("4 of 6: all three measured on test sentences")
    return Result(measure([teacher, student, undistilled], data), student)
