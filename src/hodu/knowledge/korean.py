"""Korean verbs and adjectives: from the dictionary form to the starts of all its forms.

Regular stems and the irregular ones of *Standard Korean Grammar* (National Institute of Korean Language): ㄷ 듣다/들어, ㅂ 돕다/도와, ㅅ 짓다/지어, ㄹ 놀다/노는, 르 흐르다/흘러, 러 푸르다/푸르러, ㅎ 빨갛다/빨개,
우 푸다/퍼, 으 쓰다/써, 하다/해. Which stems of a sound are irregular cannot be seen, so the rarer kind is listed; a stem that is both (묻다: to ask, to bury) gets both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hodu.knowledge.endings import tails
from hodu.knowledge.hangul import changed, is_syllable, parts, words

_BRIGHT = "ㅏㅑㅗ"
_D_IRREGULAR = words("걷 듣 묻 싣 깨닫 일컫 긷 붇 눋 캐묻 엿듣 알아듣 내닫 치닫 겯")
_D_BOTH = ("걷", "묻")  # 걷다 to walk or to roll up, 묻다 to ask or to bury
_B_REGULAR = words("입 잡 씹 좁 뽑 집 꼽 접 업 굽 수줍 곱 비집 헤집 꼬집 뒤집 넓")
_B_BOTH = ("굽", "곱")  # 굽다 to grill or to bend
_B_BRIGHT = ("돕", "곱")
_S_IRREGULAR = words("짓 낫 붓 긋 잇 젓 잣 퍼붓 내리긋 쏟아붓 줏")
_H_REGULAR = words("좋 놓 넣 낳 쌓 땋 찧 빻 닿")
_H_BRIGHTENED = words("이렇 그렇 저렇 어떻 요렇 고렇 조렇 아무렇")
_EU_REGULAR = words("치르 따르 들르 우러르 다다르 잦추르")  # end in 르, lose only 으
_REO = ("푸르", "이르", "누르", "노르")
_REO_ONLY = ("푸르", "노르")
_NOUNS = frozenset(
    words(  # end in 다 and are no verbs
        "바다 소다 판다 사이다 캐나다 우간다 르완다 베란다 아젠다 어젠다 프라다 혼다 마쓰다 마즈다 파고다 람다 판도라다 그라나다 네바다 람바다 앙골라다 스완다 렌다 야마다 레다 브렌다 린다 아만다 프로파간다 "
        "밤바다 앞바다 강바다 홋바다 너럭바다 먼바다 겨울바다 동해바다 자이언트판다 대왕판다 레서판다 베이킹소다 수다 스코다 유다 젠다 아르마다"
    )
)


class Base(NamedTuple):
    """The start of forms, and the class of what may follow it (`hodu.knowledge.endings`)."""

    text: str
    tails: str


def is_verb(word: str) -> bool:
    """Whether a word can be a dictionary form: whole syllables, 다 at the end, no noun that is known to end so."""
    return len(word) > 1 and word[-1] == "다" and word not in _NOUNS and all(map(is_syllable, word))


def bases(lemma: str) -> list[Base]:
    """The starts of all forms of a dictionary form such as 파다, each once."""
    return list(dict.fromkeys(_bases(lemma[:-1])))


def forms(lemma: str) -> set[str]:
    """All forms of a dictionary form: thousands, for tests and for the curious."""
    return {base.text + tail for base in bases(lemma) for tail in tails()[base.tails]}


def _bases(stem: str) -> Iterator[Base]:
    final = parts(stem[-1])[2]
    if final == "":
        yield from _after_vowel(stem)
    elif final == "ㄹ":
        yield from _rieul(stem)
    elif final == "ㄷ" and stem.endswith(_D_IRREGULAR):
        yield from _irregular(stem, changed(stem, final="ㄹ"))
        if stem in _D_BOTH:
            yield from _regular(stem)
    elif final == "ㅅ" and stem.endswith(_S_IRREGULAR):
        yield from _irregular(stem, changed(stem, final=""))
    elif final == "ㅂ" and (stem in _B_BOTH or not stem.endswith(_B_REGULAR)):
        yield from _bieup(stem)
        if stem in _B_BOTH:
            yield from _regular(stem)
    elif final == "ㅎ" and not stem.endswith(_H_REGULAR):
        yield from _hieut(stem)
    else:
        yield from _regular(stem)


def _vocalic(infinitive: str) -> Iterator[Base]:
    """The infinitive and the past made from it: 파 and 팠, 심어 and 심었."""
    yield Base(infinitive, "infinitive")
    yield Base(changed(infinitive, final="ㅆ"), "past")


def _codas(stem: str) -> Iterator[Base]:
    """Forms in which an ending is only a final consonant: 판, 팔, 팜."""
    for final, kind in (("ㄴ", "n"), ("ㄹ", "l"), ("ㅁ", "m")):
        yield Base(changed(stem, final=final), kind)


def _a_or_eo(stem: str) -> str:
    return stem + ("아" if parts(stem[-1])[1] in _BRIGHT else "어")


def _regular(stem: str) -> Iterator[Base]:
    yield Base(stem, "consonant")
    yield from _vocalic(_a_or_eo(stem))
    if stem.endswith("놓"):  # 놓아 and 놔
        yield from _vocalic(f"{stem[:-1]}놔")


def _after_vowel(stem: str) -> Iterator[Base]:
    yield Base(stem, "vowel")
    yield from _codas(stem)
    yield Base(changed(stem, final="ㅂ"), "b")
    for infinitive in _contracted(stem):
        yield from _vocalic(infinitive)


def _contracted(stem: str) -> list[str]:
    """The infinitives of a stem that ends in a vowel, contracted and, where both are written, in full."""
    initial, vowel, _ = parts(stem[-1])
    if stem[-1] == "하":
        return [stem[:-1] + "해", stem + "여"]
    if vowel == "ㅡ":
        return _without_eu(stem)
    if stem.endswith("푸") and len(stem) == 1:
        return ["퍼"]
    if vowel in "ㅏㅑㅓㅕ":
        return [stem]
    if vowel in "ㅐㅒㅔㅖㅞㅙ":
        return [stem, stem + "어"]
    joined = {"ㅗ": "ㅘ", "ㅜ": "ㅝ", "ㅣ": "ㅕ", "ㅚ": "ㅙ"}.get(vowel)
    full = [] if initial == "ㅇ" and vowel == "ㅗ" else [_a_or_eo(stem)]  # 와 but never 오아
    return ([changed(stem, vowel=joined)] if joined else []) + full


def _without_eu(stem: str) -> list[str]:
    before = stem[-2] if len(stem) > 1 and is_syllable(stem[-2]) else ""
    bright = bool(before) and parts(before)[1] in _BRIGHT
    if stem[-1] == "르" and before and not stem.endswith(_EU_REGULAR):
        doubled = changed(stem[:-1], final="ㄹ") + ("라" if bright else "러")
        return [stem + "러"] if stem in _REO_ONLY else [doubled, stem + "러"] if stem in _REO else [doubled]
    return [changed(stem, vowel="ㅏ" if bright else "ㅓ")]


def _rieul(stem: str) -> Iterator[Base]:
    short = changed(stem, final="")
    yield Base(stem, "rieul")
    yield Base(short, "dropped")
    yield Base(changed(stem, final="ㄴ"), "n")
    yield Base(changed(stem, final="ㅂ"), "b")
    yield Base(changed(stem, final="ㄻ"), "m")
    yield from _vocalic(_a_or_eo(stem))


def _irregular(stem: str, before_vowels: str) -> Iterator[Base]:
    """듣- before consonants, 들- before vowels; 짓-, 지-."""
    yield Base(stem, "closed")
    yield Base(before_vowels, "eu")
    yield from _vocalic(_a_or_eo(before_vowels))


def _bieup(stem: str) -> Iterator[Base]:
    open_ = changed(stem, final="")
    yield Base(stem, "closed")
    yield Base(open_ + "우", "open")
    yield from _codas(open_ + "우")
    yield from _vocalic(open_ + ("와" if stem in _B_BRIGHT else "워"))


def _hieut(stem: str) -> Iterator[Base]:
    open_ = changed(stem, final="")
    yield Base(stem, "closed")
    yield Base(open_, "open")
    yield from _codas(open_)
    vowel = parts(open_[-1])[1]
    fronted = (
        "ㅐ" if stem.endswith(_H_BRIGHTENED) else {"ㅏ": "ㅐ", "ㅑ": "ㅒ", "ㅓ": "ㅔ", "ㅕ": "ㅖ"}.get(vowel, "ㅐ")
    )
    yield from _vocalic(changed(open_, vowel=fronted))
