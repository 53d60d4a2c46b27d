"""Korean syllables: which particle follows a word, and which ending a stem.

A Hangul syllable is one code point, ``0xAC00 + (initial * 21 + vowel) * 28 + final``; final 0: it ends in its vowel.
Particles and endings come in pairs that depend on this final consonant alone (National Institute of Korean Language,
*Standard Korean Grammar*: 은/는, 이/가, 을/를, 과/와, 으로/로).
"""

from __future__ import annotations

_FIRST, _LAST = 0xAC00, 0xD7A3
FINALS: tuple[str, ...] = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_PARTICLES = {"은": "는", "이": "가", "을": "를", "과": "와", "으로": "로"}
_REGULAR_B = ("좁", "넓", "얇", "입", "잡", "뽑", "씹", "꼽")


def final_of(word: str) -> str:
    """The final consonant of the last syllable, "" when it ends in a vowel.

    Raises:
        ValueError: the word does not end in a Hangul syllable, so how it is spoken cannot be told.
    """
    if not word or not _FIRST <= ord(word[-1]) <= _LAST:
        raise ValueError(f"{word!r} does not end in a Hangul syllable; its final consonant cannot be told")
    return FINALS[(ord(word[-1]) - _FIRST) % 28]


def with_final(word: str, final: str) -> str:
    """The word with the final consonant of its last syllable replaced: ``("예쁘", "ㄹ")`` is 예쁠."""
    before = FINALS.index(final_of(word))
    return word[:-1] + chr(ord(word[-1]) - before + FINALS.index(final))


def with_particle(word: str, particle: str) -> str:
    """The word with its particle, named by the form that follows a consonant: ``("망치", "은")`` is 망치는.

    Raises:
        ValueError: the word does not end in Hangul, or the particle is not 은, 이, 을, 과 or 으로.
    """
    if particle not in _PARTICLES:
        raise ValueError(f"particle {particle!r} came; expected one of {', '.join(_PARTICLES)}")
    final = final_of(word)
    after_vowel = final == "" or (particle == "으로" and final == "ㄹ")  # 칼로, not 칼으로
    return word + (_PARTICLES[particle] if after_vowel else particle)


def formal(stem: str) -> str:
    """The formal statement of a stem: 예쁘 gives 예쁩니다, 맛있 gives 맛있습니다."""
    return f"{stem}습니다" if final_of(stem) else f"{with_final(stem, 'ㅂ')}니다"


def future(stem: str) -> str:
    """The form before 줄 or 것: 예쁘 gives 예쁠, 맛있 gives 맛있을, and the irregular 가볍 gives 가벼울."""
    final = final_of(stem)
    if final == "ㅂ" and not stem.endswith(_REGULAR_B):
        return f"{with_final(stem, '')}울"
    return f"{stem}을" if final else with_final(stem, "ㄹ")


def past(polite: str) -> str:
    """The past stem of a polite present: 예뻐요 gives 예뻤, 맛있어요 gives 맛있었.

    Raises:
        ValueError: the form does not end in a vowel and 요.
    """
    if not polite.endswith("요") or final_of(polite[:-1]):
        raise ValueError(f"{polite!r} came; expected a polite present such as 예뻐요")
    return with_final(polite[:-1], "ㅆ")
