"""In: triples and text. Out: facts beside the text. A store that anyone can edit, checked, compiled to one file; works without torch."""

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
