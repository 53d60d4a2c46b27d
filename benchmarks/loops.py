"""The loops that ``step.py`` times: hodu's, TextBrewer's, and the one that people write by hand. Same models, same rows, same losses.

Each loop gets a :class:`Work` and runs so many optimizer steps; the stopwatch inside the work's collate function sees where each step begins.
"""

from __future__ import annotations

import copy
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, get_linear_schedule_with_warmup

from hodu.models import shape_of
from hodu.objectives import AttentionScores, HiddenStates, Objective, Relations, SoftTargets
from hodu.recipes import Stage
from hodu.training.distillation import Distillation, Teachers
from hodu.training.precision import bf16_pays
from hodu.training.stages import Run, Sets, pick_device, run_stage
from hodu.training.teacher_cache import Question, open_cache
from hodu.types import Pairing

TEMPERATURE = 4.0  # TextBrewer's default, and no T squared, so that all three losses are one number
RATE = 3e-4


@dataclass
class Stopwatch:
    """When each batch was fetched and how many real tokens it had."""

    begins: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)

    def rate(self, warm_up: int) -> float:
        """Real tokens a second of all steps after the warm-up."""
        return sum(self.tokens[warm_up:-1]) / (self.begins[-1] - self.begins[warm_up])


@dataclass
class Work:
    """What is trained on what: ``steps * batch`` rows, each once. An ensemble is one teacher asked ``teachers`` times."""

    teacher: PreTrainedModel
    student: PreTrainedModel
    objective: str
    rows: Dataset
    collate: Callable[[list[dict[str, Any]]], dict[str, Tensor]]
    batch: int
    steps: int
    teachers: int = 1

    def timed(self) -> tuple[Callable[[list[dict[str, Any]]], dict[str, Tensor]], Stopwatch]:
        """The collate function with a stopwatch in it."""
        watch = Stopwatch()

        def collate(rows: list[dict[str, Any]]) -> dict[str, Tensor]:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            watch.begins.append(time.perf_counter())
            batch = self.collate(rows)
            watch.tokens.append(int(batch["attention_mask"].sum()))
            return batch

        return collate, watch

    @property
    def pairing(self) -> Pairing:
        """The two models' shapes."""
        return Pairing(shape_of(self.student.config), shape_of(self.teacher.config), "classification")

    def objectives(self) -> list[Objective]:
        """hodu's form of the objective."""
        soft = SoftTargets(temperature=TEMPERATURE, scale="none", divergence="cross_entropy")
        extra: dict[str, list[Callable[[], Objective]]] = {
            "soft": [],
            "hidden": [lambda: HiddenStates.between(self.pairing, layers="uniform", projection="each")],
            "relations": [lambda: Relations.between(self.pairing, layers="last")],
        }
        scores: Callable[[], Objective] = lambda: AttentionScores.between(self.pairing, layers="uniform")  # noqa: E731
        extra["layers"] = [*extra["hidden"], scores]  # TinyBERT's
        torch.manual_seed(0)
        return [soft, *(make() for make in extra[self.objective])]


def run_hodu(work: Work, *, cached: bool) -> Stopwatch:
    """hodu's own stage runner; with ``cached`` the teacher has answered before."""
    collate, watch = work.timed()

    def numbered(rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        return {**collate(rows), "row": torch.tensor([row["row"] for row in rows])}

    rows = work.rows.add_column("row", list(range(len(work.rows))))
    teachers = Teachers((work.teacher,) * work.teachers, (1.0,) * work.teachers)
    objectives = work.objectives()
    student = copy.deepcopy(work.student).to(pick_device())
    module = Distillation(student, teachers, objectives, [1.0] * len(objectives), "classification").to(pick_device())
    if cached:
        question = Question(work.teacher, module.teacher_needs[0], rows, work.collate, teachers.translate, epochs=1)
        cache = open_cache(question, question.needs, force=True, progress=False)
        assert cache is not None
        module.hear_from(dict.fromkeys(range(work.teachers), cache))
    names = tuple(type(one).__name__ for one in objectives)
    stage = Stage("step", (), epochs=1, learning_rate=RATE, batch_size=work.batch, sources={}, keep_best=False)
    with tempfile.TemporaryDirectory() as folder, module.tapped():
        run_stage(module, stage, Sets(rows, None, numbered), Run(Path(folder), seed=0, progress=False), terms=names)
    return watch


class Probes:
    """Queries, keys and values by forward hooks on the linear layers of BERT's attention, which leaves attention itself fused."""

    def __init__(self, model: PreTrainedModel, layers: list[int]) -> None:
        self.seen: dict[str, Tensor] = {}
        self._heads = model.config.num_attention_heads
        for layer in layers:
            attention = model.base_model.encoder.layer[layer - 1].attention.self
            for kind in ("query", "key", "value"):
                getattr(attention, kind).register_forward_hook(self._keep(f"{kind}-{layer}"))

    def _keep(self, name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def keep(module: nn.Module, inputs: Any, output: Tensor) -> None:
            self.seen[name] = output

        return keep

    def scores(self, layer: int) -> Tensor:
        """``B H L L`` before mask and softmax."""
        query, key = (self.split(kind, layer, self._heads) for kind in ("query", "key"))
        return query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5  # B H L L

    def split(self, kind: str, layer: int, heads: int) -> Tensor:
        """``B H L K``."""
        return self.seen[f"{kind}-{layer}"].unflatten(-1, (heads, -1)).transpose(1, 2)  # B H L K


class Losses:
    """The three losses as a careful person writes them; the projections are those of hodu's objective."""

    def __init__(self, work: Work, teacher: PreTrainedModel, student: PreTrainedModel) -> None:
        self.objective = work.objective
        pairing = work.pairing
        objectives = work.objectives()
        layered = objectives[1] if len(objectives) > 1 else None
        self.projections = layered.projections if isinstance(layered, HiddenStates) else nn.ModuleList()
        self.hidden = layered.pairs if isinstance(layered, HiddenStates) else ()
        self.scored = objectives[2].pairs if work.objective == "layers" else ()  # type: ignore[union-attr]
        self.last = (pairing.student.layers, pairing.teacher.layers)
        self.relation_heads = objectives[1].heads if work.objective == "relations" else 0  # type: ignore[union-attr]
        attention = self.scored or ((self.last,) if work.objective == "relations" else ())
        self.of_student = Probes(student, [s for s, _ in attention])
        self.of_teacher = Probes(teacher, [t for _, t in attention])

    def __call__(self, student: Any, teacher: Any, mask: Tensor) -> Tensor:
        """The loss of a batch from both outputs."""
        soft = F.softmax(teacher.logits / TEMPERATURE, -1)
        loss = -(soft * F.log_softmax(student.logits / TEMPERATURE, -1)).sum(-1).mean()
        for projection, (s, t) in zip(self.projections, self.hidden, strict=True):
            apart = F.mse_loss(
                projection(student.hidden_states[s]), teacher.hidden_states[t], reduction="none"
            )  # B L D
            loss = loss + (apart * mask[..., None]).sum() / (mask.sum() * apart.shape[-1])
        for s, t in self.scored:
            apart = F.mse_loss(self.of_student.scores(s), self.of_teacher.scores(t), reduction="none")  # B H L L
            pairs = (mask[:, None, :, None] * mask[:, None, None, :]).expand_as(apart)
            loss = loss + (apart * pairs).sum() / pairs.sum()
        if self.relation_heads:
            for kind in ("query", "key", "value"):
                loss = loss + self._relation(kind, mask)
        return loss

    def _relation(self, kind: str, mask: Tensor) -> Tensor:
        logs = []
        for probes, layer in ((self.of_student, self.last[0]), (self.of_teacher, self.last[1])):
            vectors = probes.split(kind, layer, self.relation_heads)
            products = vectors @ vectors.transpose(-1, -2) / vectors.shape[-1] ** 0.5  # B R L L
            logs.append(F.log_softmax(products.masked_fill(mask[:, None, None, :] == 0, -1e9), -1))
        apart = F.kl_div(logs[0], logs[1], log_target=True, reduction="none").sum(-1)  # B R L
        rows = mask[:, None].expand_as(apart)
        return (apart * rows).sum() / rows.sum()


@contextmanager
def _placed(work: Work) -> Iterator[tuple[PreTrainedModel, PreTrainedModel]]:
    """Copies of both models, for hooks to stay on."""
    device = pick_device()
    yield copy.deepcopy(work.teacher).to(device).eval(), copy.deepcopy(work.student).to(device).train()


def run_by_hand(work: Work) -> Stopwatch:
    """The loop of tutorials: shuffled batches padded to their longest, the teacher under no_grad, AdamW, clipping, a running loss. bf16 where the machine has it."""
    collate, watch = work.timed()
    device = pick_device()
    with _placed(work) as (teacher, student):
        losses = Losses(work, teacher, student)
        losses.projections.to(device)
        trained = [*student.parameters(), *losses.projections.parameters()]
        optimizer = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.01)
        schedule = get_linear_schedule_with_warmup(optimizer, work.steps // 10, work.steps)
        loader = DataLoader(work.rows, work.batch, shuffle=True, collate_fn=collate)
        hidden = {"output_hidden_states": True} if losses.hidden else {}
        running = 0.0
        for batch in loader:
            batch = {name: value.to(device) for name, value in batch.items()}
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16_pays()):
                with torch.no_grad():
                    said = teacher(**batch, **hidden)
                loss = losses(student(**batch, **hidden), said, batch["attention_mask"])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            running += loss.item()
    return watch


def run_textbrewer(work: Work) -> Stopwatch:
    """TextBrewer's GeneralDistiller as its documentation sets it up; scores reach it through the adaptor."""
    collate, watch = work.timed()
    with _placed(work) as (teacher, student), tempfile.TemporaryDirectory() as folder:
        distiller, losses = textbrewer_distiller(work, teacher, student, folder)
        optimizer = torch.optim.AdamW(student.parameters(), lr=RATE, weight_decay=0.01)
        hidden = {"output_hidden_states": True} if losses.hidden else {}
        with distiller:
            distiller.train(
                optimizer,
                DataLoader(work.rows, work.batch, shuffle=True, collate_fn=collate),
                num_epochs=1,
                scheduler_class=get_linear_schedule_with_warmup,
                scheduler_args={"num_warmup_steps": work.steps // 10, "num_training_steps": work.steps},
                max_grad_norm=1.0,
                **hidden,
            )
    return watch


def textbrewer_distiller(
    work: Work, teacher: PreTrainedModel, student: PreTrainedModel, folder: str
) -> tuple[Any, Losses]:
    """A GeneralDistiller with the work's objective."""
    from textbrewer import DistillationConfig, GeneralDistiller, TrainingConfig

    logging.getLogger("Distillation").setLevel(logging.WARNING)
    if work.objective == "relations":
        raise ValueError("TextBrewer has no relations")
    losses = Losses(work, teacher, student)
    widths = (work.pairing.student.width, work.pairing.teacher.width)
    matches = [
        {
            "layer_T": t,
            "layer_S": s,
            "feature": "hidden",
            "loss": "hidden_mse",
            "weight": 1,
            "proj": ["linear", *widths],
        }
        for s, t in losses.hidden
    ]
    matches += [
        {"layer_T": place, "layer_S": place, "feature": "attention", "loss": "attention_mse", "weight": 1}
        for place, _ in enumerate(losses.scored)
    ]

    def adaptor(probes: Probes, layers: list[int]) -> Callable[[Any, Any], dict[str, Any]]:
        def adapt(batch: Any, output: Any) -> dict[str, Any]:
            given = {"logits": output.logits, "inputs_mask": batch["attention_mask"]}
            if losses.hidden:
                given |= {"hidden": output.hidden_states, "attention": [probes.scores(layer) for layer in layers]}
            return given

        return adapt

    config = DistillationConfig(
        temperature=TEMPERATURE, kd_loss_weight=1, hard_label_weight=0, intermediate_matches=matches
    )
    distiller = GeneralDistiller(
        TrainingConfig(output_dir=folder, device=str(pick_device())),
        config,
        teacher,
        student,
        adaptor(losses.of_teacher, [t for _, t in losses.scored]),
        adaptor(losses.of_student, [s for s, _ in losses.scored]),
    )
    for mine, given in zip(distiller.projs, losses.projections, strict=False):
        mine.load_state_dict(given.state_dict())
    return distiller, losses
