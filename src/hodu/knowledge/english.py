"""English words in their forms: dig, digs, digging, dug. Made when a graph is compiled, so that texts need no lemmatiser.

The forms come from simplemma's table of form and lemma, read backwards; what the table lacks gets the regular plural. Lemmatising the texts instead would
bound linking by simplemma's own speed (71,000 sentences/s in this project's measurements, a sixth of the automaton's).
"""

from __future__ import annotations

from functools import cache

from hodu.knowledge.hangul import words

_ARTICLES = ("a ", "an ", "the ", "to ")
_MOST = 12  # forms of one lemma: be has eight


@cache
def _table() -> dict[str, list[str]]:
    from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory

    found: dict[str, list[str]] = {}
    for form, lemma in DefaultDictionaryFactory().get_dictionary("en").items():
        if (form != lemma and form[:1] == lemma[:1]) or form in _SUPPLETIVE:
            found.setdefault(lemma, []).append(form)
    return found


_SUPPLETIVE = frozenset(words("am are is was were been went better best worse worst"))


def inflected(word: str) -> list[str]:
    """Other forms of a word in lower case, sorted; regular plural where the table knows none."""
    known = sorted(form for form in _table().get(word, ()) if form.isalpha())
    return known[:_MOST] if known else [plural] if (plural := _plural(word)) else []


def _plural(word: str) -> str | None:
    if len(word) < 3 or not (word.isascii() and word.isalpha()) or word.endswith("s"):
        return None
    if word.endswith(("x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


def bare(label: str) -> str:
    """The label without the article or the "to" that glossaries write before it."""
    return next((label[len(article) :] for article in _ARTICLES if label.startswith(article)), label)


def variants(label: str) -> list[str]:
    """The label, in lower case, with its first or its last word in other forms: planting flowers, garden spades."""
    parts = label.split(" ")
    last = [[*parts[:-1], form] for form in inflected(parts[-1])]
    first = [[form, *parts[1:]] for form in inflected(parts[0])] if len(parts) > 1 else []
    return [" ".join(one) for one in (*last, *first)]
