"""hodu's own checks, as SPARQL: each asks for the places where something is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from hodu.knowledge.finding import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """A question whose answers are mistakes.

    Attributes:
        sentence: an example in words; its fields are the query's variables, shown by label.
        relations: whether ``?p`` is bound to the relations of the graph.
    """

    name: str
    severity: Severity
    title: str
    advice: str
    query: str
    sentence: str
    relations: bool = False


_ANY_NAME = "{ ?%s skos:prefLabel ?name } UNION { ?%s rdfs:label ?name }"

RULES = (
    Rule(
        "entity-label",
        "error",
        "entities without a label: no text can mention them",
        'give each a skos:prefLabel, such as "모종삽"@ko, "trowel"@en',
        "SELECT DISTINCT ?x WHERE { ?s ?p ?o BIND(?s AS ?x) FILTER(isIRI(?o) && isIRI(?x)) FILTER NOT EXISTS { "
        + _ANY_NAME.replace("%s", "x")
        + " } }",
        "{x}",
        relations=True,
    ),
    Rule(
        "entity-label",
        "error",
        "objects of facts without a label: no text can mention them",
        'give each a skos:prefLabel, such as "모종삽"@ko, "trowel"@en',
        "SELECT DISTINCT ?x WHERE { ?s ?p ?x FILTER(isIRI(?x)) FILTER NOT EXISTS { "
        + _ANY_NAME.replace("%s", "x")
        + " } }",
        "{x}",
        relations=True,
    ),
    Rule(
        "two-preferred-labels",
        "error",
        "two preferred labels in one language: which one is shown?",
        "keep one skos:prefLabel for each language and make the others skos:altLabel",
        "SELECT ?x ?a ?b WHERE { ?x skos:prefLabel ?a, ?b FILTER(STR(?a) < STR(?b) && LANG(?a) = LANG(?b)) }",
        "{x}: {a} and {b}",
    ),
    Rule(
        "functional",
        "error",
        "contradictions: two objects of a relation that has one (owl:FunctionalProperty)",
        "remove the wrong one: hodu graph remove GRAPH SUBJECT RELATION OBJECT",
        "SELECT ?s ?p ?a ?b WHERE { ?p rdf:type owl:FunctionalProperty . ?s ?p ?a . ?s ?p ?b FILTER(STR(?a) < STR(?b)) }",
        "{s} —{p}→ {a}, and also {b}",
    ),
    Rule(
        "weight",
        "error",
        "weights that are no number of 0 or more",
        "expected a number such as 0.7",
        # a fact's triple term as a value: servers that know none do not read a pattern of one
        "SELECT ?t ?s ?p ?o ?w WHERE { ?r hodu:weight ?w FILTER(!isNumeric(?w) || !(?w >= 0)) "
        "OPTIONAL { ?r rdf:reifies ?t } OPTIONAL { ?r rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o } }",
        "{s} —{p}→ {o}: weight {w}",
    ),
    Rule(
        "same-label",
        "warning",
        "one preferred label for several things: a text that mentions it is ambiguous",
        "right if they are different things (bank, 배); otherwise merge them",
        "SELECT ?text (MIN(?x) AS ?a) (MAX(?x) AS ?b) WHERE { ?x skos:prefLabel ?text } GROUP BY ?text HAVING (COUNT(DISTINCT ?x) > 1)",
        "{text}: {a}, {b}",
    ),
    Rule(
        "label-language",
        "warning",
        "labels without a language",
        'add it: "trowel"@en',
        "SELECT ?x ?text WHERE { ?x skos:prefLabel|skos:altLabel ?text FILTER(LANG(?text) = '') }",
        "{x}: {text}",
    ),
    Rule(
        "itself",
        "warning",
        "facts that relate a thing to itself",
        "remove them if they are not meant",
        "SELECT ?s ?p WHERE { ?s ?p ?s }",
        "{s} —{p}→ itself",
        relations=True,
    ),
    Rule(
        "nameless",
        "warning",
        "facts about nameless nodes (blank nodes), which hodu does not read",
        "give the nodes ids",
        "SELECT ?s ?p ?o WHERE { ?s ?p ?o FILTER(isBlank(?s) || isBlank(?o)) }",
        "{s} —{p}→ {o}",
        relations=True,
    ),
    Rule(
        "fact-of-a-class",
        "warning",
        "facts about classes, which hodu does not read: facts are about entities",
        "make the class an entity (skos:broader in place of rdfs:subClassOf, a relation in place of rdf:type), or state the fact of its members",
        "SELECT ?s ?p ?o WHERE { { ?s rdf:type rdfs:Class . ?s ?p ?o FILTER(isIRI(?o)) } UNION { ?s rdf:type owl:Class . ?s ?p ?o FILTER(isIRI(?o)) } "
        "UNION { ?o rdf:type rdfs:Class . ?s ?p ?o } UNION { ?o rdf:type owl:Class . ?s ?p ?o } }",
        "{s} —{p}→ {o}",
        relations=True,
    ),
)
