"""The graph of record: labelled entities, relations and facts, in RDF, wherever it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from pyoxigraph import Literal, NamedNode, Quad, Store

from hodu.errors import GraphError
from hodu.knowledge import facts, patterns
from hodu.knowledge.endpoint import Endpoint
from hodu.knowledge.local import WRITABLE, Local, open_folder, read_file, write_file
from hodu.knowledge.schema import Schema, label_from, labels_by_id, read_schema
from hodu.knowledge.terms import Bindings, Row, Value, node
from hodu.knowledge.types import Label, Relation, Triple
from hodu.knowledge.vocabulary import ALIAS, PREFERRED, SPARQL_PREFIXES, fault_of_label, fault_of_language


class Backend(Protocol):
    """Where the statements are."""

    def select(self, sparql: str, bindings: Bindings) -> Iterator[Row]: ...  # noqa: D102
    def ask(self, sparql: str, bindings: Bindings) -> bool: ...  # noqa: D102
    def change(self, *, add: Iterable[Quad] = (), remove: Iterable[Quad] = ()) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class KnowledgeGraph:
    """A knowledge graph in memory, in a folder, in a file, or behind a SPARQL endpoint; all answer alike.

    Use it in a ``with`` block: a graph that was read from a file is written back at its end, if it was changed and nothing went wrong. A folder's changes are on disk at once.
    """

    def __init__(self, backend: Backend, *, file: Path | None = None, name: str = "the graph") -> None:
        self._backend, self._file, self.name = backend, file, name
        self._changed = False
        self._schema: Schema | None = None
        self._statements: facts.Form | None = None

    @classmethod
    def open(cls, path: str | Path | None = None, *, read_only: bool = False) -> Self:
        """A graph in memory (no path), in a folder (made if it is not there), in an RDF file, or at a URL.

        Raises:
            GraphError: there is no graph to read, it is broken, or another process writes it.
        """
        if path is None:
            return cls(Local(Store(), read_only=read_only))
        if isinstance(path, str) and path.startswith(("http://", "https://")):
            return cls.connect(path)
        path = Path(path)
        if path.is_file():
            return cls(Local(read_file(path), read_only=read_only), file=path, name=str(path))
        if not path.exists() and path.suffix.lower() in WRITABLE:
            raise GraphError(f"there is no file {path}; make one with: hodu graph build TABLE.tsv --out {path}")
        return cls(Local(open_folder(path, read_only=read_only), read_only=read_only), name=str(path))

    @classmethod
    def connect(cls, url: str, *, timeout: float = 10.0, update: str | None = None) -> Self:
        """A graph behind a SPARQL endpoint.

        Args:
            timeout: seconds of silence after which it counts as not answering.
            update: the address that takes changes; ``…/update`` for an address ``…/query``.

        Raises:
            GraphError: it does not answer, or not as an endpoint.
        """
        graph = cls(Endpoint(url, timeout=timeout, update=update), name=url)
        graph._backend.ask("ASK { }", {})
        return graph

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.save()
        self._backend.close()

    def close(self) -> None:
        """Save, and let go of the store."""
        self.save()
        self._backend.close()

    def save(self) -> None:
        """Write a changed graph back to its file; a folder and an endpoint need no saving."""
        if self._file is not None and self._changed and isinstance(self._backend, Local):
            write_file(self._backend.store, self._file)
        self._changed = False

    @property
    def schema(self) -> Schema:
        """The classes and relations, read once and again after a change."""
        if self._schema is None:
            self._schema = read_schema(self._select)
        return self._schema

    def entities(self) -> Iterator[str]:
        """The ids of all things that facts are about, sorted: what has a label or is an end of a fact, and is no class and no relation."""
        described = {
            row["id"].value
            for query in patterns.LABELS
            for row in self._select(query)
            if isinstance(row["id"], NamedNode)
        }
        for triple in self._ends():
            described.update(triple)
        yield from sorted(described - self.schema.hidden)

    def _ends(self) -> Iterator[tuple[str, str]]:
        hidden, relations = self.schema.hidden, self.schema.relations
        for row in self._select(patterns.FACTS):
            ends = row["s"].value, row["o"].value
            if row["p"].value in relations and hidden.isdisjoint(ends):
                yield ends

    def relations(self) -> Iterator[Relation]:
        """All relations, sorted by id: those declared and those used between entities."""
        for id in sorted(self.schema.relations):
            yield self.schema.relations[id]

    def labels(self, id: str) -> tuple[Label, ...]:
        """The labels of one entity, class or relation, preferred ones first."""
        return labels_by_id(self._select, [id]).get(id, ())

    def classes(self, id: str) -> tuple[str, ...]:
        """The classes that an entity is said to be of, sorted; not those above them."""
        return tuple(
            sorted(
                row["c"].value
                for row in self._select(patterns.TYPES, id=node(id))
                if row["c"].value not in patterns.META
            )
        )

    def all_labels(self) -> Iterator[tuple[str, Label]]:
        """Each label of each entity, class and relation, as ``(id, label)``, in no order."""
        for query in patterns.LABELS:
            for row in self._select(query):
                if isinstance(row["id"], NamedNode):
                    yield row["id"].value, label_from(row, preferred=query is not patterns.ALIASES)

    def all_classes(self) -> Iterator[tuple[str, str]]:
        """Each entity with each of its classes, as ``(id, class)``, in no order."""
        hidden = self.schema.hidden
        for row in self._select(patterns.TYPES):
            id, of = row["id"].value, row["c"].value
            if isinstance(row["id"], NamedNode) and of not in patterns.META and id not in hidden:
                yield id, of

    def question_words(self) -> Iterator[tuple[str, Label]]:
        """Each class and relation with each word by which a question asks for it (``hodu:questionWord``), as ``(id, label)``, in no order."""
        for row in self._select(patterns.QUESTION_WORDS):
            if isinstance(row["id"], NamedNode) and isinstance(row["text"], Literal):
                yield row["id"].value, label_from(row, preferred=True)

    def labels_of(self, ids: Sequence[str]) -> dict[str, tuple[Label, ...]]:
        """The labels of each of these entities, classes or relations that has any, with few queries."""
        return labels_by_id(self._select, ids)

    def subclasses(self) -> Iterator[tuple[str, str]]:
        """Each class with each that is said to be above it, as ``(class, above)``, in no order."""
        for row in self._select(patterns.SUBCLASSES):
            if isinstance(row["id"], NamedNode) and isinstance(row["c"], NamedNode):
                yield row["id"].value, row["c"].value

    def triples(
        self, subject: str | None = None, relation: str | None = None, object: str | None = None
    ) -> Iterator[Triple]:
        """The facts that fit, in no order: relations between entities, not labels, classes or numbers.

        A fact said several times with weights has the largest of them, and its sources joined by "; ".
        """
        given = {
            name: node(value) for name, value in (("s", subject), ("p", relation), ("o", object)) if value is not None
        }
        form = self._form()
        few = bool(given) and form is not facts.Form.none
        rows = self._select(facts.QUERY[facts.Form.none if few else form], **given)
        grouped = (
            (ends, same) for ends, same in groupby(rows, key=lambda row: facts.ends(row, given)) if self._is_fact(ends)
        )
        if few:
            yield from facts.with_remarks((ends for ends, _ in grouped), self._remarks_on)
        else:
            yield from (Triple(*ends, *facts.weight_and_source(same)) for ends, same in grouped)

    def _is_fact(self, ends: tuple[str, str, str]) -> bool:
        hidden = self.schema.hidden
        return ends[1] in self.schema.relations and ends[0] not in hidden and ends[2] not in hidden

    def _form(self) -> facts.Form:
        if self._statements is None:
            self._statements = facts.form(self.ask)
        return self._statements

    def add(self, subject: str, relation: str, object: str, *, weight: float = 1.0, source: str | None = None) -> None:
        """Add a fact, or give the one that is there this weight and source.

        Raises:
            GraphError: an id is no IRI, or the weight is no number of 0 or more.
        """
        fact = Quad(node(subject), node(relation), node(object))
        added = [fact, *facts.remarks(fact, weight, source)]
        self._backend.change(remove=self._remarks_on(fact), add=added)
        self._touched()

    def remove(self, subject: str, relation: str, object: str) -> None:
        """Take a fact out, with its weight and source.

        Raises:
            GraphError: it is not there.
        """
        ends = node(subject), node(relation), node(object)
        fact = Quad(*ends)
        if not self.ask("ASK { ?s ?p ?o }", s=ends[0], p=ends[1], o=ends[2]):
            raise GraphError(f"{self.name} has no fact <{subject}> <{relation}> <{object}>; nothing was removed")
        self._backend.change(remove=[fact, *self._remarks_on(fact)])
        self._touched()

    def _remarks_on(self, fact: Quad) -> list[Quad]:
        form = self._form()
        if form is facts.Form.none:
            return []
        parts = {"s": fact.subject, "p": fact.predicate, "o": fact.object}
        given = {"t": fact.triple} if form is facts.Form.terms else parts
        rows = self._select(facts.ONE_BY_ONE[form], **given)
        return [Quad(row["r"], row["k"], row["v"]) for row in rows]

    def add_label(self, id: str, text: str, language: str, *, preferred: bool = True) -> None:
        """Add a label or an alias.

        Raises:
            GraphError: the text cannot be a label, or the language is no language tag.
        """
        self.add_text(id, PREFERRED if preferred else ALIAS, text, language)

    def add_text(self, id: str, what: str, text: str, language: str) -> None:
        """Add a text about an entity, class or relation; ``what``: the id of a label, a question word or a sentence.

        Raises:
            GraphError: the text cannot be a label, or the language is no language tag.
        """
        fault = fault_of_label(text) or fault_of_language(language)
        if fault:
            raise GraphError(fault)
        self._backend.change(add=[Quad(node(id), node(what), Literal(text, language=language))])
        self._touched()

    def remove_text(self, id: str, what: str, text: str) -> None:
        """Take out what :meth:`add_text` added, in whatever language.

        Raises:
            GraphError: it is not there.
        """
        rows = self._select("SELECT ?v WHERE { ?id ?k ?v }", id=node(id), k=node(what))
        found = [row["v"] for row in rows if isinstance(row["v"], Literal) and row["v"].value == text]
        if not found:
            raise GraphError(f"{self.name} does not say {text!r} of <{id}> as <{what}>; nothing was removed")
        self._backend.change(remove=[Quad(node(id), node(what), one) for one in found])
        self._touched()

    def _touched(self) -> None:
        self._changed, self._schema, self._statements = True, None, None

    def query(self, sparql: str, **bindings: Value | Sequence[Value]) -> Iterator[Row]:
        """The solutions of a SELECT, each a dict from variable to RDF term. The prefixes hodu, rdf, rdfs, owl, skos and xsd are known.

        Args:
            bindings: values of variables: a ``str`` is a text, :func:`~hodu.knowledge.terms.node` makes an id. They are bound, so no text can change the query.
        """
        return self._select(sparql, **bindings)

    def ask(self, sparql: str, **bindings: Value | Sequence[Value]) -> bool:
        """The answer of an ASK, bound as by :meth:`query`."""
        return self._backend.ask(SPARQL_PREFIXES + sparql, bindings)

    def _select(self, sparql: str, **bindings: Value | Sequence[Value]) -> Iterator[Row]:
        return self._backend.select(SPARQL_PREFIXES + sparql, bindings)
