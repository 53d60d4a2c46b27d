"""English words in their forms: dig, digs, digging, dug. Made when a graph is compiled, so that texts need no lemmatiser.

The forms come from lemminflect's table, which goes from a word to its forms; what it lacks gets the regular plural. A table from forms to lemmas, read backwards,
gives a form to one word alone: "left" is only left there, "leaves" only leave. Lemmatising the texts instead would bound linking by the lemmatiser's own speed.
"""

from __future__ import annotations

from functools import cache

from hodu.knowledge.hangul import words

_ARTICLES = ("a ", "an ", "the ", "to ")
_MOST = 12  # forms of one lemma: be has eight
_ALSO = {"person": "people", "ox": "oxen", "lie": "lain", "shave": "shaven"}  # the table has not
_OTHER_WORDS = frozenset(
    words(  # forms that in texts are nearly always another word: the ground is no coffee, and who was born no bear
        "grind:ground even:evening morn:morning numb:number doe:does late:latter fee:feed wee:weed bear:born well:better well:best wrong:worse wrong:worst ill:worse ill:worst "
        "light:lighter thin:thinner clean:cleaner cool:cooler dry:dryer dim:dimmer old:elder strange:stranger tan:tanner flip:flipper din:diner wick:wicked rag:ragged cleave:clove "
        "dive:dove stave:stove abide:abode bide:boded"
    )
)
_VOWELS = "aeiou"


@cache
def inflected(word: str) -> list[str]:
    """Other forms of a word in lower case, sorted. What the table does not know as a verb has the regular forms of one too, and what it does not know as a noun the regular plural: to reboot, two blogs."""
    from lemminflect import getAllInflections, getAllLemmas

    known = getAllInflections(word)
    forms = {form for some in known.values() for form in some} | {_ALSO.get(word, word)}
    if len(word) > 2 and word.isascii() and word.isalpha():
        if not known.keys() & {"NNS", "VBZ"}:
            forms.add(_plural(word))
        if not known.keys() & {"VBD", "RB", "JJR"}:  # united is of unite, not of unit
            forms |= {form for form in _regular(word) if word in getAllLemmas(form).get("VERB", (word,))}
    others = (form for form in forms - {word} if f"{word}:{form}" not in _OTHER_WORDS)
    return sorted(form for form in others if form.isalpha() and form.islower())[:_MOST]


def _plural(word: str) -> str:
    if word.endswith("y") and word[-2] not in _VOWELS:
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "z", "ch", "sh")) else f"{word}s"


def _regular(word: str) -> set[str]:
    """The past and the participle of a regular verb."""
    if word.endswith("e"):
        return {f"{word}d", f"{word if word.endswith(('ee', 'oe', 'ye')) else word[:-1]}ing"}
    if word.endswith("y") and word[-2] not in _VOWELS:
        return {f"{word[:-1]}ied", f"{word}ing"}
    short = sum(letter in _VOWELS for letter in word) == 1 and word[-2] in _VOWELS and word[-1] not in f"{_VOWELS}wxy"
    stem = word + word[-1] if short else word
    return {f"{stem}ed", f"{stem}ing"}


def bare(label: str) -> str:
    """The label without the article or the "to" that glossaries write before it."""
    return next((label[len(article) :] for article in _ARTICLES if label.startswith(article)), label)


def plurals(label: str) -> list[str]:
    """The label, in lower case, with its last word in the plural: garden spades."""
    from lemminflect import getInflection

    before, _, noun = label.rpartition(" ")
    forms = {*getInflection(noun, tag="NNS"), *([_ALSO[noun]] if noun == "person" else [])} - {noun}
    return sorted(f"{before} {form}".strip() for form in forms)


def variants(label: str) -> list[str]:
    """The label, in lower case, with its first or its last word in other forms: planting flowers, garden spades."""
    parts = label.split(" ")
    last = [[*parts[:-1], form] for form in inflected(parts[-1])]
    first = [[form, *parts[1:]] for form in inflected(parts[0])] if len(parts) > 1 else []
    return [" ".join(one) for one in (*last, *first)]
