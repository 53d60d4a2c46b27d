"""How long building and checking a generated graph takes, and how much memory; rows in results/graph-speed.json with --json.

    python benchmarks/graph_check.py --facts 1000000 --json results/graph-speed.json

A fifth as many entities as facts, labelled in Korean and English, of 50 classes; 30 relations with domain, range and sentences; a tenth of the facts weighed; one mistake of each of four kinds, which
the check must find.
"""

from __future__ import annotations

import argparse
import random
import resource
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hodu.knowledge import KnowledgeGraph, build, check

HEADER = """@prefix e: <urn:hodu:entity:> .
@prefix r: <urn:hodu:relation:> .
@prefix c: <urn:hodu:class:> .
@prefix hodu: <urn:hodu:> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
c:top a rdfs:Class ; skos:prefLabel "thing"@en .
"""
MISTAKES = """e:lost r:r1 e:e1 .
c:top rdfs:subClassOf c:c0 .
e:e2 skos:prefLabel "another name"@en .
e:alone a c:c1 ; skos:prefLabel "alone"@en .
"""
EXPECTED = {"entity-label", "domain", "circle", "two-preferred-labels", "islands"}


def turtle(facts: int, seed: int = 0) -> Iterator[str]:
    """The graph, line by line."""
    dice, entities = random.Random(seed), facts // 5
    yield HEADER
    for number in range(50):
        yield f'c:c{number} a rdfs:Class ; rdfs:subClassOf c:top ; skos:prefLabel "class {number}"@en, "갈래 {number}"@ko .\n'
    for number in range(30):
        yield (
            f'r:r{number} a rdf:Property ; skos:prefLabel "relates {number}"@en, "관계 {number}"@ko ; rdfs:domain c:top ; rdfs:range c:top ;'
            f' hodu:template "{{subject}} relates {number} {{object}}"@en, "{{subject}}은(는) {{object}}에 쓰인다"@ko .\n'
        )
    for number in range(entities):
        yield f'e:e{number} a c:c{dice.randrange(50)} ; skos:prefLabel "concept {number}"@en, "개념 {number}"@ko ; r:r0 e:e{(number + 1) % entities} .\n'
    for _ in range(facts - entities):
        weight = f" {{| hodu:weight 0.{dice.randrange(1, 10)} |}}" if dice.random() < 0.1 else ""
        yield f"e:e{dice.randrange(entities)} r:r{dice.randrange(1, 30)} e:e{dice.randrange(entities)}{weight} .\n"
    yield MISTAKES


def measure(facts: int, folder: Path) -> dict[str, float]:
    """Seconds and megabytes."""
    source = folder / "generated.ttl"
    with source.open("w", encoding="utf-8") as file:
        file.writelines(turtle(facts))
    began = time.perf_counter()
    build([source], folder / "graph")
    built = time.perf_counter() - began
    with KnowledgeGraph.open(folder / "graph", read_only=True) as graph:
        report = check(graph)
    missed = EXPECTED - {one.check for one in report.findings}
    if missed:
        sys.exit(f"the check missed {', '.join(sorted(missed))}")
    size = sum(path.stat().st_size for path in (folder / "graph").rglob("*"))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"build_seconds": built, "check_seconds": report.seconds, "size_bytes": size, "peak_memory_bytes": memory}


def main() -> None:
    """Measure, print, and append rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(asked.facts, Path(folder))
    for metric, value in figures.items():
        print(f"{metric:<18} {value:,.1f}")
    if asked.json is not None:
        from hodu.measuring.environment import commit, hardware, today
        from hodu.measuring.rows import Row, append_rows

        def row(metric: str, value: float) -> Row:
            unit = "bytes" if metric.endswith("bytes") else "s"
            command, data = shlex.join(["python", *sys.argv]), f"generated, {asked.facts:,} facts"
            return Row(
                "graph-speed", "hodu graph", metric, value, unit, 0, command, data, hardware(), commit(), today()
            )

        append_rows(asked.json, [row(metric, value) for metric, value in figures.items()])


if __name__ == "__main__":
    main()
