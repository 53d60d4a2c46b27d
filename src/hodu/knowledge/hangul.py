"""Korean syllables taken apart and put together, and how a written word ends when it is spoken.

A syllable is one code point, ``0xAC00 + (initial * 21 + vowel) * 28 + final``. (`hodu.demo.hangul` has a part of this for its
sentences; this folder must not import the demo, which needs torch.)
"""

from __future__ import annotations

import re

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS: tuple[str, ...] = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_FIRST, _LAST = 0xAC00, 0xD7A3
_BRACKETED = re.compile(r"(?<=\S)\s*[(\[（][^()\[\]（）]*[)\]）]\s*$")
_DIGITS = dict(zip("0123456789", ("ㅇ", "ㄹ", "", "ㅁ", "", "", "ㄱ", "ㄹ", "ㄹ", ""), strict=True))
_LETTERS = {"L": "ㄹ", "M": "ㅁ", "N": "ㄴ", "R": "ㄹ"}  # their names: 엘, 엠, 엔, 알; all others end in a vowel
_SOUNDS = (  # how loan words are written in Hangul: apple 애플, phone 폰, ring 링, book 북, cup 컵, robot 로봇, bus 버스
    (re.compile(r"(l|le|el)$"), "ㄹ"),
    (re.compile(r"(m|me|mb)$"), "ㅁ"),
    (re.compile(r"(n|ne|gn)$"), "ㄴ"),
    (re.compile(r"ng$"), "ㅇ"),
    (re.compile(r"[aeiou](ck|k|c)$"), "ㄱ"),
    (re.compile(r"[aeiou]p$"), "ㅂ"),
    (re.compile(r"[aeiou]t$"), "ㅅ"),
)


def words(text: str) -> tuple[str, ...]:
    """The words of a line: the way in which these files write down lists of Korean."""
    return tuple(text.split())


def is_syllable(character: str) -> bool:
    """Whether it is one whole Hangul syllable."""
    return _FIRST <= ord(character) <= _LAST


def parts(syllable: str) -> tuple[str, str, str]:
    """Initial, vowel and final ("" for none) of a syllable."""
    code = ord(syllable) - _FIRST
    return INITIALS[code // 588], VOWELS[code % 588 // 28], FINALS[code % 28]


def syllable(initial: str, vowel: str, final: str = "") -> str:
    """The syllable made of these."""
    return chr(_FIRST + (INITIALS.index(initial) * 21 + VOWELS.index(vowel)) * 28 + FINALS.index(final))


def changed(word: str, *, vowel: str | None = None, final: str | None = None) -> str:
    """The word with another vowel or final in its last syllable."""
    initial, old_vowel, old_final = parts(word[-1])
    return word[:-1] + syllable(initial, vowel or old_vowel, old_final if final is None else final)


def spoken_final(text: str) -> str:
    """The final consonant with which a written word ends in speech, "" for a vowel; also for digits and Latin letters.

    A bracketed remark at the end and closing marks are not spoken: 굴착기(포클레인) ends as 굴착기 does. What cannot be read counts as a vowel.
    """
    word = _BRACKETED.sub("", text.strip()).rstrip("\"'”’」』>)]}.,!?·… ")
    if not word:
        return ""
    last = word[-1]
    if is_syllable(last):
        return parts(last)[2]
    if last in _DIGITS:
        return _DIGITS[last]
    tail = re.search(r"[A-Za-z]+$", word)
    if not tail:
        return ""
    if tail[0].isupper() or len(tail[0]) == 1:  # spelled: GPU 지피유, URL 유아르엘
        return _LETTERS.get(last.upper(), "")
    return next((final for sound, final in _SOUNDS if sound.search(tail[0].lower())), "")
