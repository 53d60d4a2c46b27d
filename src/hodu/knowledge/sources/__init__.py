"""Readers: files in, RDF statements out, one at a time."""

from hodu.knowledge.sources.faults import Faults
from hodu.knowledge.sources.reading import read_source

__all__ = ["Faults", "read_source"]
