"""What is trained when a student learns: student, objectives and (frozen) teachers behind one forward pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from typing_extensions import override

from hodu.errors import ObjectiveError, RecipeError
from hodu.measuring.answered import best_spans
from hodu.measuring.tagged import count_labelled
from hodu.models.load import labels_of
from hodu.objectives import Objective, SoftTargets, combine
from hodu.objectives.ensemble import Mean
from hodu.objectives.replaced import detected
from hodu.objectives.vocabulary import surprise
from hodu.taps import Tap, logits_from
from hodu.training.graph_facts import hidden_from, rows_without
from hodu.training.groups import brought_together, together
from hodu.training.outputs import Outputs
from hodu.training.teacher_cache import TeacherCache
from hodu.types import IGNORED, LANGUAGE, TOKENS, Capture, Needs, Readout, StudentFacts, Task


@dataclass(frozen=True)
class Teachers:
    """One or more frozen teachers and how they are heard.

    Attributes:
        models: in eval mode; layers are compared with the first, outputs with the mean of all.
        weights: one per model.
        mean: how the outputs of several are averaged.
        kept: student piece id → teacher piece id (``V`` of the student), None where both have one vocabulary.
        outputs: place → what a teacher that reads with a tokenizer of its own said of each row; it is not asked again.
    """

    models: tuple[PreTrainedModel, ...]
    weights: tuple[float, ...] = (1.0,)
    mean: Mean = "arithmetic"
    kept: Tensor | None = None
    outputs: Mapping[int, Outputs] = field(default_factory=dict)

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
        *,
        facts: StudentFacts = "reader",
    ) -> None:
        super().__init__()
        self.student = student
        self.objectives = nn.ModuleList(objectives)
        self.config = student.config  # transformers.Trainer asks for it
        self._teachers, self._weights, self._task, self._facts = teachers, tuple(weights), task, facts
        self._taps: dict[int | None, Tap] = {}  # by the teacher's place, the student's by None
        self._stored: dict[int, TeacherCache | Outputs] = dict(teachers.outputs)
        self._kept_rows: tuple[Tensor, Tensor | None] | None = None
        needs = [Needs(), Needs()]
        for objective in objectives:
            needs = [needs[0] | objective.student_needs, needs[1] | objective.teacher_needs]
        # a language model is scored by its readout, a discriminator by its logits, whatever it is trained on
        judges = task == "replaced-token"
        self._student_needs = needs[0] | Needs(logits=judges, readout=task in LANGUAGE and not judges)
        self.teacher_needs = _asked_of_each(teachers, needs[1])
        # an ensemble is averaged at the temperature at which it is then compared
        temperatures = {o.temperature for o in objectives if isinstance(o, SoftTargets)} or {1.0}
        if len(temperatures) > 1 and len(teachers.models) > 1:
            raise RecipeError(
                f"an ensemble is averaged at one temperature, and the recipe's soft targets have {sorted(temperatures)}"
            )
        self._temperature = min(temperatures)

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
            self._taps = {None: stack.enter_context(Tap(self.student, self._student_needs))}
            for place in self.live:
                tap = Tap(self._teachers.models[place], self.teacher_needs[place])
                self._taps[place] = stack.enter_context(tap)
            try:
                yield
            finally:
                self._taps = {}

    @property
    def live(self) -> list[int]:
        """The places of the teachers that run in every step."""
        return [place for place in range(len(self.teacher_needs)) if place not in self._stored]

    def hear_from(self, caches: Mapping[int, TeacherCache]) -> None:
        """Read what the teachers in these places said of the rows of the training set, instead of running them."""
        self._stored |= caches

    def forward(
        self,
        labels: Tensor | None = None,
        row: Tensor | None = None,
        choices: Tensor | None = None,
        **inputs: Tensor,
    ) -> dict[str, Tensor]:
        """``{"loss", "terms"}`` in training, ``{"logits"}`` (and ``{"labels"}`` where answers come counted) in eval mode, as :meth:`_evaluated` has it.

        Args:
            labels: ``B``, ``B C`` or ``B L``.
            row: ``B`` (``T``) row numbers: of the training set's texts, by which stored answers are read; of the windows of a dev set.
            choices: ``B N`` bool where examples have several texts, which the inputs then hold one below the other (``T L`` for ``B L``).
            inputs: ``input_ids``, ``attention_mask`` and what else the tokenizer gives, ``B L``, in the student's piece ids.
        """
        if not self.training:
            if self._facts == "absorbed":
                inputs, labels = self._without_facts(inputs, labels)
            return self._evaluated(inputs, labels, row, choices)
        student, teacher = self._captures(inputs, labels, row, choices)
        terms = torch.stack([objective(student, teacher) for objective in self.objectives])
        return {"loss": (terms * terms.new_tensor(self._weights)).sum(), "terms": terms.detach()}

    def _evaluated(
        self, inputs: dict[str, Tensor], labels: Tensor | None, row: Tensor | None, choices: Tensor | None
    ) -> dict[str, Tensor]:
        """The logits of a batch; of a language model, instead of ``B L V``, what :func:`expectation` makes of it, of a discriminator what :func:`detection` does, of a
        token classifier what :func:`count_labelled` counts, of a question answerer its best spans (``logits`` ``B 3``) with their row numbers (``labels`` ``B``).
        """
        if self._task in LANGUAGE:
            assert labels is not None  # batches of running text have them
            student = self._taps[None].ask(inputs, labels)
            return detection(student) if self._task == "replaced-token" else expectation(student)
        said = logits_from(self.student(**inputs))
        assert said is not None  # every other task has a head
        if self._task == "token-classification":
            assert labels is not None  # only labelled words are evaluated
            return count_labelled(said, labels, tuple(labels_of(self.student.config).values()))
        if self._task == "question-answering":
            assert labels is not None  # windows have them
            assert row is not None
            return {"logits": best_spans(said, labels, inputs["attention_mask"]), "labels": row}
        return {"logits": said if choices is None else brought_together(said, choices, self._task)}

    def _without_facts(
        self, inputs: dict[str, Tensor], labels: Tensor | None
    ) -> tuple[dict[str, Tensor], Tensor | None]:
        """What the student is shown of a batch, and the labels that go with it."""
        shown = hidden_from(inputs, rows_without(self._facts, inputs["input_ids"]))
        if labels is not None and self._task in TOKENS:
            labels = labels[:, : shown["input_ids"].shape[1]]  # B L
        return shown, labels

    def _captures(
        self, inputs: dict[str, Tensor], labels: Tensor | None, row: Tensor | None, choices: Tensor | None
    ) -> tuple[Capture, Capture]:
        shown = inputs
        if self._facts != "reader":
            shown, labels = self._without_facts(inputs, labels)
        mask = shown["attention_mask"].bool()
        student = together(self._taps[None].ask(shown, labels), choices, self._task)
        if not self.teacher_needs:
            return student, Capture(mask)
        heard = [together(one, choices, self._task) for one in self._heard(self._teachers.translate(inputs), row, mask)]
        return student, combine(
            heard, self._teachers.weights, self._task, temperature=self._temperature, mean=self._teachers.mean
        )

    @torch.no_grad()
    def _heard(self, inputs: dict[str, Tensor], row: Tensor | None, mask: Tensor) -> list[Capture]:
        """What each teacher says of a batch in the teachers' piece ids: looked up where it is stored, else asked."""
        said = []
        for place in range(len(self.teacher_needs)):
            if place in self._stored:
                assert row is not None  # run_stage numbers the rows of a training set
                said.append(self._in_student_pieces(self._stored[place].read(row, mask)))
            else:
                said.append(self._in_student_pieces(of_tokens(self._taps[place].ask(inputs), mask, self._task)))
        return said

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
                self._captures(
                    {name: value for name, value in batch.items() if name not in ("labels", "row", "choices")},
                    None,
                    batch.get("row"),
                    batch.get("choices"),
                )
                for batch in batches
            ]
        for objective in self.objectives:
            assert isinstance(objective, Objective)
            objective.prepare(captures)


def of_tokens(teacher: Capture, mask: Tensor, task: Task) -> Capture:
    """What a teacher said of the first tokens only, those of ``mask`` (``B L``): its student was not shown the facts behind them."""
    length = mask.shape[1]
    if teacher.mask.shape == mask.shape:
        return replace(teacher, mask=mask)
    logits = teacher.logits[:, :length] if teacher.logits is not None and task in TOKENS else teacher.logits
    return replace(
        teacher,
        mask=mask,
        logits=logits,
        hidden={index: state[:, :length] for index, state in teacher.hidden.items()},  # B L D
        attention={
            index: replace(heads, **{part: getattr(heads, part)[:, :, :length] for part in _PARTS})  # B H L K
            for index, heads in teacher.attention.items()
        },
    )


_PARTS = ("queries", "keys", "values")


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


def detection(student: Capture) -> dict[str, Tensor]:
    """How a discriminator does on a batch: ``logits`` ``B 5`` (:func:`hodu.objectives.replaced.detected`) and ``labels`` ``B`` (tokens to judge).

    Raises:
        ObjectiveError: the model's logits were not captured, or the batch has no labels.
    """
    if student.logits is None or student.labels is None:
        raise ObjectiveError(
            "a discriminator is scored by its logits on a batch with labels, and one of them is missing"
        )
    return {"logits": detected(student.logits, student.labels), "labels": (student.labels != IGNORED).sum(1)}


def _asked_of_each(teachers: Teachers, wanted: Needs) -> list[Needs]:
    """What each teacher is asked, in their order, as far as they are asked at all: the first for its layers, all for their outputs.

    Raises:
        RecipeError: layers are wanted of a teacher that cuts the text into other tokens than the student.
    """
    if wanted == Needs():  # the baseline asks nothing
        return []
    outputs = Needs(logits=True)
    if 0 in teachers.outputs and wanted | outputs != outputs:
        raise RecipeError(
            f"{teachers.models[0].name_or_path} reads with another tokenizer than the student, so their tokens cannot be compared one by one, "
            "and this recipe compares layers; put a teacher with the student's tokenizer first, or take a recipe that compares outputs only (hinton)"
        )
    return [wanted, *[outputs] * (len(teachers.models) - 1)] if wanted.logits else [wanted]
