"""Text from outside on a terminal: as it is, and nothing that commands the terminal."""

from __future__ import annotations

import re

from rich.console import Console
from rich.markup import escape

_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """A text for :func:`console`, in which nothing is markup, a command to the terminal or an order to write backwards; a line's end is a space."""
    return escape(_COMMANDS.sub("\ufffd", " ".join(text.splitlines())))


def console(*, stderr: bool = False) -> Console:
    """A console that takes ``:x:`` for three characters: ids have such."""
    return Console(stderr=stderr, highlight=False, emoji=False)
