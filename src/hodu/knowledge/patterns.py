"""The questions that reading a graph asks, in SPARQL. Variables that a caller knows are bound, never written in."""

from __future__ import annotations

from hodu.knowledge.vocabulary import OWL, RDF, RDFS

NAMES = "SELECT ?id ?text WHERE { ?id skos:prefLabel ?text }"
ALIASES = "SELECT ?id ?text WHERE { ?id skos:altLabel ?text }"
OTHER_NAMES = "SELECT ?id ?text WHERE { ?id rdfs:label ?text FILTER NOT EXISTS { ?id skos:prefLabel ?name } }"
LABELS = (NAMES, OTHER_NAMES, ALIASES)  # preferred ones first; rdfs:label is one where SKOS says nothing

QUESTION_WORDS = "SELECT ?id ?text WHERE { ?id hodu:questionWord ?text }"
SUBCLASSES = "SELECT ?id ?c WHERE { ?id rdfs:subClassOf ?c }"

TYPES = "SELECT ?id ?c WHERE { ?id rdf:type ?c }"
META = frozenset(
    {f"{RDFS}Class", f"{RDFS}Resource", f"{RDFS}Datatype", f"{RDF}Property", f"{RDF}Statement"}
    | {
        f"{OWL}{name}"
        for name in (
            *(
                "Class",
                "Thing",
                "NamedIndividual",
                "Ontology",
                "ObjectProperty",
                "DatatypeProperty",
                "AnnotationProperty",
            ),
            *(
                "FunctionalProperty",
                "InverseFunctionalProperty",
                "SymmetricProperty",
                "TransitiveProperty",
                "Restriction",
            ),
        )
    }
)

FACTS = "SELECT ?s ?p ?o WHERE { ?s ?p ?o FILTER(isIRI(?s) && isIRI(?o)) }"
PREDICATES = "SELECT DISTINCT ?p WHERE { ?s ?p ?o FILTER(isIRI(?s) && isIRI(?o)) }"
DECLARED = """SELECT DISTINCT ?p WHERE {
  { ?p rdf:type rdf:Property } UNION { ?p rdf:type owl:ObjectProperty } UNION { ?p rdf:type owl:FunctionalProperty } UNION { ?p hodu:template ?t }
}"""
CLASSES = """SELECT DISTINCT ?c WHERE {
  { ?c rdf:type rdfs:Class } UNION { ?c rdf:type owl:Class } UNION { ?x rdf:type ?c }
  UNION { ?c rdfs:subClassOf ?y } UNION { ?x rdfs:subClassOf ?c } UNION { ?p rdfs:domain ?c } UNION { ?p rdfs:range ?c }
}"""
ABOUT = """SELECT ?id ?k ?v WHERE {
  ?id ?k ?v
  VALUES ?k { skos:prefLabel skos:altLabel rdfs:label hodu:template owl:inverseOf rdfs:domain rdfs:range rdf:type }
}"""
