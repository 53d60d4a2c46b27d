"""Questions of other kinds than the 200, by `hodu ask`: who, where, of what and what for, and as many that the graph does not answer; rows in results/knowledge-other.json.

    python benchmarks/knowledge_other.py runs/knowledge-world-world-{seed}-teacher runs/knowledge-world-world-{seed}-student --seeds 0 1 2 3 4

Of the 160, half were there when the rules for what is asked for were made ("first"), half were written after ("later"), and no rule was changed for them. The readers have learnt the founding kind of question alone. "No question words": the same graph
without the words by which its classes and relations are asked for. Right is whatever the graph says by the relation that is asked for; of what it does not say, "I don't know".
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pyoxigraph

from hodu.demo.world import GRAPH_FILE, OtherQuestion, read_other_questions
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.opening import open_compiled
from hodu.knowledge.vocabulary import QUESTION_WORD
from hodu.models.load import Loaded

sys.path.insert(0, str(Path(__file__).parent))
from knowledge_ask import asked, measure


def right_answers(graph: CompiledGraph, question: OtherQuestion) -> frozenset[str]:
    """What the question's thing is related to by one of its relations, in either direction."""
    if question["thing"] is None:
        return frozenset()
    wanted = {number for number, relation in enumerate(graph.relations) if relation.id in question["relations"]}
    wanted |= {graph.inverses[number] for number in wanted if number in graph.inverses}
    thing = graph.id_of(question["thing"])
    return frozenset(
        graph.iri(int(other))
        for edges in (graph.outgoing(thing), graph.incoming(thing))
        for relation, other in zip(edges.relation, edges.other, strict=True)
        if int(relation) in wanted
    )


def without_question_words() -> Path:
    """The built-in graph as it would be if nobody had said by which words it is asked."""
    out = Path("runs/world-without-question-words.nt")
    out.parent.mkdir(exist_ok=True)
    facts = pyoxigraph.parse(path=str(GRAPH_FILE), format=pyoxigraph.RdfFormat.TURTLE)
    kept = (one.triple for one in facts if one.predicate.value != QUESTION_WORD)
    pyoxigraph.serialize(kept, output=str(out), format=pyoxigraph.RdfFormat.N_TRIPLES)
    return out


def answered(model: Loaded, graph: Path, questions: Sequence[OtherQuestion]) -> dict[str, float]:
    """The shares that are answered rightly, and not at all."""
    compiled = open_compiled(graph, progress=False)
    return asked(model, graph, [one["text"] for one in questions], [right_answers(compiled, one) for one in questions])


def conditions(model: Loaded) -> dict[str, dict[str, float]]:
    """Both halves, what the graph answers and what it does not, with question words and without."""
    graphs = {"": GRAPH_FILE, ", no question words": without_question_words()}
    found: dict[str, dict[str, float]] = {}
    for half, later in (("first", False), ("later", True)):
        for kind, known in (("in the graph", True), ("not in the graph", False)):
            some = [one for one in read_other_questions() if one["later"] == later and bool(one["thing"]) == known]
            for words, graph in graphs.items():
                found[f"{half}, {kind}{words}"] = answered(model, graph, some)
    return found


if __name__ == "__main__":
    measure("knowledge-other", "the built-in world's 160 other questions", "first, in the graph", conditions)
