"""Knowledge graphs: a store that anyone can edit, read from tables and RDF, and checked. Works without torch."""

from hodu.knowledge.build import build
from hodu.knowledge.check import Report, check
from hodu.knowledge.graph import KnowledgeGraph
from hodu.knowledge.types import Label, Relation, Triple

__all__ = ["KnowledgeGraph", "Label", "Relation", "Report", "Triple", "build", "check"]
