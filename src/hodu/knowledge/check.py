"""Checks a graph: hodu's own rules, and shapes that a user brings."""

from __future__ import annotations

import re
import time
from pathlib import Path

from pyoxigraph import NamedNode, Triple

from hodu.knowledge.ends import misfits
from hodu.knowledge.finding import Finding, Report, Severity, Tally
from hodu.knowledge.graph import KnowledgeGraph
from hodu.knowledge.rules import RULES, Rule
from hodu.knowledge.shapes import violations
from hodu.knowledge.stop_words import STOP_WORDS
from hodu.knowledge.structure import Islands, circles
from hodu.knowledge.terms import Row, Term, node
from hodu.knowledge.types import Relation
from hodu.knowledge.vocabulary import fault_of_label, name_in

Place = tuple[str, ...]
_FIELD = re.compile(r"\{([^{}]*)\}")


def check(graph: KnowledgeGraph, *, shapes: str | Path | None = None) -> Report:
    """Look for what is wrong in a graph, or will read badly.

    Args:
        shapes: a file of SHACL shapes, in Turtle or another RDF format.

    Raises:
        GraphError: the graph does not answer, or the shapes cannot be read.
    """
    began = time.perf_counter()
    report = Report(graph.name, relations=len(graph.schema.relations), classes=len(graph.schema.classes))
    look = _Look(graph, report)
    look.relations()
    look.labels()
    look.question_words()
    look.facts()
    look.ends()
    for rule in RULES:
        look.rule(rule)
    look.classes()
    if shapes is not None:
        report.findings += violations(graph, Path(shapes))
    report.findings.sort(key=lambda one: one.severity != "error")
    report.seconds = time.perf_counter() - began
    return report


class _Look:
    """Goes through a graph and notes what it finds."""

    def __init__(self, graph: KnowledgeGraph, report: Report) -> None:
        self.graph, self.report = graph, report

    def note(self, name: str, severity: Severity, title: str, advice: str, tally: Tally) -> None:
        if tally.count:
            examples = tuple(" ".join(place) for place in tally.examples())
            self.report.findings.append(Finding(name, severity, title, advice, tally.count, examples))

    def relations(self) -> None:
        every = list(self.graph.relations())
        without = Tally((named(self.graph, one.id),) for one in every if not one.labels)
        self.note(
            "relation-label",
            "error",
            "relations without a label",
            "give each a skos:prefLabel in each language",
            without,
        )
        lacking = Tally(
            (named(self.graph, one.id), f"({', '.join(languages)})")
            for one in every
            if (languages := lacks_template(one))
        )
        self.note(
            "relation-template", "warning", "relations without a sentence (hodu:template): their facts read as 'subject label object'",
            'add one for each language: hodu:template "{subject} is used for {object}"@en', lacking,
        )  # fmt: skip
        broken = Tally(
            (named(self.graph, one.id), repr(text))
            for one in every
            for text in one.templates.values()
            if not template_fits(text)
        )
        self.note(
            "template",
            "error",
            "sentences that do not name both ends of a fact",
            "expected {subject} and {object} in it, each once, and no other braces",
            broken,
        )

    def labels(self) -> None:
        bad = Tally(
            (f"<{id}>:", fault) for id, label in self.graph.all_labels() if (fault := fault_of_label(label.text))
        )
        self.note("label", "error", "labels that no text can mention", "shorten or correct them", bad)
        hidden = self.graph.schema.hidden
        common = Tally(
            (f"<{id}>:", repr(label.text))
            for id, label in self.graph.all_labels()
            if label.text.casefold() in STOP_WORDS and id not in hidden
        )
        self.note(
            "stop-word",
            "warning",
            "labels that stand in nearly every text: what is called so is hardly ever linked",
            "give a longer label",
            common,
        )

    def question_words(self) -> None:
        hidden = self.graph.schema.hidden
        stray = Tally((f"<{id}>:", repr(label.text)) for id, label in self.graph.question_words() if id not in hidden)
        self.note(
            "question-word",
            "warning",
            "question words (hodu:questionWord) of what is neither a class nor a relation: no question asks by them",
            "give them to the class of the things that they ask for",
            stray,
        )

    def facts(self) -> None:
        islands, hidden = Islands(), self.graph.schema.hidden
        for subject, object in self.graph._ends():
            self.report.facts += 1
            islands.connect(subject, object)
        for id, _ in self.graph.all_labels():
            if id not in hidden:
                islands.add(id)
        self.report.entities = len(islands)
        if not self.report.facts:
            empty = Tally(
                [(f"{self.graph.name} has {self.report.entities:,} entities and no fact between two of them",)]
            )
            self.note(
                "empty",
                "error",
                "the graph is empty: it answers nothing",
                "add facts: hodu graph build, hodu graph add",
                empty,
            )
            return
        tally = Tally((f"{size:09d}", id) for size, id in islands.found())
        tally.first = [
            (
                f"{named(self.graph, id)} and {int(size) - 1:,} more"
                if int(size) > 1
                else f"{named(self.graph, id)} alone",
            )
            for size, id in tally.examples()
        ]
        self.note(
            "islands",
            "warning",
            "islands: entities that no chain of facts connects to the largest group",
            "add what connects them, if anything does",
            tally,
        )

    def ends(self) -> None:
        for end, what in (("domain", "subject"), ("range", "object")):
            tally = Tally(misfits(self.graph, end))
            places = ([self._shown(part) for part in place] for place in tally.examples())
            tally.first = [(f"{s} —{p}→ {o}: the {what} is no {c}",) for s, p, o, c in places]
            advice = f"correct the fact, give its {what} that class, or widen rdfs:{end}"
            self.note(end, "error", f"{what}s that are not of their relation's {end}", advice, tally)

    def rule(self, rule: Rule) -> None:
        relations = [node(id) for id in self.graph.schema.relations]
        if rule.relations and not relations:
            return
        bindings = {"p": relations} if rule.relations else {}
        tally = Tally(_place(row) for row in self.graph.query(rule.query, **bindings))
        tally.first = [(self.sentence(rule, place),) for place in tally.examples()]
        self.note(rule.name, rule.severity, rule.title, rule.advice, tally)

    def sentence(self, rule: Rule, place: Place) -> str:
        row = dict(zip(place[::2], place[1::2], strict=True))
        return _FIELD.sub(lambda found: self._shown(row.get(found[1], "?")), rule.sentence)

    def _shown(self, text: str) -> str:
        return named(self.graph, text[1:-1]) if text.startswith("<") and text.endswith(">") else text

    def classes(self) -> None:
        rows = self.graph.query("SELECT ?a ?b WHERE { ?a rdfs:subClassOf ?b }")
        found = Tally(circles((str(row["a"]), str(row["b"])) for row in rows))
        found.first = [(" → ".join(self._shown(one) for one in (*circle, circle[0])),) for circle in found.examples()]
        self.note(
            "circle",
            "error",
            "circles of subclasses: a class above itself",
            "remove one rdfs:subClassOf of each",
            found,
        )


def _place(row: Row) -> Place:
    said = row.get("t")
    if isinstance(said, Triple):  # a fact as a value: shown by its parts
        row = {"s": said.subject, "p": said.predicate, "o": said.object, **row}
        del row["t"]
    return tuple(part for name, value in sorted(row.items()) for part in (name, _short(value)))


def _short(value: Term) -> str:
    text = str(value)
    return text if len(text) <= 120 or isinstance(value, NamedNode) else f"{text[:100]}…"


def named(graph: KnowledgeGraph, id: str) -> str:
    """A thing by its label, and its id where the label does not tell it."""
    labels = graph.labels(id)
    return f"{labels[0].text} <{id}>" if labels else f"{name_in(id)} <{id}>"


def lacks_template(relation: Relation) -> list[str]:
    """The languages in which a relation has a label but no sentence, or "any" if it has none at all."""
    if not relation.templates:
        return ["any"]
    return sorted({label.language for label in relation.labels} - set(relation.templates))


def template_fits(text: str) -> bool:
    """Whether a sentence names subject and object, each once, and nothing else."""
    rest = text.replace("{subject}", "", 1).replace("{object}", "", 1)
    return "{subject}" in text and "{object}" in text and "{" not in rest and "}" not in rest
