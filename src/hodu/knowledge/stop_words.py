"""Words too common to mean an entity: labels among them stay linkable, but come last."""

from __future__ import annotations

from hodu.knowledge.hangul import words

STOP_WORDS = frozenset(
    words(
        "a about above after again against all am an and any are as at be because been before being below between both but by can could did do does doing down during each few for from further "
        "had has have having he her here hers him his how i if in into is it its just may me might more most must my no nor not now of off on once only or other our out over own same shall she "
        "should so some such than that the their them then there these they this those through to too under until up us very was we were what when where which while who whom why will with would you your "
        "것 거 수 때 등 및 또 또는 그리고 그러나 하지만 그런데 그래서 그 이 저 나 너 우리 저희 내 네 제 누구 무엇 무슨 어떤 어느 어디 언제 왜 어떻게 여기 거기 저기 이것 그것 저것 좀 더 잘 안 못 다 "
        "하다 되다 있다 없다 이다 아니다 않다 같다 보다 주다 가다 오다 말다 싶다 위해 위하다 대하다 통하다 따르다 의하다"
    )
)
