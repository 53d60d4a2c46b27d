"""What may follow a stem, a noun or a number in the same Korean word, as sets of whole tails.

A surface form is a start of a word and the class of its tail: 파- with ``vowel`` stands for 파고, 파려고, 파는, 파시면 and some thousand more. So a verb takes about ten
entries in a compiled graph and not thousands, and checking a tail is one look-up. Classes are bits, in the order of ``TAILS``.
"""

from __future__ import annotations

from functools import cache

from hodu.knowledge.hangul import parts


def _words(text: str) -> frozenset[str]:
    return frozenset("" if word == "-" else word for word in text.split())


def _joined(*heads_and_tails: tuple[str, frozenset[str]]) -> frozenset[str]:
    return frozenset(head + tail for head, tails in heads_and_tails for tail in tails)


# Noun particles. A chain agrees with the sound before it at each link: 에서는, 만으로도, 들에게까지.
_ANYWHERE = _words(
    "의 에 에서 에게 에게서 한테 한테서 께 께서 도 만 까지 부터 마저 조차 처럼 보다 같이 마다 밖에 대로 하고 만큼 뿐 쯤 들 만으로 에서부터 에다 에다가 치고 커녕 마냥 뿐만아니라"
)
_AFTER_VOWEL = _words("는 가 를 와 로 나 라도 랑 며 야 든 든지 든가 로써 로서 로부터")
_AFTER_FINAL = _words("은 이 을 과 이나 이나마 이라도 이랑 이며 이란 이야 이든 이든지 이든가")
_LINKS = _words(
    "에 에서 에게 에게서 한테 한테서 께 로 으로 까지 부터 만 처럼 보다 마다 하고 와 과 들 마저 밖에 뿐 만큼 대로 쯤 만으로 에서부터 랑 이랑 로부터 으로부터"
)
_SECOND = _words(
    "는 은 가 이 를 을 도 만 의 까지 부터 조차 마저 밖에 로 으로 나 이나 라도 이라도 에 에서 에게 한테 와 과 처럼 보다 하고 뿐 다 들"
)
_COPULA = _words(
    "이다 이고 이며 이지만 이지 이죠 이었다 이었고 이었지만 이었는데 이었습니다 이었어요 이었던 입니다 입니까 인 인데 인데요 인지 인가 인가요 일 일까 일까요 일지 이잖아 이잖아요 이면 이라면 이니 이니까 이라 "
    "이라고 이라는 이라서 이어서 이므로 임 임을 이란 이네 이네요 이군요 이구나 이자 이던 이든 이신 이십니다 이세요 이야 이냐 이랍니다 이래요"
)
_COPULA_FINAL = _words("이에요 이예요")
_COPULA_VOWEL = _words(
    "예요 에요 잖아 잖아요 였다 였고 였지만 였는데 였습니다 였어요 였던 여서 다 고 라고 라는 라서 라면 면 지만 죠 네요 니까 냐 래요 랍니다 ㅂ니다"
)


def _particles(final: str) -> frozenset[str]:
    if final == "":
        return _ANYWHERE | _AFTER_VOWEL
    return _ANYWHERE | _AFTER_FINAL | _words("로 로써 로서 로부터" if final == "ㄹ" else "으로 으로써 으로서 으로부터")


@cache
def _chains(final: str, depth: int = 2) -> frozenset[str]:
    found = set(_particles(final))
    if depth > 1:
        for link in _LINKS & _particles(final):
            later = _chains(parts(link[-1])[2], depth - 1)
            allowed = later if link == "들" else {tail for tail in later if tail.startswith(tuple(_SECOND))}
            found |= {link + tail for tail in allowed}
            if link == "들":
                found |= {link + tail for tail in _COPULA | _COPULA_FINAL}
    return frozenset(found)


def _noun(final: str) -> frozenset[str]:
    return _chains(final) | _COPULA | (_COPULA_FINAL if final else _COPULA_VOWEL) | {""}


# Verb endings, by the sound with which they begin.
_NOMINAL = _words(
    "- 가 는 를 를 에 에는 로 로는 도 만 만을 만도 까지 까지는 보다 보다는 전에 때문에 위해 위해서 위한 위하여 라도 나 조차 의 와 쉽다 어렵다"
)
_PLAIN = _words(
    "다 다가 다가도 다고 다는 다면 다면서 다니 다니까 다며 고 고서 고는 고도 고자 고야 고요 고나 곤 지 지만 지마는 지요 죠 지도 지는 지를 지가 질 진 지마 지말고 지않고 지못하고 "
    "게 게끔 게도 게는 게요 도록 거나 거든 거든요 거니와 거라 건 건대 건만 던 던데 던가 던지 더니 더라 더라고 더라고요 더라도 더군요 더라면 자 자고 자마자 자는 자면 자면서 자니 "
    "기 구나 군 군요 구만 구먼 든 든지 든가 듯 듯이 다시피"
) | {f"기{tail}" for tail in _NOMINAL}
_SURELY = _words("잖아 잖아요 잖니 잖나 잖냐 잖습니까 잖은가")
_WISH = {  # often written as one word with the verb before it
    f"고싶{tail}"
    for tail in _words(
        "어 어요 어서 어도 어하는 어하다 어한다 어했다 어해 어하고 은 은데 은데요 은지 을 을까 을때 으면 으니 습니다 습니까 네 네요 대 대요 겠다 겠어요"
    )
}
_PLAIN |= _SURELY
_N = _words(
    "는 는데 는데요 는데도 는지 는지도 는지요 는지를 는가 는가요 는걸 는걸요 는구나 는군 는군요 는대로 는지라 느라 느라고 니 니까 니까요 냐 냐고 냐는 느냐 느냐고 네 네요 나 나요 나 노라"
)
_N_FINAL = _words(
    "는다 는다고 는다는 는다면 는다며 는다면서 는다니 는다니까 는답니다 는대 는대요 소 습니다 습니까 습니다만 습니다마는 습디다 사오니"
)
_U = _words(
    "면 면서 면서도 면은 면야 며 므로 려고 려고요 려고도 려는 려는데 려면 려 려다 려다가 려던 려니 려나 려거든 련다 렵니다 러 러도 러만 니 니까 니까요 나 나마 라 라고 라는 라며 라면 마 마고 되 자 소서 오"
)
_L = _words(
    "- 까 까요 까봐 까봐서 게 게요 께 께요 지 지도 지는 지를 지요 지라도 래 래요 수록 걸 걸요 텐데 텐데요 뿐 때 때는 때도 때마다 때에 거야 거예요 거다 것이다 뿐만 뿐만아니라 테니 테니까 만큼 만한 듯 듯이 듯한 는지 라고 라면 "
    "망정 뿐더러 쏘냐 세라 정도로"
)
_N_CODA = _words(
    "- 데 데요 데도 지 지도 지는 지를 지요 가 가요 걸 걸요 들 채 채로 만큼 듯 듯이 듯한 대로 적 적이 적도 뒤 뒤에 후 후에 다음 다음에 바 것 것을 것은 것이 것도 건 줄 즉 거야 거예요 체 척"
)
_N_CODA_VERB = _words("다 다고 다고요 다는 다는데 다면 다며 다면서 다니 다니까 답니다 대 대요")
_B = _words("니다 니다만 니다마는 니까 시다 시오 디다 죠")
_M = _noun("ㅁ")
_PAST = _words(
    "다 다가 다가도 다고 다고요 다는 다는데 다면 다며 다면서 다니 다니까 답니다 대 대요 던 던데 던가 던지 던 더니 더라 더라고 더라면 더라도 더군요 고 고요 고도 고는 지 지만 지마는 지요 죠 지도 지는 "
    "거든 거든요 거나 건 건만 는데 는데요 는데도 는지 는지도 는지를 는지요 는가 는가요 는걸 구나 군 군요 네 네요 나 나요 나 니 니까 냐 냐고 느냐 느냐고 노라 노라고 "
    "어 어요 어도 어서 어야 어야지 으면 으면서 으며 으므로 으니 으니까 으니까요 으나 으나마 으리라 으려나 습니다 습니까 습니다만 습니다마는 소 기 기에 기는 기도 기를 기가 기로 기때문에 기까지 든 든지 든가 듯 듯이 "
    "음 음을 음은 음이 음에 음에도 음으로 을 을까 을까요 을지 을지도 을걸 을걸요 을텐데 을텐데요 을때 을때는 을거야 을거예요 을것이다 을뿐 을테니 을테니까 을수록 을래"
)
_PAST |= _SURELY
_WISH |= {f"고싶{tail}" for tail in _PLAIN} | {f"고싶었{tail}" for tail in _PAST}
_PASTS = _PAST | {f"었{tail}" for tail in _PAST} | {f"겠{tail}" for tail in _PAST}
_WILL = {f"겠{tail}" for tail in _PAST}
_INFINITIVE = _words(
    "- 서 서는 서도 서야 서만 서요 서인지 선 요 도 도요 야 야지 야지요 야죠 야만 야겠다 야겠어요 야겠습니다 야겠지 야하는 야한다 야했다 라 라고 라도 다 다가 다가도 다오 지다 진다 졌다 져 져서 져요 진 질 지고 지면 지는 졌고 졌던 "
    "졌지만 졌는데 졌습니다 졌어요 집니다 봐 봐요 봐야 볼 볼까 볼까요 보니 보니까 보고 보다 보면 보자 보려고 보는 본 본다 봤다 봤고 봤는데 봤지만 봤던 봤습니다 봤어요 보았다 봅니다 봅시다 보세요 보십시오 주다 주고 주는 준 준다 줄 줄게 줄게요 주면 "
    "주세요 주려고 주려면 주니 주니까 줘 줘요 줘서 줬다 줬고 줬는데 줬지만 줬던 줬습니다 줬어요 주었다 주었습니다 줍니다 주십시오 버리다 버리고 버리는 버린 버린다 버릴 버렸다 버렸고 버렸는데 버렸지만 버렸습니다 버렸어요 버려 버려서 버려요 버립니다 놓다 놓고 놓은 놓는 "
    "놓았다 놨다 놨어 놨어요 놨고 놨는데 놨지만 놨잖아 놔 놔요 놓았습니다 놓으면 두다 두고 두는 둔 둔다 두면 뒀다 뒀어 뒀어요 뒀고 뒀는데 뒀습니다 두었다 둡니다"
)


def _honorific() -> frozenset[str]:
    return _joined(
        ("시", _PLAIN | _N | _U | _WILL),
        ("신", _N_CODA | _N_CODA_VERB),
        ("실", _L),
        ("십", _B),
        ("심", _M),
        ("셔", _INFINITIVE),
        ("셨", _PASTS),
        ("시어", _INFINITIVE),
        ("시었", _PASTS),
    ) | _words("세요 세 셔요")


@cache
def tails() -> dict[str, frozenset[str]]:
    """Each class of tails and all its tails; "" where the start alone is a word."""
    honorific = _honorific()
    open_ = _U | honorific
    plain = frozenset(_PLAIN | _WILL | _WISH)
    after_eu = frozenset(f"으{tail}" for tail in open_) | _joined(("은", _N_CODA), ("을", _L), ("음", _M))
    names = {
        "whole": frozenset({""}),
        "noun_vowel": _noun(""),
        "noun_final": _noun("ㄱ"),
        "noun_rieul": _noun("ㄹ"),
        "noun_any": _noun("") | _noun("ㄱ") | _noun("ㄹ"),
        "vowel": plain | _N | open_,
        "consonant": plain | _N | _N_FINAL | after_eu,
        "closed": plain | _N | _N_FINAL,
        "open": open_,
        "eu": after_eu,
        "rieul": plain | frozenset(tail for tail in _U if tail[0] not in "니나소오") | _L,
        "dropped": _N | honorific | {"나마", "소서", "오"},  # 노는, 노세요
        "infinitive": _INFINITIVE,
        "past": _PASTS,
        "n": _N_CODA | _N_CODA_VERB,
        "l": _L,
        "b": _B,
        "m": _M,
    }
    return names


TAILS: tuple[str, ...] = (
    *("whole", "noun_vowel", "noun_final", "noun_rieul", "noun_any"),
    *("vowel", "consonant", "closed", "open", "eu", "rieul", "dropped", "infinitive", "past", "n", "l", "b", "m"),
)
VERBAL = TAILS.index("vowel")  # this class and those after it: the tail belongs to the word's meaning, 팠다 and not 팠


def noun_tails(final: str) -> str:
    """The class of what may follow a noun that ends so."""
    return {"": "noun_vowel", "ㄹ": "noun_rieul"}.get(final, "noun_final")
