"""Knowledge graphs: a store that anyone can edit, read from tables and RDF, and checked. Works without torch."""

from hodu.errors import GraphError

try:
    import pyoxigraph  # noqa: F401
except ImportError as error:
    raise GraphError(
        f"knowledge graphs need pyoxigraph ({error}); install it with: pip install 'hodu[knowledge]'"
    ) from error

from hodu.knowledge.build import build
from hodu.knowledge.check import check
from hodu.knowledge.finding import Report
from hodu.knowledge.graph import KnowledgeGraph
from hodu.knowledge.types import Label, Relation, Triple

__all__ = ["KnowledgeGraph", "Label", "Relation", "Report", "Triple", "build", "check"]
