"""The built-in world: sentences of our own, and a walk through everything with them."""

from hodu.demo.walkthrough import Result, run
from hodu.demo.world import make_world, write_world

__all__ = ["Result", "make_world", "run", "write_world"]
