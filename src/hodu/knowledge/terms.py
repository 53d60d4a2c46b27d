"""Between what people pass (texts, numbers, ids) and RDF terms; and binding such values in SPARQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode
from pyoxigraph import Triple as Statement

from hodu.errors import GraphError

Term = NamedNode | BlankNode | Literal | Statement
Row = dict[str, Any]  # a term by variable; what kind it can be, the query says
Value = str | bool | int | float | NamedNode | Literal | Statement
Bindings = Mapping[str, Value | Sequence[Value]]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What can hold a brace that opens no group: IRIs, strings, comments.
_TOKEN = re.compile(
    r'<[^<>"{}|^`\\\s]*>|"""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'(?:[^\'\\]|\\.|\'(?!\'\'))*\'\'\''
    r'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|#[^\n]*|[{}]|[A-Za-z_]\w*',
    re.DOTALL,
)


def node(iri: str) -> NamedNode:
    """An id as RDF has it.

    Raises:
        GraphError: the text is no IRI.
    """
    try:
        return NamedNode(iri)
    except ValueError as error:
        raise GraphError(
            f"{iri!r} is no id ({error}); expected an IRI without angle brackets, such as urn:hodu:entity:trowel"
        ) from error


def written(value: Value) -> str:
    """A value as SPARQL writes it: a ``str`` is a text, never an id; pass ids as :func:`node`."""
    if isinstance(value, Statement):
        return f"<<( {value.subject} {value.predicate} {value.object} )>>"
    return str(value if isinstance(value, NamedNode | Literal) else Literal(value))


def bind(sparql: str, bindings: Bindings) -> str:
    """The query with its variables bound to these values: a ``VALUES`` row at the start of its outermost group.

    Values are serialised by pyoxigraph, which escapes whatever a text contains, so that none can leave its quotes.

    Raises:
        GraphError: a name is no variable's, or the query has no group.
    """
    if not bindings:
        return sparql
    rows = []
    for name, value in bindings.items():
        if not _VARIABLE.fullmatch(name) or not re.search(rf"[?$]{name}\b", sparql):
            raise GraphError(f"the query has no variable ?{name} to bind; it is {sparql!r}")
        several = [value] if isinstance(value, str) or not isinstance(value, Sequence) else value
        rows.append(f"VALUES ?{name} {{ {' '.join(written(one) for one in several)} }}")
    place = _start_of_group(sparql)
    return f"{sparql[:place]} {' '.join(rows)} {sparql[place:]}"


def _start_of_group(sparql: str) -> int:
    """The place after the brace that opens the query's outermost group; CONSTRUCT's template is none."""
    depth, template = 0, False
    for found in _TOKEN.finditer(sparql):
        token = found[0]
        if token == "{":
            if depth == 0 and not template:
                return found.end()
            depth += 1
        elif token == "}":
            depth -= 1
            template = template and depth > 0
        elif depth == 0 and token.upper() in ("CONSTRUCT", "WHERE"):
            template = token.upper() == "CONSTRUCT"
    raise GraphError(f"the query has no {{ }} group to bind values in; it is {sparql!r}")
