"""Labels and sentences for the relations that ConceptNet names, in both languages."""

from __future__ import annotations

_ROWS = """
RelatedTo | related to | {subject} is related to {object} | 관련 | {subject}은(는) {object}와(과) 관련이 있다
FormOf | form of | {subject} is a form of {object} | 형태 | {subject}은(는) {object}의 한 형태이다
IsA | is a | {subject} is a kind of {object} | 종류 | {subject}은(는) {object}의 한 종류이다
InstanceOf | instance of | {subject} is an example of {object} | 사례 | {subject}은(는) {object}의 한 예이다
InheritsFrom | inherits from | {subject} inherits from {object} | 계승 | {subject}은(는) {object}에서 이어받는다
PartOf | part of | {subject} is part of {object} | 부분 | {subject}은(는) {object}의 부분이다
HasA | has | {subject} has {object} | 가짐 | {subject}에는 {object}이(가) 있다
UsedFor | used for | {subject} is used for {object} | 쓰임 | {subject}은(는) {object}에 쓰인다
CapableOf | capable of | {subject} can {object} | 할 수 있음 | {subject}은(는) {object}을(를) 할 수 있다
AtLocation | at location | {subject} is found at {object} | 장소 | {subject}은(는) {object}에 있다
LocatedNear | located near | {subject} is near {object} | 가까움 | {subject}은(는) {object} 가까이에 있다
LocationOfAction | location of action | {subject} happens at {object} | 행동의 장소 | {subject}은(는) {object}에서 일어난다
Causes | causes | {subject} causes {object} | 결과 | {subject}은(는) {object}을(를) 일으킨다
CausesDesire | causes desire | {subject} makes people want to {object} | 욕구 | {subject} 때문에 {object}을(를) 하고 싶어진다
Entails | entails | {subject} entails {object} | 함의 | {subject}에는 {object}이(가) 따른다
HasSubevent | has subevent | {object} happens during {subject} | 하위 사건 | {subject} 중에 {object}이(가) 일어난다
HasFirstSubevent | has first subevent | {subject} begins with {object} | 첫 단계 | {subject}은(는) {object}(으)로 시작한다
HasLastSubevent | has last subevent | {subject} ends with {object} | 마지막 단계 | {subject}은(는) {object}(으)로 끝난다
HasPrerequisite | has prerequisite | {subject} requires {object} | 전제 | {subject}에는 {object}이(가) 먼저 필요하다
HasProperty | has property | {subject} is {object} | 성질 | {subject}의 성질은 {object}이다
HasPainIntensity | has pain intensity | {subject} hurts with intensity {object} | 통증의 세기 | {subject}의 통증은 {object}이다
HasPainCharacter | has pain character | {subject} hurts in a way that is {object} | 통증의 성격 | {subject}의 통증은 {object}와(과) 같다
HasContext | has context | {subject} is said in the context of {object} | 문맥 | {subject}은(는) {object} 분야에서 쓰는 말이다
MotivatedByGoal | motivated by goal | {subject} is done for {object} | 목적 | {subject}의 목적은 {object}이다
ObstructedBy | obstructed by | {subject} is hindered by {object} | 방해 | {subject}은(는) {object} 때문에 막힌다
Desires | desires | {subject} wants {object} | 바람 | {subject}은(는) {object}을(를) 바란다
DesireOf | desire of | {subject} is a desire of {object} | 바라는 것 | {subject}은(는) {object}의 바람이다
CreatedBy | created by | {subject} is created by {object} | 만든 이 | {subject}은(는) {object}에 의해 만들어진다
MadeOf | made of | {subject} is made of {object} | 재료 | {subject}은(는) {object}(으)로 만들어진다
ReceivesAction | receives action | {subject} can be {object} | 받는 행동 | {subject}은(는) {object}의 대상이다
DefinedAs | defined as | {subject} is defined as {object} | 정의 | {subject}의 뜻은 {object}이다
SymbolOf | symbol of | {subject} is a symbol of {object} | 상징 | {subject}은(는) {object}의 상징이다
MannerOf | manner of | {subject} is a way to {object} | 방식 | {subject}은(는) {object}의 한 방식이다
SimilarTo | similar to | {subject} is similar to {object} | 비슷함 | {subject}은(는) {object}와(과) 비슷하다
Synonym | synonym of | {subject} means the same as {object} | 같은 말 | {subject}은(는) {object}와(과) 같은 말이다
Antonym | antonym of | {subject} is the opposite of {object} | 반대말 | {subject}은(는) {object}의 반대말이다
DistinctFrom | distinct from | {subject} is not {object} | 다름 | {subject}은(는) {object}와(과) 다르다
DerivedFrom | derived from | {subject} is derived from {object} | 파생 | {subject}은(는) {object}에서 나온 말이다
EtymologicallyRelatedTo | etymologically related to | {subject} shares its origin with {object} | 어원이 관련됨 | {subject}은(는) {object}와(과) 어원이 통한다
EtymologicallyDerivedFrom | etymologically derived from | {subject} comes from {object} | 어원 | {subject}의 어원은 {object}이다
NotCapableOf | not capable of | {subject} cannot {object} | 할 수 없음 | {subject}은(는) {object}을(를) 할 수 없다
NotDesires | does not desire | {subject} does not want {object} | 바라지 않음 | {subject}은(는) {object}을(를) 바라지 않는다
NotHasA | does not have | {subject} does not have {object} | 없음 | {subject}에는 {object}이(가) 없다
NotHasProperty | does not have property | {subject} is not {object} | 아닌 성질 | {subject}의 성질은 {object}이(가) 아니다
NotIsA | is not a | {subject} is not a kind of {object} | 종류가 아님 | {subject}은(는) {object}의 종류가 아니다
NotMadeOf | not made of | {subject} is not made of {object} | 재료가 아님 | {subject}은(는) {object}(으)로 만들어지지 않는다
NotUsedFor | not used for | {subject} is not used for {object} | 쓰이지 않음 | {subject}은(는) {object}에 쓰이지 않는다
"""


def _known() -> dict[str, dict[str, tuple[str, str]]]:
    rows = (line.split(" | ") for line in _ROWS.strip().splitlines())
    return {name: {"en": (label, template), "ko": (ko, ko_template)} for name, label, template, ko, ko_template in rows}


KNOWN = _known()
"""Name → language → label and template."""
