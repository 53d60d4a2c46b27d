"""A graph becomes one read-only file: arrays of edges both ways, labels, classes, templates, surface forms."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from rich.progress import Progress

from hodu.errors import DataError, OutputError
from hodu.knowledge import layout, question_words
from hodu.knowledge.compiled import ANY, CompiledGraph
from hodu.knowledge.endings import TAILS, tails
from hodu.knowledge.surfaces import QUALITIES, surfaces
from hodu.knowledge.types import Label, Relation, Triple

REVISION = 3
"""Raised when the same graph compiles to something else than before, such as more forms of a word: what a cache keeps is made anew then."""

Array = np.ndarray[Any, Any]


class Source(Protocol):
    """What compiling needs of a graph; `KnowledgeGraph` has it."""

    def entities(self) -> Iterable[str]: ...  # noqa: D102
    def relations(self) -> Iterable[Relation]: ...  # noqa: D102
    def triples(self) -> Iterable[Triple]: ...  # noqa: D102
    def all_labels(self) -> Iterable[tuple[str, Label]]: ...  # noqa: D102
    def all_classes(self) -> Iterable[tuple[str, str]]: ...  # noqa: D102
    def question_words(self) -> Iterable[tuple[str, Label]]: ...  # noqa: D102
    def subclasses(self) -> Iterable[tuple[str, str]]: ...  # noqa: D102
    def labels_of(self, ids: Sequence[str]) -> Mapping[str, Sequence[Label]]: ...  # noqa: D102


def _may_write(out: Path) -> None:
    """A compiled graph is made anew whenever its source changes; nothing else is replaced."""
    if out.exists() and not (out.is_file() and (not out.stat().st_size or _begins(out) == layout.MAGIC)):
        raise OutputError(f"{out} is there already and is no compiled graph; choose another --out")


def _begins(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(len(layout.MAGIC))


def compile_graph(
    graph: Source, out: str | Path, *, languages: Sequence[str] = ("ko", "en"), progress: bool = True
) -> CompiledGraph:
    """Writes the compiled file, whole or not at all, and opens it. The same graph gives the same bytes, in whatever order it says its triples.

    Args:
        languages: those that get a preferred label each; of entities without either, the first label in another language is kept.

    Raises:
        DataError: an edge has no finite weight.
        OutputError: the file cannot be written, or another one than a compiled graph stands there.
    """
    _may_write(Path(out))
    with Progress(transient=True, disable=not progress) as bar:
        steps = bar.add_task("entities", total=5)

        def said(what: str) -> None:
            bar.update(steps, description=what, advance=1)

        iris = sorted(set(graph.entities()), key=str.encode)
        ids = {iri: number for number, iri in enumerate(iris)}
        relations = sorted(graph.relations(), key=lambda relation: relation.id)
        said("edges")
        edges, relations = _edges(graph, ids, relations)
        sections: dict[str, Array | bytes] = dict(_strings("iri_places", "iris", iris))
        sections |= _rows("out", edges, len(iris)) | _rows("in", edges[[2, 1, 0, 3]], len(iris))
        said("labels")
        labels = _labels(graph, ids)
        for language in (*languages, ANY):
            texts = [_preferred(named, language, languages) for named in labels]
            sections |= _strings(f"label_places_{language}", f"labels_{language}", texts)
        said("classes")
        sections_of_classes, classes = _classes(graph, ids)
        sections |= sections_of_classes
        said("surface forms")
        degree = np.bincount(np.concatenate([edges[0], edges[2]]).astype(np.int64), minlength=len(iris))
        sections |= _surfaces(labels, degree)
        sections["tails"] = _tails()
        said("writing")
        header = {
            "languages": list(languages),
            "classes": classes,
            "asking": question_words.stored(graph, classes, [relation.id for relation in relations]),
            "triples": int(edges.shape[1]),
            "relations": [_stored(relation) for relation in relations],
        }
        layout.write(Path(out), header, sections)
    return CompiledGraph.open(out)


def _tails() -> bytes:
    """For readers without this package, as the phone: each class's number, a tab, its tails."""
    return "\n".join(f"{number}\t{' '.join(sorted(tails()[name]))}" for number, name in enumerate(TAILS)).encode()


def _stored(relation: Relation) -> dict[str, Any]:
    labels = [[label.text, label.language, label.preferred] for label in relation.labels]
    return {**{**asdict(relation), "templates": dict(relation.templates)}, "labels": labels}


def _edges(graph: Source, ids: dict[str, int], relations: list[Relation]) -> tuple[Array, list[Relation]]:
    """Subject, relation, object and weight of each edge as rows of one array; of an edge given twice the heavier one. Relations without a description get a bare one."""
    numbers = {relation.id: number for number, relation in enumerate(relations)}
    columns = (array("d"), array("d"), array("d"), array("d"))
    for one in graph.triples():
        if not math.isfinite(one.weight):
            raise DataError(
                f"the edge {one.subject} {one.relation} {one.object} has the weight {one.weight}; expected a finite number"
            )
        for column, value in zip(
            columns,
            (ids[one.subject], numbers.setdefault(one.relation, len(numbers)), ids[one.object], one.weight),
            strict=True,
        ):
            column.append(value)
    bare = [Relation(name, (), {}, None, None, None, False) for name in list(numbers)[len(relations) :]]
    everything = [*relations, *bare]
    order = sorted(range(len(everything)), key=lambda number: everything[number].id)
    renumbered = np.empty(max(len(order), 1))
    renumbered[order] = np.arange(len(order))
    edges = np.array([np.frombuffer(column) for column in columns]) if len(columns[0]) else np.zeros((4, 0))
    edges[1] = renumbered[edges[1].astype(np.int64)]
    edges = edges[:, np.lexsort((-edges[3], edges[1], edges[2], edges[0]))]
    new = np.ones(edges.shape[1], dtype=bool)
    new[1:] = (edges[:3, 1:] != edges[:3, :-1]).any(axis=0)
    return edges[:, new], [everything[number] for number in order]


def _rows(way: str, edges: Array, entities: int) -> dict[str, Array]:
    """Edges by their first row: where each entity's begin, and the columns, sorted by the other end and then by relation."""
    edges = edges[:, np.lexsort((edges[1], edges[2], edges[0]))]
    starts = np.zeros(entities + 1, dtype=np.uint32)
    np.cumsum(np.bincount(edges[0].astype(np.int64), minlength=entities), out=starts[1:])
    relations = int(edges[1].max(initial=0))
    kind = np.uint8 if relations < 256 else np.uint16 if relations < 65536 else np.uint32
    found = {
        f"{way}_starts": starts,
        f"{way}_relation": edges[1].astype(kind),
        f"{way}_other": edges[2].astype(np.int32),
    }
    if (edges[3] != 1.0).any():
        found[f"{way}_weight"] = edges[3].astype(np.float32)
    return found


def _strings(places: str, name: str, texts: Iterable[str]) -> dict[str, Array | bytes]:
    encoded = [text.encode("utf-8", "replace") for text in texts]
    starts = np.zeros(len(encoded) + 1, dtype=np.uint32)
    np.cumsum([len(one) for one in encoded], out=starts[1:])
    return {places: starts, name: b"".join(encoded)}


def _labels(graph: Source, ids: dict[str, int]) -> list[list[Label]]:
    """The labels of each entity, preferred ones first, then by language and text."""
    labels: list[list[Label]] = [[] for _ in ids]
    for iri, label in graph.all_labels():
        if (number := ids.get(iri)) is not None:  # relations and classes have labels too
            labels[number].append(label)
    for named in labels:
        named.sort(key=lambda label: (not label.preferred, label.language, label.text))
    return labels


def _preferred(labels: list[Label], language: str, languages: Sequence[str]) -> str:
    if language == ANY:
        covered = any(label.language in languages for label in labels)
        return "" if covered or not labels else labels[0].text
    return next((label.text for label in labels if label.language == language), "")


def _classes(graph: Source, ids: dict[str, int]) -> tuple[dict[str, Array | bytes], list[str]]:
    pairs = sorted({(ids[iri], name) for iri, name in graph.all_classes() if iri in ids})
    names = sorted({name for _, name in pairs})
    numbers = {name: number for number, name in enumerate(names)}
    starts = np.zeros(len(ids) + 1, dtype=np.uint32)
    np.cumsum(
        np.bincount([entity for entity, _ in pairs] or [0], minlength=max(len(ids), 1))[: len(ids)]
        if pairs
        else np.zeros(len(ids), dtype=np.int64),
        out=starts[1:],
    )
    return {
        "class_starts": starts,
        "class_of": np.array(
            [numbers[name] for _, name in pairs], dtype=np.uint16 if len(names) < 65536 else np.uint32
        ),
    }, names


def _surfaces(labels: list[list[Label]], degree: Array) -> dict[str, Array | bytes]:
    """All surfaces, sorted, and of each the entities it may mean, best first: by quality, then by number of edges, then by number."""
    known: dict[str, int] = {}
    rows: dict[tuple[int, int, int], int] = {}
    for entity, named in enumerate(labels):
        for label in named:
            for one in surfaces(label):
                key = (known.setdefault(one.text, len(known)), entity, one.tails)
                rows[key] = min(one.reason, rows.get(key, one.reason))
    texts = sorted(known)
    place = np.empty(len(texts), dtype=np.int64)
    place[[known[text] for text in texts]] = np.arange(len(texts))
    table = np.array([(*key, reason) for key, reason in rows.items()], dtype=np.int64).reshape(-1, 4)
    surface, entity, kind, reason = place[table[:, 0]] if len(table) else table[:, 0], *table[:, 1:].T
    weight = np.log1p(degree[entity])
    score = np.array(QUALITIES)[reason] * (0.8 + 0.2 * weight / max(float(weight.max(initial=0)), 1.0))
    order = np.lexsort((kind, entity, -score, surface))
    starts = np.zeros(len(texts) + 1, dtype=np.uint32)
    np.cumsum(np.bincount(surface, minlength=len(texts)), out=starts[1:])
    return {
        "surfaces": "\n".join(texts).encode(),
        "entry_starts": starts,
        "entry_entity": entity[order].astype(np.int32),
        "entry_tails": kind[order].astype(np.uint8),
        "entry_reason": reason[order].astype(np.uint8),
        "entry_score": score[order].astype(np.float32),
    }
