"""The demo's second part, the founding question: a model that reads the built-in graph is trained on other doings and tools, asked, asked again after an edit of the graph, and put into a bundle for phones."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from hodu.asking import Answer, ask
from hodu.demo.world import GRAPH_FILE, NAMESPACE, training_data, training_graph
from hodu.exporting.export import Exported, export
from hodu.knowledge import KnowledgeGraph
from hodu.models.load import load_model
from hodu.training import train
from hodu.types import FactSettings

logger = logging.getLogger("hodu")

QUESTIONS = (
    "꽃을 심으려고 땅을 팠다. 무슨 도구로 팠을까?",
    "집을 지으려고 땅을 팠다. 무슨 도구로 팠을까?",
    "They dug the ground to plant flowers. What did they dig it with?",
    "They dug the ground to build a house. What did they dig it with?",
)
ONE_MORE = "통나무집을 세우려고 나무를 잘랐다. 무엇으로 잘랐을까?"
_TROWEL, _SPADE, _FLOWERS, _PURPOSE = (
    NAMESPACE + name for name in ("trowel", "spade", "plant-flowers", "toolForPurpose")
)


@dataclass(frozen=True)
class Founding:
    """The model, the graph as it was edited, the answers before and after, and the bundle (of the graph before)."""

    reader: Path
    graph: Path
    answers: tuple[Answer, ...]
    edited: tuple[Answer, ...]
    bundle: Exported


def founding(out: Path, *, progress: bool = True) -> Founding:
    """Train, ask, edit, ask, export: ``out/reader``, ``out/world.ttl`` and ``out/bundle``; what stands there of an earlier demo goes."""
    for left in ("reader", "reader.training", "bundle"):
        shutil.rmtree(out / left, ignore_errors=True)
    logger.info(
        "5 of 6: a model of 3 layers x 96, from scratch, that reads the graph of everyday things beside questions"
    )
    reader, graph = _reader(out, progress), out / "world.ttl"
    shutil.copyfile(GRAPH_FILE, graph)
    model = load_model(reader)
    before = tuple(ask(model, graph, one) for one in QUESTIONS)
    with KnowledgeGraph.open(graph) as opened:
        edit(opened)
    edited = tuple(ask(model, graph, one.question) for one in before if _means(one, _FLOWERS))
    logger.info("6 of 6: this model and its graph as a folder for phones")
    bundle = export(reader, out / "bundle", graph=GRAPH_FILE)
    return Founding(reader, graph, before, edited, bundle)


def edit(graph: KnowledgeGraph) -> None:
    """Flowers are planted with a spade, and no longer with a trowel."""
    graph.remove(_TROWEL, _PURPOSE, _FLOWERS)
    graph.add(_SPADE, _PURPOSE, _FLOWERS)


def _reader(out: Path, progress: bool) -> Path:
    """A model that was trained to read facts, with questions and a graph of other doings, purposes and tools than it is asked about."""
    return train(
        "3x96",
        training_data(3000, choices=5),
        out / "reader",
        epochs=1,  # redrawn rows that come again would be learnt by heart
        batch_size=8,
        learning_rate=1e-3,
        dropout=0,
        vocabulary=1500,
        graph=training_graph(out / "world-for-training.ttl"),
        facts=FactSettings("star", tokens=96, slots=True),
        redraw=5,
        distractors=4,
        progress=progress,
    )


def _means(answer: Answer, id: str) -> bool:
    entity = answer.graph.id_of(id)
    return any(one.entity == entity for mention in answer.mentions for one in mention.candidates)
