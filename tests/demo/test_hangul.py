"""Particles and endings of the demo's Korean."""

from __future__ import annotations

import pytest

from hodu.demo.hangul import final_of, formal, future, past, with_final, with_particle


@pytest.mark.parametrize(
    ("word", "particle", "expected"),
    [
        ("망치", "은", "망치는"),
        ("톱", "은", "톱은"),
        ("의자", "이", "의자가"),
        ("우산", "이", "우산이"),
        ("시계", "을", "시계를"),
        ("삽", "을", "삽을"),
        ("카페", "과", "카페와"),
        ("호텔", "과", "호텔과"),
        ("망치", "으로", "망치로"),
        ("톱", "으로", "톱으로"),
        ("부엌칼", "으로", "부엌칼로"),  # after ㄹ too
        ("여행 가방", "은", "여행 가방은"),
    ],
)
def test_particle_follows_the_final_consonant(word: str, particle: str, expected: str) -> None:
    """The demo writes 망치은, which no Korean would, on the first page that a Korean user sees."""
    assert with_particle(word, particle) == expected


@pytest.mark.parametrize(("word", "particle"), [("hammer", "은"), ("", "은"), ("망치", "에서"), ("망치", "는")])
def test_particle_refuses_what_it_cannot_tell(word: str, particle: str) -> None:
    """A word whose sound is unknown silently gets a wrong particle."""
    with pytest.raises(ValueError, match=r"final consonant|particle"):
        with_particle(word, particle)


def test_final_consonant_is_read_and_replaced() -> None:
    """Syllables are put together wrongly: 예쁠 comes out as another syllable."""
    assert [final_of(word) for word in ("가", "각", "값", "힣")] == ["", "ㄱ", "ㅄ", "ㅎ"]
    assert with_final("예쁘", "ㄹ") == "예쁠"
    assert with_final("가볍", "") == "가벼"


@pytest.mark.parametrize(
    ("stem", "polite", "formal_form", "future_form", "past_form"),
    [
        ("예쁘", "예뻐요", "예쁩니다", "예쁠", "예뻤"),
        ("맛있", "맛있어요", "맛있습니다", "맛있을", "맛있었"),
        ("가볍", "가벼워요", "가볍습니다", "가벼울", "가벼웠"),
        ("좁", "좁아요", "좁습니다", "좁을", "좁았"),
        ("튼튼하", "튼튼해요", "튼튼합니다", "튼튼할", "튼튼했"),
        ("느리", "느려요", "느립니다", "느릴", "느렸"),
        ("고장 났", "고장 났어요", "고장 났습니다", "고장 났을", "고장 났었"),
    ],
)
def test_endings(stem: str, polite: str, formal_form: str, future_form: str, past_form: str) -> None:
    """The demo's Korean is conjugated wrongly: 가볍을, 예쁘습니다."""
    assert (formal(stem), future(stem), past(polite)) == (formal_form, future_form, past_form)


def test_past_refuses_what_is_no_polite_present() -> None:
    """A stem given by mistake becomes a word that does not exist."""
    with pytest.raises(ValueError, match="polite present"):
        past("예쁘")
