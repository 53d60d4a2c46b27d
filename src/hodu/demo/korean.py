"""Korean sentences of the demo world: its words and the ways in which a sentence reaches its verdict.

The verdict is the last word that the speaker has on the thing: in "예쁘지만 금방 고장 났다", what stands after "-지만".
"""

from __future__ import annotations

from collections.abc import Sequence

from hodu.demo.hangul import formal, future, past, with_particle
from hodu.demo.lexicon import Claim, Domain, Draw, Kind, words


def _adjectives(pairs: str) -> tuple[Claim, ...]:
    """Claims from "stem/polite, ...": a ``~`` stands for the stem where the polite form only adds to it."""
    split = [pair.split("/") for pair in words(pairs)]
    return tuple(Claim(stem, polite.replace("~", stem)) for stem, polite in split)


def _events(stems: str) -> tuple[Claim, ...]:
    """Claims from past stems, whose polite form is always the stem and 어요."""
    return tuple(Claim(stem, f"{stem}어요", event=True) for stem in words(stems))


PRAISE = _adjectives("좋/~아요, 훌륭하/훌륭해요")
COMPLAINT = _adjectives("실망스럽/실망스러워요, 형편없/~어요")

FOOD = Domain(
    things=words("국밥, 김치찌개, 비빔밥, 칼국수, 떡볶이, 불고기, 김밥, 잡채, 만두, 파전, 삼계탕, 갈비탕"),
    new_things=("냉면", "순두부찌개", "볶음밥", "닭갈비"),
    good=PRAISE
    + _adjectives("맛있/~어요, 고소하/고소해요, 신선하/신선해요, 푸짐하/푸짐해요")
    + _events("순식간에 동났, 온 가족을 웃게 했"),
    bad=COMPLAINT
    + _adjectives("맛없/~어요, 싱겁/싱거워요, 느끼하/느끼해요, 비리/비려요")
    + _events("배탈이 나게 했, 저녁을 다 망쳤"),
    old="지난번 {}",
    this="이번 것",
    asides=(
        "일요일 점심에 먹었어요.",
        "사촌이 계산했어요.",
        "물은 셀프였어요.",
        "그날은 날씨가 참 좋았어요.",
        "밖에는 비가 많이 왔어요.",
        "하루 종일 굶은 날이었어요.",
    ),
)
TOOL = Domain(
    things=words("망치, 드릴, 톱, 드라이버, 렌치, 사다리, 부엌칼, 삽, 줄자, 글루건, 예초기, 손전등"),
    new_things=("도끼", "갈퀴", "끌", "펜치"),
    good=PRAISE
    + _adjectives("튼튼하/튼튼해요, 가볍/가벼워요, 편리하/편리해요, 믿음직스럽/믿음직스러워요")
    + _events("십 년을 버텼, 손에 딱 맞았"),
    bad=COMPLAINT
    + _adjectives("약하/약해요, 무겁/무거워요, 불편하/불편해요, 엉성하/엉성해요")
    + _events("첫날 망가졌, 금방 고장 났"),
    old="예전에 쓰던 {}",
    this="새로 산 것",
    asides=(
        "삼월에 샀어요.",
        "지금은 창고에 걸려 있어요.",
        "아버지는 빨간색을 쓰세요.",
        "상자는 예뻤어요.",
        "창고가 늘 엉망이거든요.",
        "울타리를 만들던 중이었어요.",
    ),
)
OBJECT = Domain(
    things=words("주전자, 의자, 배낭, 우산, 스탠드, 선풍기, 매트리스, 이어폰, 시계, 여행 가방, 토스터, 책상"),
    new_things=("청소기", "알람 시계", "믹서기", "베개"),
    good=PRAISE
    + _adjectives("예쁘/예뻐요, 튼튼하/튼튼해요, 편하/편해요, 멋지/멋져요")
    + _events("몇 년을 써도 멀쩡했, 기대를 뛰어넘었"),
    bad=COMPLAINT
    + _adjectives("촌스럽/촌스러워요, 약하/약해요, 불편하/불편해요, 엉성하/엉성해요")
    + _events("금방 고장 났, 이틀 만에 부서졌"),
    old="전에 쓰던 {}",
    this="이번 것",
    asides=(
        "생일 선물로 받았어요.",
        "지금은 창가에 있어요.",
        "색은 회색이에요.",
        "가게 점원은 친절했어요.",
        "매장은 시끄러웠어요.",
        "저희 방은 작은 편이에요.",
    ),
)
SERVICE = Domain(
    things=words("호텔, 카페, 빵집, 수리점, 미용실, 약국, 치과, 식당, 세탁소, 헬스장, 서점, 펜션"),
    new_things=("우체국", "세차장", "꽃집", "은행"),
    good=PRAISE
    + _adjectives("친절하/친절해요, 깨끗하/깨끗해요, 빠르/빨라요, 꼼꼼하/꼼꼼해요")
    + _events("문제를 바로 해결해 줬, 덤까지 챙겨 줬"),
    bad=COMPLAINT
    + _adjectives("불친절하/불친절해요, 더럽/더러워요, 느리/느려요, 비싸/~요")
    + _events("한 시간이나 기다리게 했, 주문을 잊어버렸"),
    old="전에 가던 {}",
    this="이곳",
    asides=(
        "월요일에 다녀왔어요.",
        "역에서 가까워요.",
        "이모와 같이 갔어요.",
        "날씨가 정말 나빴어요.",
        "그날은 기분이 좋았어요.",
        "길에 사람이 많았어요.",
    ),
)
DOMAINS = (FOOD, TOOL, OBJECT, SERVICE)

_OPENERS = ("", "", "", "솔직히 ", "전체적으로 ", "역시 ", "결론부터 말하면 ", "다시 봐도 ")
_DEGREES = ("", "", "정말 ", "아주 ", "무척 ", "꽤 ", "참 ", "상당히 ")
_GLAD = ("다시 골라도 이것이에요", "고르기를 잘했어요", "누구에게나 권해요", "만족 그 자체예요")
_SORRY = ("다시는 안 골라요", "고른 것을 후회해요", "아무에게도 못 권해요", "만족과는 거리가 멀어요")
_PLAIN_STYLE = {
    "다시 골라도 이것이에요": "다시 골라도 이것이다",
    "고르기를 잘했어요": "고르기를 잘했다",
    "누구에게나 권해요": "누구에게나 권한다",
    "만족 그 자체예요": "만족 그 자체다",
    "다시는 안 골라요": "다시는 안 고른다",
    "고른 것을 후회해요": "고른 것을 후회한다",
    "아무에게도 못 권해요": "아무에게도 못 권한다",
    "만족과는 거리가 멀어요": "만족과는 거리가 멀다",
    "{topic} {stem}다고는 할 수 없어요": "{topic} {stem}다고는 할 수 없다",
    "{topic} {stem}다는 말과는 거리가 멀어요": "{topic} {stem}다는 말과는 거리가 멀다",
    "우리 가족 누구도 {thing} {stem}다고 하지 않아요": "우리 가족 누구도 {thing} {stem}다고 하지 않는다",
    "{thing} {future} 줄 알았는데 그렇지 않았어요": "{thing} {future} 줄 알았는데 그렇지 않았다",
    "{thing} {future} 것이라는 예상은 완전히 빗나갔어요": "{thing} {future} 것이라는 예상은 완전히 빗나갔다",
    "{thing} {future}까 봐 걱정했는데 괜한 걱정이었어요": "{thing} {future}까 봐 걱정했는데 괜한 걱정이었다",
    "{thing} {past}으면 좋았을 텐데요": "{thing} {past}으면 좋았을 텐데",
    "저도 같은 생각이에요": "나도 같은 생각이다",
    "정말 그래요": "정말 그렇다",
    "저는 그렇게 생각하지 않아요": "나는 그렇게 생각하지 않는다",
    "사실이 아니에요": "사실이 아니다",
    "제가 보기에는 {verdict}": "내가 보기에는 {verdict}",
    "물론 {stem}기는 하지만요": "물론 {stem}기는 하지만",
}
"""Set phrases in the plain style of a diary or a review (해라체), beside the polite one (해요체)."""


class _Scene:
    """One thing of one domain, and the forms that what is said of it can take."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.domain = draw.one(DOMAINS)
        self.noun = draw.thing(self.domain)
        self.thing = f"{draw.one(('이', '그', '우리' if self.domain is not FOOD else '이 집'))} {self.noun}"
        self.topic = with_particle(self.thing, "은")
        self.plain_style = draw.chance(0.3)

    def adjective(self, good: bool) -> Claim:
        return self.draw.claim(self.domain, self.noun, good=good, adjective=True)

    def claim(self, good: bool) -> Claim:
        """Praise or complaint: now and then by denying the opposite, now and then stressed."""
        if self.draw.chance(0.03):
            stem = f"{self.adjective(not good).text}지 않"
            return Claim(stem, f"{stem}아요", event=True)  # 않아요 takes no 정말 and is not denied again
        claim = self.draw.claim(self.domain, self.noun, good=good)
        if claim.event:
            return claim
        degree = self.draw.one(_DEGREES)
        return Claim(degree + claim.text, degree + claim.polite)

    def ends(self, claim: Claim) -> str:
        """The claim as the end of a sentence; one speaker does not mix the plain style with the polite ones."""
        if self.plain_style:
            return f"{claim.text}다"
        return self.draw.one((claim.polite, formal(claim.text), f"{claim.text}네요"))

    def phrase(self, polite: Sequence[str]) -> str:
        """One of these set phrases, in the speaker's style."""
        chosen = self.draw.one(polite)
        return _PLAIN_STYLE.get(chosen, chosen) if self.plain_style else chosen


def _then(claim: Claim) -> Claim:
    """The claim about an earlier time; events already are."""
    if claim.polite.endswith(("았어요", "었어요")) or (claim.event and not claim.polite.endswith("지 않아요")):
        return claim
    stem = past(claim.polite)
    return Claim(stem, f"{stem}어요", claim.event)


def _plain(scene: _Scene, good: bool) -> str:
    said = scene.ends(scene.claim(good))
    if scene.draw.chance(0.2):
        return f"{scene.topic} {said}. {scene.phrase(_GLAD if good else _SORRY)}"
    return f"{scene.draw.one(_OPENERS)}{scene.topic} {said}"


def _both(scene: _Scene, good: bool) -> str:
    first, second = scene.claim(good), scene.ends(scene.claim(good))
    pattern = scene.draw.one(
        ("{}고 {}", "{}고 게다가 {}", "{}기도 하고 {}") if not first.event else ("{}고 게다가 {}",)
    )
    return f"{scene.topic} {pattern.format(first.text, second)}"


def _negated(scene: _Scene, good: bool) -> str:
    stem = scene.adjective(not good).text
    pattern = scene.phrase(
        (
            "{opener}{topic} {denied}",
            "{opener}{topic} 전혀 {denied}",
            "{opener}{topic} 생각만큼 {denied}",
            "{opener}{topic} 결코 {denied}",
            "{topic} {stem}다고는 할 수 없어요",
            "{topic} {stem}다는 말과는 거리가 멀어요",
            "우리 가족 누구도 {thing} {stem}다고 하지 않아요",
        )
    )
    denied = scene.ends(Claim(f"{stem}지 않", f"{stem}지 않아요"))
    thing = with_particle(scene.thing, "이")
    return pattern.format(opener=scene.draw.one(_OPENERS), topic=scene.topic, denied=denied, stem=stem, thing=thing)


def _contrast(scene: _Scene, good: bool) -> str:
    conceded, verdict = scene.claim(not good), scene.ends(scene.claim(good))
    if scene.draw.chance(0.2):
        verdict = scene.phrase(_GLAD if good else _SORRY)
    elif scene.draw.chance(0.3):
        admitted = scene.adjective(not good).text
        return f"{scene.topic} {verdict}. " + scene.phrase(("물론 {stem}기는 하지만요",)).format(stem=admitted)
    pattern = scene.draw.one(
        (
            "{topic} {stem}지만 {verdict}",
            "{topic} {stem}지만 그래도 {verdict}",
            "비록 {topic} {stem}지만 {verdict}",
            "{topic} {ends}. 하지만 {verdict}",
            "{topic} {ends}. 그런데도 {verdict}",
        )
    )
    return pattern.format(topic=scene.topic, stem=conceded.text, ends=scene.ends(conceded), verdict=verdict)


def _expectation(scene: _Scene, good: bool) -> str:
    feared = scene.adjective(not good)
    verdict = scene.ends(_then(scene.claim(good)))
    pattern = scene.phrase(
        (
            "{thing} {future} 줄 알았는데 {verdict}",
            "{thing} {future} 줄 알았는데 그렇지 않았어요",
            "{thing} {future} 것 같았지만 막상 {verdict}",
            "{thing} {future} 것이라는 예상은 완전히 빗나갔어요",
            "{thing} {future}까 봐 걱정했는데 괜한 걱정이었어요" if good else "{thing} {past}으면 좋았을 텐데요",
        )
    )
    return pattern.format(
        thing=with_particle(scene.thing, "이"), future=future(feared.text), past=past(feared.polite), verdict=verdict
    )


def _comparison(scene: _Scene, good: bool) -> str:
    old = with_particle(scene.domain.old.format(scene.noun), "은")
    this = with_particle(scene.domain.this, "은")
    before, verdict = _then(scene.claim(not good)), scene.claim(good)
    if scene.draw.chance(0.3):
        return f"{this} {verdict.text}지만 {old} {scene.ends(before)}"
    joint = scene.draw.one(
        ("{old} {stem}는데 {this} {end}", "{old} {stem}지만 {this} {end}", "{old} {ends}. {this} {end}")
    )
    return joint.format(old=old, this=this, stem=before.text, ends=scene.ends(before), end=scene.ends(verdict))


def _hearsay(scene: _Scene, good: bool) -> str:
    who = scene.draw.one(("동생은", "다들", "후기에서는", "친구들은", "판매자는"))
    said = f"{who} 그 {with_particle(scene.noun, '이')}"
    if scene.draw.chance(0.35):
        agreed = scene.phrase(("저도 같은 생각이에요", "정말 그래요"))
        return f"{said} {scene.claim(good).text}다고 하던데 {agreed}"
    answer = scene.phrase(("저는 그렇게 생각하지 않아요", "사실이 아니에요", "제가 보기에는 {verdict}"))
    return f"{said} {scene.claim(not good).text}다고 하던데 " + answer.format(verdict=scene.ends(scene.claim(good)))


_FRAMES = {
    "plain": _plain,
    "both": _both,
    "negated": _negated,
    "contrast": _contrast,
    "expectation": _expectation,
    "comparison": _comparison,
    "hearsay": _hearsay,
}


def sentence(kind: Kind, good: bool, draw: Draw) -> str:
    """A Korean sentence of this kind that praises (or complains), at times with an aside before or after it."""
    scene = _Scene(draw)
    said = f"{_FRAMES[kind](scene, good)}{draw.one(('.', '.', '.', '!'))}"
    if scene.plain_style or not draw.chance(0.4):  # asides are in the polite style
        return said
    aside = draw.one(scene.domain.asides)
    return f"{aside} {said}" if draw.chance(0.5) else f"{said} {aside}"
