"""The command line: thin commands over ordinary functions, and the only place that prints."""

from hodu.cli.app import main

__all__ = ["main"]
