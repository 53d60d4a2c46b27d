"""Tiny models of every head, saved as users have them, each exported once for all tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch

pytest.importorskip("onnxscript", reason="the extra hodu[phone] is not installed")
pytest.importorskip("pyoxigraph", reason="the extra hodu[knowledge] is not installed")

from hodu.exporting.onnx import check_exportable, to_onnx
from hodu.knowledge.compile import compile_graph
from hodu.models.facts import read_facts
from hodu.models.load import Loaded, load_model
from hodu.models.pooling import Pooling, pool_by, write_pooling
from hodu.models.scratch import new_bert, new_gpt2
from hodu.types import TOKENS, FactSettings, Task
from tests.knowledge.conftest import small_world
from tests.training.conftest import sentences

TEXTS = [text for text, _ in sentences()]
GRAPH_TEXTS = [
    "She dug the ground to plant flowers with a trowel",
    "꽃을 심으려고 땅을 팠다 모종삽 굴착기 집을 짓다",
    "is used for 1 2 3 excavator dig build a house",
]
LABELS: dict[Task, tuple[str, ...]] = {
    "classification": ("neg", "pos", "<b>so so</b>"),
    "multilabel": ("food", "도구", "film"),
    "token-classification": ("O", "B-thing", "I-thing"),
}
WITH_FACTS: tuple[Task, ...] = ("classification", "multiple-choice", "question-answering")

Save = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def save(tmp_path_factory: pytest.TempPathFactory) -> Save:
    """A function that saves a random model for a task, with or without facts, its answers spread wide."""

    def saved(task: Task, facts: FactSettings | None = None, name: str | None = None) -> Path:
        torch.manual_seed(0)
        texts = (TEXTS + GRAPH_TEXTS) * 2
        if task == "causal-lm":
            made = new_gpt2("1x32", texts, vocabulary=300, max_length=96)
        else:
            made = new_bert("1x32", texts, vocabulary=200, task=task, labels=LABELS.get(task, ()), max_length=96)
        with torch.no_grad():
            for weight in made.model.parameters():
                if weight.dim() > 1:
                    weight.mul_(4)
            if hasattr(made.model, "classifier"):
                made.model.classifier.weight.mul_(5)
        if facts is not None:
            read_facts(made.model, facts)
        if task == "sentence-embedding":
            pool_by(made.model, Pooling("cls"))
        folder = tmp_path_factory.mktemp("models") / (name or task)
        made.model.save_pretrained(folder)
        write_pooling(folder, made.model, made.tokenizer)
        made.tokenizer.save_pretrained(folder)
        return folder

    return saved


@pytest.fixture(scope="session")
def models(save: Save) -> Callable[[Task], Loaded]:
    """The model of a task, loaded; those of :data:`WITH_FACTS` read facts by the star, the classifier with a bias as one that was trained without facts before."""

    def made(task: Task) -> Loaded:
        bias = -1.0 if task == "classification" else None
        facts = FactSettings(tokens=48, slots=task not in TOKENS, bias=bias)
        return load_model(save(task, facts if task in WITH_FACTS else None))

    return cache(made)


@pytest.fixture(scope="session")
def graphs(models: Callable[[Task], Loaded]) -> Callable[[Task], object]:
    """The model of a task as an ONNX graph."""
    return cache(lambda task: to_onnx(models(task), check_exportable(models(task))))


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts to compare on, without labels."""
    file = tmp_path_factory.mktemp("data") / "few.txt"
    file.write_text("\n".join(TEXTS[::4]), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled graph of digging."""
    file = tmp_path_factory.mktemp("graph") / "world.hodu"
    compile_graph(small_world(), file, progress=False)
    return file
