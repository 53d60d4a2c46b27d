"""Text of a graph or a user made fit to be shown: on one line, without what steers a terminal or breaks a page, and not without end."""

from __future__ import annotations

import re
import unicodedata

_NARROW = set("iljIftr.,:;'|!()[]{}· ")
_SPACE = re.compile(r"\s+")


def plain(text: str, most: int = 200) -> str:
    """The text without control characters, marks that turn the direction of writing, and lone surrogates; spaces run together; cut at so many characters, with an ellipsis."""
    looked_at = text[: 8 * most]  # of ten thousand characters the first decide
    kept = "".join(" " if _unfit(character) else character for character in looked_at)
    said = _SPACE.sub(" ", kept).strip()
    if len(said) <= most and len(looked_at) == len(text):
        return said
    return f"{said[: most - 1].rstrip()}…"


def _unfit(character: str) -> bool:
    if character < "\x7f":
        return character < " "
    return (
        unicodedata.category(character) in ("Cc", "Cs", "Cn", "Zl", "Zp")
        or "\u202a" <= character <= "\u202e"
        or "\u2066" <= character <= "\u2069"
    )


def width(text: str) -> float:
    """About how wide the text is, in heights of a letter (em): rather too wide than too narrow, whatever the font."""
    return sum(map(_em, text))


def _em(character: str) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0
    breadth = unicodedata.east_asian_width(character)
    if breadth in "WF" or (breadth == "A" and unicodedata.category(character)[0] in "SN"):  # ★, ①
        return 1.0
    if character in _NARROW:
        return 0.36
    if character in "mwMW@%" or character.isupper():
        return 0.92 if character in "mwMW@%" else 0.74
    return 0.6


def shortened(text: str, em: float) -> str:
    """The text, or as much of it as is so wide, with an ellipsis."""
    if width(text) <= em:
        return text
    room, end = em - 1.0, 0
    while end < len(text) and (room := room - _em(text[end])) >= 0:
        end += 1
    return f"{text[:end].rstrip()}…"
