"""What is trained when a student learns: student, objectives and (frozen) teachers behind one forward pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from typing_extensions import override

from hodu.errors import ObjectiveError
from hodu.objectives import Objective, SoftTargets, combine
from hodu.objectives.ensemble import Mean
from hodu.objectives.vocabulary import surprise
from hodu.taps import Tap
from hodu.training.teacher_cache import TeacherCache
from hodu.types import IGNORED, LANGUAGE, Capture, Needs, Readout, Task


@dataclass(frozen=True)
class Teachers:
    """One or more frozen teachers and how they are heard.

    Attributes:
        models: in eval mode; layers are compared with the first, outputs with the mean of all.
        weights: one per model.
        mean: how the outputs of several are averaged.
        kept: student piece id → teacher piece id (``V`` of the student), None where both have one vocabulary.
    """

    models: tuple[PreTrainedModel, ...]
    weights: tuple[float, ...] = (1.0,)
    mean: Mean = "arithmetic"
    kept: Tensor | None = None

    def translate(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """The same batch in the teachers' piece ids, ``B L``."""
        if self.kept is None:
            return inputs
        return {**inputs, "input_ids": self.kept.to(inputs["input_ids"].device)[inputs["input_ids"]]}


class Distillation(nn.Module):
    """A student, the objectives it is trained on, and its teachers.

    The teachers are not submodules: they are neither trained nor saved. Projections inside the objectives are trained and checkpointed, and stay out of the
    student's folder because only ``student`` is saved there.
    """

    def __init__(
        self,
        student: PreTrainedModel,
        teachers: Teachers,
        objectives: Sequence[Objective],
        weights: Sequence[float],
        task: Task,
    ) -> None:
        super().__init__()
        self.student = student
        self.objectives = nn.ModuleList(objectives)
        self.config = student.config  # transformers.Trainer asks for it
        self._teachers, self._weights, self._task = teachers, tuple(weights), task
        self._taps: list[Tap] = []
        self._caches: list[TeacherCache] = []
        self._kept_rows: tuple[Tensor, Tensor | None] | None = None
        needs = [Needs(), Needs()]
        for objective in objectives:
            needs = [needs[0] | objective.student_needs, needs[1] | objective.teacher_needs]
        # a language model is scored by its readout, whatever it is trained on
        self._student_needs = needs[0] | Needs(readout=task in LANGUAGE)
        # only the first teacher's layers are looked at
        self.teacher_needs = [
            needs[1] if place == 0 else Needs(logits=needs[1].logits) for place in range(len(teachers.models))
        ]
        if needs[1] == Needs():  # the baseline asks nothing of its teacher
            self.teacher_needs = []
        # an ensemble is averaged at the temperature at which it is then compared
        self._temperature = next((o.temperature for o in objectives if isinstance(o, SoftTargets)), 1.0)

    @override
    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Every weight once: a language model's tied ones have two names, and a safetensors file takes none twice."""
        whole: dict[str, Any] = super().state_dict(*args, **kwargs)
        return {name: value for name, value in whole.items() if name not in self._tied()}

    @override
    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        twins = {name: state_dict[first] for name, first in self._tied().items() if first in state_dict}
        return super().load_state_dict({**state_dict, **twins}, *args, **kwargs)

    def _tied(self) -> dict[str, str]:
        """Second name → first name of each weight that has several."""
        first: dict[int, str] = {}
        return {
            name: first[id(weight)]
            for name, weight in super().state_dict(keep_vars=True).items()
            if first.setdefault(id(weight), name) != name
        }

    @contextmanager
    def tapped(self) -> Iterator[None]:
        """Within this context forward passes are recorded; outside, the models are as they were."""
        with ExitStack() as stack:
            models = [] if self._caches else self._teachers.models[: len(self.teacher_needs)]
            pairs = [(self.student, self._student_needs), *zip(models, self.teacher_needs, strict=not self._caches)]
            self._taps = [stack.enter_context(Tap(model, needs)) for model, needs in pairs]
            try:
                yield
            finally:
                self._taps = []

    def hear_from(self, caches: Sequence[TeacherCache]) -> None:
        """Read what the teachers said from here instead of running them: one cache per teacher, for the rows of the training set."""
        self._caches = list(caches)

    def forward(self, labels: Tensor | None = None, row: Tensor | None = None, **inputs: Tensor) -> dict[str, Tensor]:
        """``{"loss", "terms"}`` in training, ``{"logits"}`` in eval mode; there a language model gives, instead of ``B L V``, what :func:`expectation` makes of it.

        Args:
            labels: ``B``, ``B C`` or ``B L``.
            row: ``B`` row numbers of the training set, by which a cache is read.
            inputs: ``input_ids``, ``attention_mask`` and what else the tokenizer gives, ``B L``, in the student's piece ids.
        """
        if not self.training and self._task in LANGUAGE:
            assert labels is not None  # batches of running text have them
            return expectation(self._taps[0].ask(inputs, labels))
        if not self.training:
            return {"logits": self.student(**inputs).logits}
        student, teacher = self._captures(inputs, labels, row)
        terms = torch.stack([objective(student, teacher) for objective in self.objectives])
        return {"loss": (terms * terms.new_tensor(self._weights)).sum(), "terms": terms.detach()}

    def _captures(
        self, inputs: dict[str, Tensor], labels: Tensor | None, row: Tensor | None
    ) -> tuple[Capture, Capture]:
        mask = inputs["attention_mask"].bool()
        student = self._taps[0].ask(inputs, labels)
        if not self.teacher_needs:
            return student, Capture(mask)
        heard = self._read(row, mask) if self._caches else self._ask(self._teachers.translate(inputs))
        return student, combine(
            heard, self._teachers.weights, self._task, temperature=self._temperature, mean=self._teachers.mean
        )

    def _read(self, row: Tensor | None, mask: Tensor) -> list[Capture]:
        assert row is not None  # run_stage numbers the rows of a training set
        return [self._in_student_pieces(cache.read(row, mask)) for cache in self._caches]

    @torch.no_grad()
    def _ask(self, inputs: dict[str, Tensor]) -> list[Capture]:
        return [self._in_student_pieces(tap.ask(inputs)) for tap in self._taps[1:]]

    def _in_student_pieces(self, teacher: Capture) -> Capture:
        """The same capture, its vocabulary cut to the student's: the chances of other pieces fall to these."""
        kept, readout = self._teachers.kept, teacher.readout
        if kept is None or readout is None:
            return teacher
        if self._kept_rows is None:  # once: the teacher does not change
            rows = kept.to(readout.weight.device)
            self._kept_rows = (readout.weight[rows], None if readout.bias is None else readout.bias[rows])
        return replace(teacher, readout=Readout(readout.states, *self._kept_rows))

    @torch.no_grad()
    def prepare(self, batches: Iterable[dict[str, Tensor]]) -> None:
        """Let each objective look at some batches before training (``Objective.prepare``)."""
        self.student.eval()
        with self.tapped():
            captures = [
                self._captures({k: v for k, v in batch.items() if k not in ("labels", "row")}, None, batch.get("row"))
                for batch in batches
            ]
        for objective in self.objectives:
            assert isinstance(objective, Objective)
            objective.prepare(captures)


def expectation(student: Capture) -> dict[str, Tensor]:
    """How a language model does on a batch: ``logits`` ``B 2`` (nats of surprise, pieces guessed right) and ``labels`` ``B`` (pieces to guess).

    Raises:
        ObjectiveError: the model was not read out, or the batch has no labels.
    """
    if student.readout is None or student.labels is None:
        raise ObjectiveError(
            "a language model is scored by its readout on a batch with labels, and one of them is missing"
        )
    nats, right = surprise(student.readout, student.labels)
    return {
        "logits": torch.stack((nats.sum(1), right.sum(1)), dim=1),
        "labels": (student.labels != IGNORED).sum(1),
    }
