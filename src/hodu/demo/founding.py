"""The founding question: a model that reads the built-in graph is trained on other doings and tools, asked, asked again after one fact was edited, and put into a bundle for phones."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from hodu.asking import Answer, ask
from hodu.demo.world import GRAPH_FILE, training_data
from hodu.exporting.export import Exported, export
from hodu.knowledge import KnowledgeGraph
from hodu.training import train
from hodu.types import FactSettings

logger = logging.getLogger("hodu")

QUESTIONS = (
    "꽃을 심으려고 땅을 팠다. 무슨 도구로 팠을까?",
    "집을 지으려고 땅을 팠다. 무슨 도구로 팠을까?",
    "They dug the ground to plant flowers. What did they dig it with?",
    "They dug the ground to build a house. What did they dig it with?",
)
_TROWEL, _SPADE, _FLOWERS = (f"urn:hodu:world:{name}" for name in ("trowel", "spade", "plant-flowers"))
_PURPOSE = "urn:hodu:world:toolForPurpose"


@dataclass(frozen=True)
class Founding:
    """The model, the graph as it was edited, the answers before and after, and the bundle (without the edit)."""

    reader: Path
    graph: Path
    answers: tuple[Answer, ...]
    edited: tuple[Answer, ...]
    bundle: Exported


def founding(out: Path, *, progress: bool = True) -> Founding:
    """Train, ask, edit, ask, export: ``out/reader``, ``out/world.ttl`` and ``out/bundle``."""
    reader, graph = _reader(out / "reader", progress), out / "world.ttl"
    shutil.copyfile(GRAPH_FILE, graph)
    before = tuple(ask(reader, graph, one) for one in QUESTIONS)
    with KnowledgeGraph.open(graph) as opened:
        opened.remove(_TROWEL, _PURPOSE, _FLOWERS)
        opened.add(_SPADE, _PURPOSE, _FLOWERS)
    about_flowers = [one.question for one in before if _means(one, _FLOWERS)]
    edited = tuple(ask(reader, graph, one) for one in about_flowers)
    logger.info("6 of 6: this model and its graph as a folder for phones")
    bundle = export(reader, out / "bundle", graph=GRAPH_FILE, overwrite=True)
    return Founding(reader, graph, before, edited, bundle)


def _reader(out: Path, progress: bool) -> Path:
    """A model that was trained to read facts, on questions about other doings and tools."""
    return train(
        "3x96",
        training_data(1500),
        out,
        epochs=3,
        learning_rate=1e-3,
        graph=GRAPH_FILE,
        facts=FactSettings("star", tokens=80, slots=True),
        redraw=1,
        progress=progress,
    )


def _means(answer: Answer, id: str) -> bool:
    entity = answer.graph.id_of(id)
    return any(one.entity == entity for mention in answer.mentions for one in mention.candidates)
