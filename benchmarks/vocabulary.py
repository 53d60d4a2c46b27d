"""Distilling a masked language model: real tokens a second, and peak memory of the loss, of hodu and of the loop people write by hand; rows in results/step.json.

    python benchmarks/vocabulary.py

Random weights, random full rows, the same ones for both; no data is needed. The losses of one batch must agree to five digits before a clock starts. Soft targets at all real tokens, T = 2, and labels at
the masked ones, as DistilBERT; no comparison of hidden states.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from datasets import Dataset
from step import plot
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader
from transformers import BertConfig, BertForMaskedLM, PreTrainedModel, get_linear_schedule_with_warmup

from hodu.data import masked
from hodu.measuring import Row, append_rows, commit, hardware
from hodu.measuring.environment import today
from hodu.models import build_student, parse_shape
from hodu.models.wordpiece import train_wordpiece
from hodu.objectives import Vocabulary
from hodu.recipes import Stage
from hodu.training.distillation import Distillation, Teachers
from hodu.training.precision import bf16_pays
from hodu.training.stages import Run, Sets, pick_device, run_stage

SOFT, HARD, T = 5.0, 2.0, 2.0
_WARM_UP = 3


def models(options: argparse.Namespace) -> tuple[PreTrainedModel, PreTrainedModel]:
    """Teacher and student, BERTs with random weights."""
    torch.manual_seed(0)
    layers, width = map(int, options.teacher.split("x"))
    config = BertConfig(
        vocab_size=options.vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=12,
        intermediate_size=4 * width,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    teacher = BertForMaskedLM(config).eval()
    return teacher, build_student(teacher, parse_shape(options.student, config), "slice", batches=None)


def rows(options: argparse.Namespace) -> Dataset:
    """Full rows of random pieces."""
    count = options.batch * (options.steps + _WARM_UP + 1)
    ids = torch.randint(110, options.vocabulary, (count, options.length)).tolist()
    return Dataset.from_dict(
        {"input_ids": ids, "attention_mask": [[1] * options.length] * count, "length": [options.length] * count}
    )


class Clock:
    """A collate function that notes when each batch is fetched."""

    def __init__(self) -> None:
        tokenizer = train_wordpiece(["a few words"], vocabulary=100, max_length=512)
        self._batches = masked(tokenizer, seed=0)
        self.begins: list[float] = []

    def __call__(self, some: list[dict[str, object]]) -> dict[str, Tensor]:
        """A masked batch."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.begins.append(time.perf_counter())
        return self._batches(some)

    def rate(self, options: argparse.Namespace) -> float:
        """Real tokens a second after the warm-up."""
        steps = len(self.begins) - 1 - _WARM_UP
        return steps * options.batch * options.length / (self.begins[-1] - self.begins[_WARM_UP])


def loss_by_hand(student: Tensor, teacher: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
    """From both models' logits, ``B L V``."""
    ours, theirs = student[mask], teacher[mask]  # N V
    soft = F.kl_div((ours / T).log_softmax(-1), (theirs / T).softmax(-1), reduction="batchmean") * T**2
    return SOFT * soft + HARD * F.cross_entropy(student.flatten(0, 1), labels.flatten())


def run_by_hand(
    teacher: PreTrainedModel, student: PreTrainedModel, data: Dataset, options: argparse.Namespace
) -> Clock:
    """Two transformers models, their logits, AdamW; bf16 where the machine has it."""
    clock, device = Clock(), pick_device()
    teacher, student = copy.deepcopy(teacher).to(device).eval(), copy.deepcopy(student).to(device).train()
    optimizer = torch.optim.AdamW(student.parameters(), lr=5e-4, weight_decay=0.0)
    schedule = get_linear_schedule_with_warmup(optimizer, 5, options.steps + _WARM_UP)
    for batch in DataLoader(data, options.batch, shuffle=True, collate_fn=clock):  # type: ignore[arg-type]
        batch = {name: value.to(device) for name, value in batch.items()}
        labels = batch.pop("labels")
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16_pays()):
            with torch.no_grad():
                said = teacher(**batch).logits
            loss = loss_by_hand(student(**batch).logits, said, batch["attention_mask"].bool(), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        loss.item()
    return clock


def run_hodu(
    teacher: PreTrainedModel, student: PreTrainedModel, data: Dataset, options: argparse.Namespace, positions: str
) -> Clock:
    """hodu's own stage runner."""
    clock, device = Clock(), pick_device()
    teachers = Teachers((copy.deepcopy(teacher).to(device),))
    module = Distillation(copy.deepcopy(student), teachers, [objective(positions)], [1.0], "masked-lm").to(device)
    stage = Stage("step", (), epochs=1, learning_rate=5e-4, batch_size=options.batch, sources={}, keep_best=False)
    with tempfile.TemporaryDirectory() as folder, module.tapped():
        run_stage(
            module, stage, Sets(data, None, clock), Run(Path(folder), seed=0, progress=False), terms=("Vocabulary",)
        )
    return clock


def objective(positions: str = "all") -> Vocabulary:
    """DistilBERT's, the mean over tokens as its code takes it."""
    return Vocabulary(soft=SOFT, hard=HARD, temperature=T, positions=positions, mean="tokens")  # type: ignore[arg-type]


def one_step(options: argparse.Namespace, system: str) -> tuple[float, float]:
    """The loss of the first batch, and the MB that loss and gradients took beyond what both models and their last hidden states did."""
    teacher, student = models(options)
    data = rows(options)
    batch = Clock()([data[place] for place in range(options.batch)])
    labels = batch.pop("labels")
    module = Distillation(student, Teachers((teacher,)), [objective()], [1.0], "masked-lm")
    student.train()
    with module.tapped():
        if system == "by hand":  # its bodies first, so that what is counted is the vocabulary
            with torch.no_grad():
                theirs = teacher.bert(**batch).last_hidden_state
            ours = student.bert(**batch).last_hidden_state
        else:
            mine, said = module._captures(dict(batch), labels, None, None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if system == "by hand":
        with torch.no_grad():
            logits = teacher.cls(theirs)
        loss = loss_by_hand(student.cls(ours), logits, batch["attention_mask"].bool(), labels)
    else:
        loss = module.objectives[0](mine, said)
    loss.backward()
    return loss.item(), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def measured_step(system: str) -> tuple[float, float]:
    """:func:`one_step` in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, __file__, *sys.argv[1:], "--one", system]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    loss, memory = json.loads(done.stdout.strip().split("\n")[-1])
    return loss, memory


def main() -> None:
    """Compare losses and memory, then time."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--teacher", default="6x384")
    parser.add_argument("--student", default="3x192")
    parser.add_argument("--vocabulary", type=int, default=30000)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--table", default="step")
    parser.add_argument("--one", choices=["by hand", "hodu"], help="only the first step of one system")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    torch.set_num_threads(options.threads)
    if options.one:
        print(json.dumps(one_step(options, options.one)))
        return
    found = {system: measured_step(system) for system in ("by hand", "hodu")}
    print(", ".join(f"{system}: loss {loss:.5f}, {mb:,.0f} MB" for system, (loss, mb) in found.items()))
    if abs(found["hodu"][0] - found["by hand"][0]) > 1e-5 * found["by hand"][0]:
        raise SystemExit("the systems do not compute the same loss, so their times cannot be compared")
    memory = {"by hand": found["by hand"][1], "hodu, live teacher": found["hodu"][1]}
    teacher, student = models(options)
    data = rows(options)
    rates: dict[str, list[float]] = {}
    for _ in range(options.turns):
        for name, run in (
            ("by hand", lambda: run_by_hand(teacher, student, data, options)),
            ("hodu, live teacher", lambda: run_hodu(teacher, student, data, options, "all")),
            ("hodu, masked positions only", lambda: run_hodu(teacher, student, data, options, "labelled")),
        ):
            rates.setdefault(name, []).append(run().rate(options))
    best = median(rates["by hand"])
    command, machine = shlex.join(["python", *sys.argv]), f"{hardware()}, {options.threads} threads"
    stamp = (
        0,
        command,
        f"random rows of {options.length}, batch {options.batch}, {options.vocabulary} pieces",
        machine,
        commit(),
        today(),
    )
    lines = []
    for name, values in rates.items():
        rate = median(values)
        print(f"  {name:28s} {rate:9,.0f} tokens/s  {rate / best:5.2f}x  ({min(values):,.0f} to {max(values):,.0f})")
        system = f"bert {options.teacher} to {options.student}: vocabulary: {name}"
        lines.append(Row(options.table, system, "tokens_per_second", rate, "tokens/s", *stamp))
        lines.append(Row(options.table, system, "ratio_to_best_other", rate / best, "ratio", *stamp))
        if name in memory:
            lines.append(Row(options.table, system, "loss_memory_mb", memory[name], "MB", *stamp))
    append_rows(Path("results") / f"{options.table}.json", lines)
    if options.table == "step":
        plot(Path("results") / "step.json", Path("docs") / "step.png")


if __name__ == "__main__":
    main()
