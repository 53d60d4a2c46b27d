"""The built-in world: sentences of our own, a graph with questions about it, and (in ``walkthrough``) a walk through everything with them."""

from hodu.demo.world import make_world, write_world

__all__ = ["make_world", "write_world"]
