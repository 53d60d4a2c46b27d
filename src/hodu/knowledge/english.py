"""English words in their forms: dig, digs, digging, dug. Made when a graph is compiled, so that texts need no lemmatiser.

The forms come from lemminflect's table, which goes from a word to its forms; what it lacks gets the regular plural. A table from forms to lemmas, read backwards,
gives a form to one word alone: "left" is only left there, "leaves" only leave. Lemmatising the texts instead would bound linking by the lemmatiser's own speed.
"""

from __future__ import annotations

from functools import cache

from hodu.knowledge.hangul import words

_ARTICLES = ("a ", "an ", "the ", "to ")
_MOST = 12  # forms of one lemma: be has eight
_ALSO = {"person": words("people"), "ox": words("oxen"), "lie": words("lain")}  # the table has not
_ANOTHER_WORD = frozenset(
    words("ground evening number does being latter feed weed")
)  # nearly always, and not grind, even, numb, fee


@cache
def inflected(word: str) -> list[str]:
    """Other forms of a word in lower case, sorted; regular plural where the table knows the word in none."""
    from lemminflect import getAllInflections

    known = {form for forms in getAllInflections(word).values() for form in forms} | set(_ALSO.get(word, ()))
    others = sorted(form for form in known - {word} if form.isalpha() and form.islower() and form not in _ANOTHER_WORD)
    return others[:_MOST] if known else [plural] if (plural := _plural(word)) else []


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
