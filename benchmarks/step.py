"""Training speed: real tokens a second of hodu, of TextBrewer and of the loop people write by hand, in the same minutes; rows in results/step.json.

    pip install --no-deps textbrewer
    python benchmarks/step.py ../shared/data/sst2

The systems take turns, so that a busy machine slows all of them; each figure is the median of the turns. Before anything is timed, the three losses of one batch are
compared: they must agree to four digits.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import torch
from datasets import Dataset
from loops import Losses, Stopwatch, Work, run_by_hand, run_hodu, run_textbrewer, textbrewer_distiller
from torch import nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    GPT2Config,
    GPT2ForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from hodu.data import collate, load, tokenise
from hodu.measuring import Row, append_rows, commit, hardware
from hodu.measuring.environment import today
from hodu.models import build_student, parse_shape
from hodu.models.wordpiece import train_wordpiece
from hodu.training.distillation import Distillation, Teachers

WARM_UP = 5  # steps before the clock counts


def work(options: argparse.Namespace, objective: str) -> Work:
    """Models with random weights, the same ones for every system, and enough whole sentences."""
    steps = WARM_UP + options.steps + 1
    torch.manual_seed(0)
    rows, tokenizer = (random_rows if options.data == "random" else sentences)(options, steps * options.batch)
    layers, width = map(int, options.teacher.split("x"))
    pieces = max(len(tokenizer), options.vocabulary)
    teacher = (bert if options.family == "bert" else gpt2)(pieces, layers, width, tokenizer.pad_token_id).eval()
    heads = 12 if objective == "layers" else None
    shape = parse_shape(options.student, teacher.config, heads=heads)
    student = build_student(teacher, shape, "slice" if options.family == "bert" else "random", batches=None)
    for part in student.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return Work(teacher, student, objective, rows, collate(tokenizer), options.batch, steps)


def bert(vocabulary: int, layers: int, width: int, padding: int) -> PreTrainedModel:
    """A BERT with random weights."""
    sizes = {"hidden_size": width, "num_hidden_layers": layers, "intermediate_size": 4 * width}
    config = BertConfig(vocab_size=vocabulary, num_attention_heads=12, pad_token_id=padding, num_labels=2, **sizes)
    return BertForSequenceClassification(config)


def gpt2(vocabulary: int, layers: int, width: int, padding: int) -> PreTrainedModel:
    """A GPT-2 with random weights."""
    config = GPT2Config(
        vocab_size=vocabulary, n_embd=width, n_layer=layers, n_head=12, pad_token_id=padding, num_labels=2
    )
    return GPT2ForSequenceClassification(config)


def sentences(options: argparse.Namespace, count: int) -> tuple[Dataset, PreTrainedTokenizerBase]:
    """So many of the longer texts, and a tokenizer made from the data."""
    train = load(options.data).splits["train"]
    tokenizer = train_wordpiece(train["text"][:20000], vocabulary=options.vocabulary, max_length=128)
    long = train.filter(lambda text: len(text.split()) >= options.words, input_columns="text")
    encoded, _ = tokenise(long.shuffle(seed=0).select(range(count)).remove_columns("label"), tokenizer, max_length=128)
    return encoded, tokenizer


def random_rows(options: argparse.Namespace, count: int) -> tuple[Dataset, PreTrainedTokenizerBase]:
    """Random pieces in texts of 6 to 128 tokens, half of them longer than 22 as in SST-2's sentences: for machines without data."""
    tokenizer = train_wordpiece(["a few words"], vocabulary=100, max_length=128)
    lengths = (torch.randn(count) * 0.5 + 3.1).exp().round().clamp(6, 128).long().tolist()
    ids = [torch.randint(5, options.vocabulary, (length,)).tolist() for length in lengths]
    rows = {"input_ids": ids, "attention_mask": [[1] * length for length in lengths], "length": lengths}
    return Dataset.from_dict(rows), tokenizer


def with_textbrewer(objective: str) -> bool:
    """Whether TextBrewer is installed and has this objective."""
    return objective != "relations" and find_spec("textbrewer") is not None


def losses(job: Work) -> dict[str, float]:
    """Each system's loss of one batch of equal lengths (where a mean over tokens and over examples is the same number)."""
    lengths = torch.tensor(job.rows["length"][:])
    same = (lengths == lengths.mode().values).nonzero()[:8, 0].tolist()
    batch = job.collate([job.rows[place] for place in same])
    found = {}
    objectives = job.objectives()
    student = copy.deepcopy(job.student).train()
    module = Distillation(student, Teachers((job.teacher,)), objectives, [1.0] * len(objectives), "classification")
    with module.tapped(), torch.no_grad():
        found["hodu"] = float(module.train()(**batch)["loss"])
    teacher, student = copy.deepcopy(job.teacher), copy.deepcopy(job.student).train()
    by_hand = Losses(job, teacher, student)
    hidden = {"output_hidden_states": True} if by_hand.hidden else {}
    with torch.no_grad():
        said, mine = teacher(**batch, **hidden), student(**batch, **hidden)
        found["by hand"] = float(by_hand(mine, said, batch["attention_mask"]))
    if with_textbrewer(job.objective):
        teacher, student = copy.deepcopy(job.teacher), copy.deepcopy(job.student).train()
        with tempfile.TemporaryDirectory() as folder:
            distiller, _ = textbrewer_distiller(job, teacher, student, folder)
            found["TextBrewer"] = distiller.train_on_batch(batch, hidden)[0].item()
    return found


def add_options(parser: argparse.ArgumentParser) -> None:
    """The flags that benchmarks of the training step share."""
    parser.add_argument("data", help="labelled text, or random")
    parser.add_argument("--family", choices=["bert", "gpt2"], default="bert", help="gpt2 has soft targets only")
    parser.add_argument("--teacher", default="6x384")
    parser.add_argument("--student", default="3x192")
    parser.add_argument("--objectives", nargs="+", default=["soft", "layers", "relations"])
    parser.add_argument("--vocabulary", type=int, default=14000)
    parser.add_argument(
        "--words", type=int, default=8, help="shortest sentence, so that rows are sentences and not phrases"
    )
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())


def main() -> None:
    """Time every objective and append the rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    add_options(parser)
    parser.add_argument("--table", default="step")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    torch.set_num_threads(options.threads)
    systems: dict[str, Callable[[Work], Stopwatch]] = {
        "by hand": run_by_hand,
        "TextBrewer": run_textbrewer,
        "hodu, live teacher": partial(run_hodu, cached=False),
        "hodu, cached teacher": partial(run_hodu, cached=True),
    }
    with tempfile.TemporaryDirectory() as cache:
        os.environ["HODU_CACHE"] = cache
        for objective in options.objectives:
            job = work(options, objective)
            agree(losses(job), objective)
            rates: dict[str, list[float]] = {
                name: [] for name in systems if name != "TextBrewer" or with_textbrewer(objective)
            }
            for _ in range(options.turns):
                for name, found in rates.items():
                    found.append(systems[name](job).rate(WARM_UP))
            report(rates, options, objective)
            shutil.rmtree(cache, ignore_errors=True)
            Path(cache).mkdir()
    if options.table == "step":
        plot(Path("results") / "step.json", Path("docs") / "step.png")


def agree(found: dict[str, float], objective: str) -> None:
    """Stop unless all losses are one number."""
    print(f"{objective}: loss of one batch:", ", ".join(f"{name} {value:.6f}" for name, value in found.items()))
    if max(found.values()) - min(found.values()) > 1e-4 * max(found.values()):
        raise SystemExit("the systems do not compute the same loss, so their times cannot be compared")


def report(rates: dict[str, list[float]], options: argparse.Namespace, objective: str) -> None:
    """Print and store the medians, and their ratio to the faster of the others."""
    middle = {name: median(found) for name, found in rates.items()}
    best = max(rate for name, rate in middle.items() if not name.startswith("hodu"))
    models = f"{options.family} {options.teacher} to {options.student}"
    command, machine = shlex.join(["python", *sys.argv]), f"{hardware()}, {options.threads} threads"
    stamp = (0, command, f"{Path(options.data).name}, batch {options.batch}", machine, commit(), today())
    rows = []
    for name, rate in middle.items():
        print(
            f"  {name:22s} {rate:9,.0f} tokens/s  {rate / best:5.2f}x  ({min(rates[name]):,.0f} to {max(rates[name]):,.0f})"
        )
        system = f"{models}: {objective}: {name}"
        rows.append(Row(options.table, system, "tokens_per_second", rate, "tokens/s", *stamp))
        rows.append(Row(options.table, system, "ratio_to_best_other", rate / best, "ratio", *stamp))
    append_rows(Path("results") / f"{options.table}.json", rows)


def plot(path: Path, image: Path) -> None:
    """A group of bars for each pair of models and objective: how many times as fast as the faster of the others."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    found: dict[str, dict[str, float]] = {}
    for row in json.loads(path.read_text(encoding="utf-8")):
        if row["metric"] == "ratio_to_best_other":
            models, objective, name = row["system"].split(": ")
            found.setdefault(f"{models}\n{objective}", {})[name] = row["value"]
    names = ("by hand", "TextBrewer", "hodu, live teacher", "hodu, cached teacher")
    colors = ("#9a9a9a", "#c9c9c9", "#8fb58a", "#3f7d3a")
    figure, axes = pyplot.subplots(figsize=(10, 1.0 + 0.9 * len(found)), layout="constrained")
    for place, (name, color) in enumerate(zip(names, colors, strict=True)):
        there = [(at, values[name]) for at, values in enumerate(found.values()) if name in values]
        bars = axes.barh([at + 0.2 * place for at, _ in there], [value for _, value in there], 0.2, color=color)
        bars.set_label(name)
        axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=8)
    axes.set(yticks=[at + 0.3 for at in range(len(found))], yticklabels=list(found))
    axes.set_xlabel("real tokens a second, times the faster of the others")
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=len(names), frameon=False)
    figure.savefig(image, dpi=110)


if __name__ == "__main__":
    main()
