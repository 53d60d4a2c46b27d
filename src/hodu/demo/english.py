"""English sentences of the demo world: its words and the ways in which a sentence reaches its verdict.

The verdict is the last word that the speaker has on the thing: in "ugly, but it works", what stands after "but".
"""

from __future__ import annotations

from hodu.demo.lexicon import Claim, Domain, Draw, Kind, words


def _claims(adjectives: str, events: str) -> tuple[Claim, ...]:
    return (
        *(Claim(text) for text in words(adjectives)),
        *(Claim(text, event=True) for text in words(events)),
    )


PRAISE = _claims("great, wonderful", "")
COMPLAINT = _claims("bad, disappointing", "")

FOOD = Domain(
    things=words("soup, pizza, stew, bread, curry, salad, fried rice, sandwich, pie, steak, fish, pasta"),
    new_things=("omelette", "risotto", "pancake", "lasagne"),
    good=PRAISE + _claims("delicious, tasty, fresh, satisfying", "tasted like home, made everyone ask for more"),
    bad=COMPLAINT + _claims("bland, stale, greasy, tasteless", "gave me a stomach ache, ended up in the bin"),
    old="last {}",
    this="this one",
    asides=(
        "We ordered it on Sunday.",
        "My cousin paid for it.",
        "It came with a glass of water.",
        "The weather was lovely that evening.",
        "It was raining hard outside.",
        "I had been hungry all day.",
    ),
    verb="was",
)
TOOL = Domain(
    things=words(
        "hammer, drill, saw, screwdriver, wrench, ladder, kitchen knife, shovel, tape measure, glue gun, lawn mower, torch"
    ),
    new_things=("axe", "rake", "chisel", "pair of pliers"),
    good=PRAISE
    + _claims("sturdy, reliable, handy, easy to use", "does the job every time, survived a fall from the roof"),
    bad=COMPLAINT + _claims("flimsy, unreliable, clumsy, hard to use", "broke on the first day, slips all the time"),
    old="old {}",
    this="the new one",
    asides=(
        "I bought it in March.",
        "It hangs in the garage now.",
        "My father has a red one.",
        "The box was pretty.",
        "My old shed is a mess.",
        "We were building a fence.",
    ),
    verb="is",
)
OBJECT = Domain(
    things=words(
        "kettle, chair, backpack, umbrella, desk lamp, fan, mattress, headset, watch, suitcase, toaster, bookshelf"
    ),
    new_things=("vacuum cleaner", "alarm clock", "blender", "pillow"),
    good=PRAISE + _claims("pretty, practical, sturdy, reliable", "works like a charm, makes life easier"),
    bad=COMPLAINT + _claims("ugly, impractical, flimsy, overpriced", "broke within a week, arrived with a crack"),
    old="previous {}",
    this="this one",
    asides=(
        "It was a birthday present.",
        "It stands next to the window.",
        "The colour is grey.",
        "The man at the till was friendly.",
        "The shop was noisy.",
        "Our room is small.",
    ),
    verb="is",
)
SERVICE = Domain(
    things=words(
        "hotel, café, bakery, repair shop, hair salon, pharmacy, dentist, restaurant, laundry, gym, bookshop, guest house"
    ),
    new_things=("post office", "car wash", "flower shop", "bank"),
    good=PRAISE + _claims("friendly, clean, fast, helpful", "solved my problem at once, treated us like family"),
    bad=COMPLAINT + _claims("rude, dirty, slow, careless", "kept us waiting for an hour, lost my order"),
    old="other {}",
    this="this one",
    asides=(
        "We went there on a Monday.",
        "It is near the station.",
        "My aunt came along.",
        "The weather was terrible.",
        "I was in a good mood.",
        "The street was crowded.",
    ),
    verb="is",
)
DOMAINS = (FOOD, TOOL, OBJECT, SERVICE)

_OPENERS = ("", "", "", "Honestly, ", "All in all, ", "I must say ", "To be fair, ", "In the end ", "As always, ")
_DEGREES = ("", "", "", "really ", "so ", "quite ", "truly ")
_GLAD = ("I would choose it again", "I am glad we tried it", "I recommend it to everyone", "I am more than happy")
_SORRY = ("I would not choose it again", "I regret it", "I cannot recommend it to anyone", "I am anything but happy")


class _Scene:
    """One thing of one domain, and the clauses that can be made about it."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.domain = draw.one(DOMAINS)
        self.noun = draw.thing(self.domain)
        self.verb = self.domain.verb
        self.thing = f"{draw.one(('the', 'this', 'our' if self.domain in (FOOD, SERVICE) else 'my'))} {self.noun}"
        self.old = f"the {self.domain.old.format(self.noun)}"

    def adjective(self, good: bool) -> str:
        return self.draw.claim(self.domain, self.noun, good=good, adjective=True).text

    def says(self, subject: str, good: bool, verb: str | None = None) -> str:
        """A clause that praises or complains: now and then by denying the opposite."""
        verb = verb or self.verb
        if self.draw.chance(0.03):
            return f"{subject} {verb} not {self.adjective(not good)}"
        claim = self.draw.claim(self.domain, self.noun, good=good)
        if claim.event:
            return f"{subject} {claim.text}"
        return f"{subject} {verb} {self.draw.one(_DEGREES)}{claim.text}"


def _plain(scene: _Scene, good: bool) -> str:
    if scene.draw.chance(0.2):
        return f"{scene.draw.one(_GLAD if good else _SORRY)}, because {scene.says(scene.thing, good)}"
    return scene.draw.one(_OPENERS) + scene.says(scene.thing, good)


def _both(scene: _Scene, good: bool) -> str:
    if scene.draw.chance(0.3):
        return f"{scene.thing} {scene.verb} not only {scene.adjective(good)}, {scene.says('it', good)} as well"
    joint = scene.draw.one((" and {}", ", and besides, {}", ". What is more, {}"))
    return scene.says(scene.thing, good) + joint.format(scene.says("it", good))


def _negated(scene: _Scene, good: bool) -> str:
    pattern = scene.draw.one(
        (
            "{opener}{thing} {verb} not {word}",
            "{opener}{thing} {verb} not {word} at all",
            "{opener}{thing} {verb} by no means {word}",
            "{opener}{thing} {verb} far from {word}",
            "{opener}{thing} {verb} anything but {word}",
            "I would not call {thing} {word}",
            "nobody in my family finds {thing} {word}",
            "there is nothing {word} about {thing}",
        )
    )
    opener = scene.draw.one(_OPENERS)
    return pattern.format(opener=opener, thing=scene.thing, verb=scene.verb, word=scene.adjective(not good))


def _contrast(scene: _Scene, good: bool) -> str:
    verdict = scene.draw.one(_GLAD if good else _SORRY) if scene.draw.chance(0.2) else scene.says("it", good)
    conceded = scene.says(scene.thing, not good)
    if scene.draw.chance(0.35):
        order = scene.draw.one(("{}, even though {}", "{}, although {}", "{}, despite the fact that {}"))
        return order.format(scene.says(scene.thing, good), scene.says("it", not good))
    order = scene.draw.one(
        ("{}, but {}", "{}. Still, {}", "although {}, {}", "{}, yet {}", "it is true that {}, but {}")
    )
    return order.format(conceded, verdict)


def _expectation(scene: _Scene, good: bool) -> str:
    feared = scene.adjective(not good)
    pattern = scene.draw.one(
        (
            "I expected {thing} to be {feared}, but {verdict}",
            "I thought {thing} would be {feared}, but it was not",
            "{thing} was supposed to be {feared}. In fact {verdict}",
            "who said {thing} would be {feared}? It turned out quite the opposite",
            "I was afraid for nothing that {thing} would be {feared}" if good else "I wish {thing} were {feared}",
            "{thing} turned out less {feared} than I had feared"
            if good
            else "{thing} turned out less {feared} than I had hoped",
        )
    )
    return pattern.format(thing=scene.thing, feared=feared, verdict=scene.says("it", good))


def _comparison(scene: _Scene, good: bool) -> str:
    old, this = scene.says(scene.old, not good, "was"), scene.says(scene.domain.this, good)
    pattern = scene.draw.one(("{old}, but {this}", "{old}. Not so this time: {this}", "{this}, while {old}"))
    return pattern.format(old=old, this=this)


def _hearsay(scene: _Scene, good: bool) -> str:
    said = f"the {scene.noun}"
    who = scene.draw.one(
        ("my sister says", "everyone says", "the reviews said", "my friends think", "the seller told me")
    )
    if scene.draw.chance(0.35):
        return f"{who} {scene.says(said, good)}, and I agree"
    answer = scene.draw.one((". I do not agree at all", ", which is simply not true", ", but in my view {verdict}"))
    return f"{who} {scene.says(said, not good)}" + answer.format(verdict=scene.says("it", good))


_FRAMES = {
    "plain": _plain,
    "both": _both,
    "negated": _negated,
    "contrast": _contrast,
    "expectation": _expectation,
    "comparison": _comparison,
    "hearsay": _hearsay,
}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def sentence(kind: Kind, good: bool, draw: Draw) -> str:
    """An English sentence of this kind that praises (or complains), at times with an aside before or after it."""
    scene = _Scene(draw)
    said = ". ".join(_capital(part) for part in _FRAMES[kind](scene, good).split(". "))
    said += draw.one((".", ".", ".", "!"))
    if not draw.chance(0.3):
        return said
    aside = draw.one(scene.domain.asides)
    return f"{aside} {said}" if draw.chance(0.5) else f"{said} {aside}"
