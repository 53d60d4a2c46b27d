"""Speed of a compiled graph on one thread: compile, open, link, select; rows in results/graph-speed.json with --json.

    python benchmarks/graph_speed.py --json results/graph-speed.json

The graph is generated: 200,000 entities with a Korean and every fifth with an English label (one in ten Korean labels a verb), a million triples, hubs by Zipf's law. Sentences are generated from its
labels with particles and endings, and from words that it does not have. Linking, sentence by sentence and many at once, is timed beside the bare automaton of the same surfaces on the same folded
sentences, in turns; what is found is dropped, as training drops it.
"""

from __future__ import annotations

import argparse
import random
import resource
import shlex
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.link import link, link_all
from hodu.knowledge.select import select
from hodu.knowledge.surfaces import fold
from hodu.knowledge.types import Label, Relation, Triple

SYLLABLES = "가거고구그기나너노누느니다더도두드디라러로루르리마머모무므미바버보부비사서소수스시아어오우이자저조주지차처초추치카코타토파포하허호후강공국군길남당동말물문발밭산상선성손솔술신안연영원인일임장전정종진천철칼콩탕판평풍한향현황"
PARTICLES = ("은", "를", "에서", "으로", "까지", "가", "")
ONSETS, NUCLEI, CODAS = (
    ["b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "w", "st", "tr", "pl"],
    ["a", "e", "i", "o", "u", "ea", "ou"],
    ["n", "r", "t", "l", "ck", "nd", "sh", "m", "x"],
)
RELATIONS = 20


class Generated:
    """A graph of random labels and edges that says itself as a `KnowledgeGraph` does."""

    def __init__(self, entities: int, triples: int) -> None:
        self.dice = random.Random(0)
        self.korean = [self._korean(number) for number in range(entities)]
        self.english = {number: self._english() for number in range(0, entities, 5)}
        numbers = np.random.default_rng(0)
        heads = (entities * numbers.random(triples * 6 // 5) ** 2.5).astype(np.int64)  # hubs: P(rank) ~ rank^-0.6
        edges = (heads * RELATIONS + numbers.integers(0, RELATIONS, len(heads))) * entities
        edges = numbers.permutation(np.unique(edges + numbers.integers(0, entities, len(heads))))[:triples]
        self.rows = [
            one.tolist() for one in (edges // entities // RELATIONS, edges // entities % RELATIONS, edges % entities)
        ]

    def _korean(self, number: int) -> str:
        name = "".join(self.dice.choices(SYLLABLES, k=self.dice.randint(2, 4)))
        return f"{name}하다" if number % 10 == 0 else name

    def _english(self) -> str:
        return " ".join(
            "".join(map(self.dice.choice, (ONSETS, NUCLEI, ONSETS, NUCLEI, CODAS)))
            for _ in range(self.dice.randint(1, 2))
        )

    def entities(self) -> Iterator[str]:
        """All IRIs."""
        return (f"urn:hodu:entity:{number}" for number in range(len(self.korean)))

    def relations(self) -> Iterator[Relation]:
        """All relations."""
        for number in range(RELATIONS):
            template = {"ko": "{subject}은(는) {object}에 쓰인다", "en": "{subject} is used for {object}"}
            yield Relation(
                f"urn:hodu:relation:{number}", (Label(f"r{number}", "en", True),), template, None, None, None, False
            )

    def triples(self) -> Iterator[Triple]:
        """All edges."""
        for subject, relation, other in zip(*self.rows, strict=True):
            yield Triple(f"urn:hodu:entity:{subject}", f"urn:hodu:relation:{relation}", f"urn:hodu:entity:{other}")

    def all_labels(self) -> Iterator[tuple[str, Label]]:
        """All labels."""
        for number, text in enumerate(self.korean):
            yield f"urn:hodu:entity:{number}", Label(text, "ko", True)
        for number, text in self.english.items():
            yield f"urn:hodu:entity:{number}", Label(text, "en", True)

    def all_classes(self) -> Iterator[tuple[str, str]]:
        """A class for each entity."""
        return ((f"urn:hodu:entity:{number}", f"urn:hodu:class:{number % 50}") for number in range(len(self.korean)))

    def question_words(self) -> Iterator[tuple[str, Label]]:
        """None."""
        yield from ()

    def subclasses(self) -> Iterator[tuple[str, str]]:
        """None."""
        yield from ()

    def labels_of(self, ids: Sequence[str]) -> dict[str, tuple[Label, ...]]:
        """None, as nothing has question words."""
        return {}

    def sentences(self, count: int) -> list[str]:
        """Half Korean, half English: two or three mentions among words that are no labels."""
        said, dice = [], self.dice
        korean_words = ["".join(dice.choices(SYLLABLES, k=3)) for _ in range(2000)]
        english_words = [self._english() for _ in range(2000)]
        names = list(self.english.values())
        for number in range(count):
            if number % 2:
                words = dice.choices(english_words, k=6)
                words[1], words[4] = dice.choices(names, k=2)
                said.append(f"{' '.join(words).capitalize()}.")
            else:
                words = dice.choices(korean_words, k=5)
                for place in (0, 2, 3)[: dice.randint(2, 3)]:
                    name = dice.choice(self.korean)
                    words[place] = f"{name[:-2]}했다" if name.endswith("하다") else name + dice.choice(PARTICLES)
                said.append(f"{' '.join(words)}.")
        return said


def seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor that a piece of work takes: on one thread without waiting the time on the wall, and on a busy machine not the neighbours'."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    """Measure and print, and append the rows where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--entities", type=int, default=200_000)
    parser.add_argument("--triples", type=int, default=1_000_000)
    parser.add_argument("--sentences", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json", type=Path, help="append the rows to this file")
    options = parser.parse_args()
    graph = Generated(options.entities, options.triples)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.hodu"
        found = {"compile_seconds": (seconds(lambda: compile_graph(graph, path, progress=False)), "s")}
        found["size_bytes"] = (float(path.stat().st_size), "bytes")
        found["open_ms"] = (1000 * median(seconds(lambda: CompiledGraph.open(path)) for _ in range(9)), "ms")
        compiled = CompiledGraph.open(path)
        found["automaton_seconds"] = (seconds(lambda: compiled.linker), "s")
        found |= rates(compiled, graph.sentences(options.sentences), options.turns)
    found["peak_memory_bytes"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0, "bytes")
    from hodu.measuring import Row, append_rows, commit, hardware  # they load torch, which the peak must not hold
    from hodu.measuring.environment import today

    stamp = (
        None,
        shlex.join(["python", *sys.argv]),
        f"generated, {options.triples:,} triples, {options.entities:,} entities",
    )
    rows = []
    for metric, (value, unit) in found.items():
        print(f"{metric:32s} {value:16,.3f} {unit}")
        rows.append(
            Row("graph-speed", "hodu", metric, value, unit, *stamp, f"{hardware()}, 1 thread", commit(), today())
        )
    if options.json:
        append_rows(options.json, rows)


def drop(work: Callable[[], Iterator[object]]) -> None:
    """Does the work and keeps nothing of it."""
    deque(work(), maxlen=0)


def rates(graph: CompiledGraph, sentences: list[str], turns: int) -> dict[str, tuple[float, str]]:
    """Sentences a second of the bare automaton, of linking, and of selecting: medians of turns."""
    folded = [f" {fold(text)} " for text in sentences]
    mentions = [link(graph, text) for text in sentences]
    find = graph.linker.find
    works: dict[str, Callable[[], Iterator[object]]] = {
        "automaton": lambda: (find(text, overlapping=True) for text in folded),
        "link": lambda: (link(graph, text) for text in sentences),
        "link_all": lambda: link_all(graph, sentences),
        "select": lambda: (select(graph, found) for found in mentions[:4000]),
    }
    amounts = {"select": min(4000, len(mentions))}
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(turns):
        for name, work in works.items():
            times[name].append(seconds(partial(drop, work)))
    found = {
        f"{name}_sentences_per_second": (amounts.get(name, len(sentences)) / median(taken), "sentences/s")
        for name, taken in times.items()
    }
    bare = median(times["automaton"])
    found |= {f"{name}_times_the_automaton": (median(times[name]) / bare, "x") for name in ("link", "link_all")}
    found["mentions_per_sentence"] = (sum(map(len, mentions)) / len(mentions), "mentions")
    return found


if __name__ == "__main__":
    main()
