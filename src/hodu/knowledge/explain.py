"""The reason for an answer: the facts that lead from what a text mentions to it, as a tree for the terminal, as a picture, and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from hodu.knowledge.drawing import Edge, Node, Role, draw
from hodu.knowledge.plain import plain
from hodu.knowledge.select import Fact
from hodu.knowledge.verbalise import relation_label

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph
    from hodu.knowledge.link import Mention

_WORDS = {
    "ko": {"answer": "답", "because": "이유", "unknown": "모르겠습니다: 그래프의 사실로는 정해지지 않습니다"},
    "en": {
        "answer": "Answer",
        "because": "Because",
        "unknown": "I don't know: the facts of the graph do not decide it",
    },
}
_FACT, _TEXT = 300, 2000  # characters of a fact and of a text that are shown


def reason_tree(
    graph: CompiledGraph,
    mentions: Sequence[Mention],
    text: str,
    facts: Sequence[Fact],
    answer: int | None,
    language: str,
) -> Tree:
    """The text with its mentions, beneath each mention the facts that start from it, and the answer; ``answer`` None for "I don't know"."""
    facts = _once(facts)
    meant = _meant(mentions, facts, answer)
    tree = Tree(_marked(mentions, text, set(meant.values())))
    owners = _owners(facts, meant)
    branches: dict[int | None, Tree] = {}
    for entity, number in sorted(meant.items(), key=lambda one: one[1]):
        surface, name = plain(mentions[number].surface), plain(graph.label(entity, language))
        branches[entity] = tree.add(Text(name if surface == name else f"{surface} → {name}", style="bold cyan"))
    for fact, owner in zip(facts, owners, strict=True):
        branches.get(owner, tree).add(Text(_sentence(graph, fact, language)))
    words = _words(language)
    said = words["unknown"] if answer is None else f"{words['answer']}: {plain(graph.label(answer, language))}"
    tree.add(Text(said, style="bold yellow" if answer is None else "bold green"))
    return tree


def reason_svg(
    graph: CompiledGraph,
    mentions: Sequence[Mention],
    text: str,
    facts: Sequence[Fact],
    answer: int | None,
    language: str,
) -> str:
    """The facts as a picture: mentions on the left, the answer on the right, arrows from subject to object."""
    meant = _meant(mentions, facts, answer)
    entities = [entity for entity, _ in sorted(meant.items(), key=lambda one: one[1])]
    ends = [end for fact in facts for end in (fact.subject, fact.object)] + ([] if answer is None else [answer])
    entities = list(dict.fromkeys(entities + ends))
    places = {entity: place for place, entity in enumerate(entities)}
    nodes = []
    for entity in entities:
        name = plain(graph.label(entity, language))
        note = plain(mentions[meant[entity]].surface) if entity in meant else ""
        role: Role = "answer" if entity == answer else "mention" if entity in meant else "other"
        nodes.append(Node(name, f"“{note}”" if note and note.casefold() != name.casefold() else "", role))
    lines = [
        Edge(places[fact.subject], places[fact.object], relation_label(graph.relations[fact.relation], language))
        for fact in _once(facts)
    ]
    return draw(nodes, lines, _title(graph, text, answer, language))


def reason_page(
    graph: CompiledGraph,
    mentions: Sequence[Mention],
    text: str,
    facts: Sequence[Fact],
    answer: int | None,
    language: str,
) -> str:
    """A page that stands alone: the text, the answer, the picture, and the facts as sentences."""
    words, meant = _words(language), _meant(mentions, facts, answer)
    said = words["unknown"] if answer is None else plain(graph.label(answer, language))
    items = "\n".join(f"<li>{escape(_sentence(graph, fact, language))}</li>" for fact in _once(facts))
    reason = ""
    if items:
        picture = reason_svg(graph, mentions, text, facts, answer, language)
        reason = f"<figure>{picture}</figure>\n<h2>{words['because']}</h2>\n<ul>\n{items}\n</ul>\n"
    return f"""<!doctype html>
<html lang="{escape(plain(language, 20))}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(_title(graph, text, answer, language))}</title>
<style>{_STYLE}</style>
</head>
<body>
<p class="text">{_marked_up(mentions, text, set(meant.values()))}</p>
<p class="answer">{words["answer"]}: <strong>{escape(said)}</strong></p>
{reason}</body>
</html>
"""


_STYLE = """
:root{color-scheme:light dark}
body{font:17px/1.6 system-ui,-apple-system,"Apple SD Gothic Neo","Malgun Gothic","Noto Sans KR",sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;background:#fff;color:#18181b;overflow-wrap:anywhere}
.text{font-size:1.25em}mark{background:#dbeafe;color:inherit;border-bottom:2px dashed #1d4ed8}
.answer strong{display:inline-block;word-break:keep-all;border:3px solid #15803d;border-radius:1em;padding:.1em .7em;background:#dcfce7}
figure{margin:1.5rem 0;overflow-x:auto}figure svg{max-width:100%;height:auto}h2{font-size:1em}
@media (prefers-color-scheme:dark){body{background:#18181b;color:#fafafa}mark{background:#172554;border-color:#60a5fa}.answer strong{background:#052e16;border-color:#4ade80}}
"""


def _words(language: str) -> dict[str, str]:
    return _WORDS.get(language, _WORDS["en"])


def _once(facts: Sequence[Fact]) -> list[Fact]:
    """Each edge once, although two arms of a route may share it."""
    found: dict[tuple[int, int, int], Fact] = {}
    for fact in facts:
        found.setdefault((fact.subject, fact.relation, fact.object), fact)
    return list(found.values())


def _meant(mentions: Sequence[Mention], facts: Sequence[Fact], answer: int | None) -> dict[int, int]:
    """The entities that mentions were taken for, as the facts show, each with its first mention's place."""
    ends = {end for fact in facts for end in (fact.subject, fact.object)} - {answer}
    meant: dict[int, int] = {}
    for number, mention in enumerate(mentions):
        taken = next((candidate.entity for candidate in mention.candidates if candidate.entity in ends), None)
        if taken is not None:
            meant.setdefault(taken, number)
    return meant


def _owners(facts: Sequence[Fact], meant: dict[int, int]) -> list[int | None]:
    """For each fact the mentioned entity from which it is reached soonest, None where there is none."""
    nearest: dict[int, int] = {entity: entity for entity, _ in sorted(meant.items(), key=lambda one: one[1])}
    owners: list[int | None] = [None] * len(facts)
    reached = True
    while reached:
        reached, further = False, dict(nearest)
        for number, fact in enumerate(facts):
            near = [nearest[end] for end in (fact.subject, fact.object) if end in nearest]
            if near and owners[number] is None:
                owners[number], reached = min(near, key=lambda entity: meant[entity]), True
                further.setdefault(fact.subject, near[0])
                further.setdefault(fact.object, near[0])
        nearest = further
    return owners


def _sentence(graph: CompiledGraph, fact: Fact, language: str) -> str:
    return plain(graph.verbalise(fact.subject, fact.relation, fact.object, language), _FACT)


def _title(graph: CompiledGraph, text: str, answer: int | None, language: str) -> str:
    said = _words(language)["unknown"] if answer is None else plain(graph.label(answer, language))
    return f"{plain(text)} {said}"


def _pieces(mentions: Sequence[Mention], text: str, shown: set[int]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is a mention that the reason starts from."""
    pieces, last = [], 0
    for number in sorted(shown):
        mention = mentions[number]
        if last <= mention.start < mention.end <= _TEXT:
            pieces += [(text[last : mention.start], False), (text[mention.start : mention.end], True)]
            last = mention.end
    return [*pieces, (text[last:_TEXT] + ("…" if len(text) > _TEXT else ""), False)]


def _kept(piece: str) -> str:
    """A piece of text with the spaces at its ends."""
    inside = plain(piece, _TEXT + 1)
    before = " " if piece[:1].isspace() else ""
    return f"{before}{inside}{' ' if inside and piece[-1:].isspace() else ''}"


def _marked(mentions: Sequence[Mention], text: str, shown: set[int]) -> Text:
    said = Text()
    for piece, is_mention in _pieces(mentions, text, shown):
        said.append(_kept(piece), style="bold underline" if is_mention else "")
    return said


def _marked_up(mentions: Sequence[Mention], text: str, shown: set[int]) -> str:
    pieces = [(escape(_kept(piece)), is_mention) for piece, is_mention in _pieces(mentions, text, shown)]
    return "".join(f"<mark>{piece}</mark>" if is_mention else piece for piece, is_mention in pieces)
