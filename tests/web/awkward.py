"""A few hundred strings that readers of text trip over."""

from __future__ import annotations

import unicodedata
from random import Random

from hodu.demo.world import read_questions
from hodu.knowledge.hangul import words

_NOUNS = words("모종삽 굴착기 재봉틀 꽃 땅 집 나사 망치 톱 바늘 물뿌리개 tool trowel excavator sewing machine hammer")
_JOSA = words(
    "은 는 이 가 을 를 의 에 에서 으로 로 와 과 하고 만으로도 까지는 들에게서도 이었지만 였습니다 이라는 처럼 보다 밖에 ㅂ니다 일까요"
)
_VERBS = words(
    "팠다 파고 파려고 파는 팔 팠습니다 파시면 팠었고 심으려고 심어요 심었다 심기 심고서 지으려고 지었다 짓는 지을까 조였다 조이려면 자르다 잘랐다 자르려고 끓였다 끓이려고 "
    "썰었다 썰어서 꿰맸다 꿰매려고 닦았다 닦으려고 dug digging digs plant planting planted flowers build building built sews sewing"
)
_STRANGE = [
    "", " ", "\n", "\t꽃을\u3000심으려고\xa0땅을 팠다", "꽃을\u200b심으려고 땅을\u200d 팠다", "꽃\ufe0f을 심으려고 🌷땅을🌱 팠다", "👩‍🌾가 모종삽으로 꽃을 심었다", "🇰🇷 땅을 팠다 🙂",
    "ㅋㅋㅋ 땅을 팠다 ㅠㅠ", "ㄱㅏ나ㄷㅏ 땅을 팠닼ㅋ", "漢字 木材를 잘랐다", "大韓民國의 집을 지으려고 땅을 팠다", "ＴＲＯＷＥＬ ｔｏｏｌ １２３", "trowel's trowels' \"trowel\"", "C++ C# F# naïve café İstanbul ΣΊΣΥΦΟΣ ẞtraße ǅ",
    "땅을팠다", "땅을 팠다땅을 팠다", "땅은은 땅이가 땅를", "모종삽(꽃삽)으로 땅을 팠다.", "모종삽，굴착기、재봉틀。", "모종삽-굴착기/재봉틀_톱", "MOZONGSAP 모종삽MOZONG", "3모종삽 모종삽3 1꽃 꽃1을",
    "to plant flowers, they dug the ground", "PLANTING FLOWERS", "the the trowel of the the", "a\u0301 e\u0301 n\u0303 trowel\u0301", "\ufeff모종삽", "모종삽\u00ad으로", "<b>모종삽</b> & \"땅\"", "a" * 3000, "땅을 팠다 " * 200,
    "שלום عربي हिन्दी ไทย ქართული", "\u1100\u1161\u11a8 \u1112\u1161\u11ab글", "①②③ ½ ² Ⅷ ㈜ ㎏ ㉠", "모종삽\x00으로 \x1f땅을 \x85팠다", "꽃을  심으려고   땅을    팠다", "۱۲۳ ১২৩", "𝒯𝓇𝑜𝓌𝑒𝓁 𠮷 𠀀땅", "ﬁne ﬂower", "땅\u302e을 팠다",
]  # fmt: skip


def strings(count: int = 300, seed: int = 0) -> list[str]:
    """The same in every run: the strange ones, some of the world's questions cut, doubled and taken apart, and words put together by chance."""
    random = Random(seed)
    questions = [f"{one['text']} {one['question']}" for one in read_questions()]
    made = list(_STRANGE)
    while len(made) < count:
        text = random.choice(questions)
        match random.randrange(6):
            case 0:
                made.append(unicodedata.normalize("NFD", text))
            case 1:
                made.append(unicodedata.normalize("NFKD", text.upper()))
            case 2:
                place = random.randrange(len(text))
                made.append(text[:place] + random.choice("\u200b\u200d\ufeff\u0301ㅋ🙂漢  \t,") + text[place:])
            case 3:
                made.append(" ".join(random.choice(_NOUNS) + random.choice(_JOSA) for _ in range(4)))
            case 4:
                made.append(
                    " ".join(
                        random.choice(_NOUNS + _VERBS) + random.choice(["", ".", "?", "을", "s"]) for _ in range(6)
                    )
                )
            case _:
                made.append(text[random.randrange(4) :] + " " + random.choice(questions))
    return made
