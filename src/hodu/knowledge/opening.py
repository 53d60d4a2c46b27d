"""A graph as people name it, ready to be linked and selected from: compiled already, or compiled on the way."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from hodu.errors import GraphError
from hodu.knowledge.compile import REVISION, compile_graph
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.graph import KnowledgeGraph
from hodu.knowledge.layout import MAGIC, VERSION


def open_compiled(source: str | Path, *, progress: bool = True) -> CompiledGraph:
    """A compiled file is opened; any other graph (an RDF file, a folder, the URL of an endpoint) is compiled first, a file once for each content that it has had.

    Raises:
        GraphError, DataError: there is no graph, or it is broken.
    """
    path = Path(source)
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(MAGIC)) == MAGIC:
                return CompiledGraph.open(path)
            file.seek(0)
            content = hashlib.file_digest(file, "sha256").hexdigest()
        made = _home() / f"{content[:32]}-{VERSION}.{REVISION}.hodu"
        if made.is_file():
            os.utime(made)  # when it was last used, for hodu cache
            return CompiledGraph.open(made)
    elif not str(source).startswith(("http://", "https://")) and not path.is_dir():
        raise GraphError(f"there is no graph {source}; make one with: hodu graph build TABLE.tsv --out graph.ttl")
    else:
        made = _home() / f"{hashlib.sha256(os.path.abspath(source).encode()).hexdigest()[:32]}.hodu"
    made.parent.mkdir(parents=True, exist_ok=True)
    with KnowledgeGraph.open(str(source), read_only=True) as graph:
        return compile_graph(graph, made, progress=progress)


def _home() -> Path:
    return Path(os.environ.get("HODU_CACHE", Path.home() / ".cache" / "hodu")) / "graphs"
