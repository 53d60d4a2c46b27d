"""The names that hodu reads in a graph, and how ids are made of what people write (docs/knowledge.md)."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

HODU = "urn:hodu:"
ENTITY, RELATION, CLASS = f"{HODU}entity:", f"{HODU}relation:", f"{HODU}class:"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SHACL = "http://www.w3.org/ns/shacl#"

PREFIXES = {"hodu": HODU, "rdf": RDF, "rdfs": RDFS, "owl": OWL, "skos": SKOS, "xsd": XSD}
SPARQL_PREFIXES = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in PREFIXES.items())

TEMPLATE, WEIGHT, SOURCE = f"{HODU}template", f"{HODU}weight", f"{HODU}source"
QUESTION_WORD = f"{HODU}questionWord"
PREFERRED, ALIAS = f"{SKOS}prefLabel", f"{SKOS}altLabel"
TYPE, REIFIES = f"{RDF}type", f"{RDF}reifies"

# What describes a graph rather than being a fact of it. skos:broader and skos:related are facts.
_DESCRIBING = {TEMPLATE, WEIGHT, SOURCE, QUESTION_WORD} | {
    f"{SKOS}{name}" for name in ("inScheme", "topConceptOf", "hasTopConcept", "member", "memberList")
}
DESCRIBING_NAMESPACES = (RDF, RDFS, OWL, SHACL)

_LONGEST_LABEL = 1000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_HANGUL = re.compile(r"[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
_SAFE = "-._~"


def describes(predicate: str) -> bool:
    """Whether a predicate tells about the graph (labels, types, classes, weights) instead of relating two entities."""
    return predicate in _DESCRIBING or predicate.startswith(DESCRIBING_NAMESPACES)


def entity_id(label: str) -> str:
    """The id of an entity that a table names by its label."""
    return ENTITY + quote(label, safe=_SAFE)


def relation_id(name: str) -> str:
    """The id of a relation that a table names."""
    return RELATION + quote(name, safe=_SAFE)


def class_id(label: str) -> str:
    """The id of a class that a table names by its label."""
    return CLASS + quote(label, safe=_SAFE)


def name_in(iri: str) -> str:
    """The readable end of an id, for something that has no label."""
    if iri.startswith((ENTITY, RELATION, CLASS)):
        return unquote(iri.split(":", 3)[3])
    return unquote(re.split(r"[#/:]", iri.rstrip("#/:"))[-1]) or iri


def language_of(text: str) -> str:
    """``ko`` for a text with Hangul, ``en`` for others: what a table's labels are tagged with when nobody says."""
    return "ko" if _HANGUL.search(text) else "en"


def fault_of_label(text: str) -> str | None:
    """Why this text cannot be a label, or None when it can."""
    if not text.strip():
        return "a label is empty; expected a word or a phrase"
    if len(text) > _LONGEST_LABEL:
        return (
            f"a label has {len(text):,} characters ({text[:30]!r}…); expected at most {_LONGEST_LABEL:,}. "
            "Labels are what a text can mention; put longer text elsewhere"
        )
    control = _CONTROL.search(text)
    if control:
        return (
            f"the label {text[:60]!r} has the control character U+{ord(control[0]):04X} at place {control.start() + 1}; "
            "remove it"
        )
    return None


def fault_of_language(language: str) -> str | None:
    """Why this is no language tag, or None when it is one."""
    if _LANGUAGE.fullmatch(language):
        return None
    return f"{language!r} is no language tag; expected one such as ko, en or pt-BR"
