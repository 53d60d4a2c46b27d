"""A fact as a sentence, with the Korean particles that its words ask for."""

from __future__ import annotations

import re
from functools import lru_cache

from hodu.knowledge.hangul import spoken_final
from hodu.knowledge.types import Relation

_PAIRS = {
    **dict.fromkeys(("은(는)", "는(은)"), ("은", "는")),
    **dict.fromkeys(("이(가)", "가(이)"), ("이", "가")),
    **dict.fromkeys(("을(를)", "를(을)"), ("을", "를")),
    **dict.fromkeys(("과(와)", "와(과)"), ("과", "와")),
    **dict.fromkeys(("아(야)", "야(아)"), ("아", "야")),
    "(으)로": ("으로", "로"),
    **{f"(이){rest}": (f"이{rest}", rest) for rest in ("라고", "라는", "라", "나", "랑", "며", "고", "다", "란")},
}
_PART = re.compile("|".join([r"\{subject\}", r"\{object\}", *map(re.escape, sorted(_PAIRS, key=len, reverse=True))]))


@lru_cache(maxsize=4096)
def _parts(template: str) -> tuple[str, ...]:
    """The template cut into places, particle pairs and the text between them."""
    cut, last = [], 0
    for found in _PART.finditer(template):
        cut += [template[last : found.start()], found[0]]
        last = found.end()
    return (*cut, template[last:])


def particle(word: str, pair: str) -> str:
    """Which of a pair such as 은(는) or (으)로 follows the word."""
    after_final, after_vowel = _PAIRS[pair]
    final = spoken_final(word)
    if final == "" or (pair == "(으)로" and final == "ㄹ"):  # 칼로, not 칼으로
        return after_vowel
    return after_final


def fill(template: str, subject: str, object: str) -> str:
    """The template's sentence. Pairs in the labels themselves stay as they are."""
    said = ""
    for part in _parts(template):
        if part == "{subject}":
            said += subject
        elif part == "{object}":
            said += object
        else:
            said += particle(said, part) if part in _PAIRS else part
    return said


def verbalise(relation: Relation, subject: str, object: str, language: str) -> str:
    """By the template in the language; else by the relation's label between the two; else by the end of its IRI."""
    template = relation.templates.get(language)
    if template:
        return fill(template, subject, object)
    return f"{subject} {relation_label(relation, language)} {object}"


def relation_label(relation: Relation, language: str) -> str:
    """The relation's name, in the language where it has one."""
    labels = sorted(relation.labels, key=lambda label: (label.language != language, not label.preferred))
    if labels:
        return labels[0].text
    from urllib.parse import unquote

    return unquote(re.split(r"[/#:]", relation.id)[-1]) or relation.id
