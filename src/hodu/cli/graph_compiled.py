"""``hodu graph compile``, ``hodu graph link`` and ``hodu graph facts``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.tree import Tree

from hodu.cli.plain import console, plain

if TYPE_CHECKING:
    from hodu.knowledge.compiled import CompiledGraph
    from hodu.knowledge.link import Mention

Compiled = Annotated[Path, typer.Argument(help="A compiled graph, from hodu graph compile.")]
Text = Annotated[str, typer.Argument(help="A sentence, Korean or English.")]


def add_compiled_commands(group: typer.Typer) -> None:
    """Adds the commands that make and read compiled graphs to the group ``hodu graph``."""
    group.command("compile")(compile_)
    group.command("link")(link)
    group.command("facts")(facts)


def compile_(
    graph: Annotated[str, typer.Argument(help="A graph: a folder or file of hodu graph build.")],
    out: Annotated[Path, typer.Option("--out", help="The file to make; it appears when everything is done.")],
) -> None:
    """Make the one file that linking, selecting and the phone read."""
    from hodu.knowledge.compile import compile_graph
    from hodu.knowledge.graph import KnowledgeGraph

    with KnowledgeGraph.open(graph, read_only=True) as opened:
        made = compile_graph(opened, out)
    if not made.triples:
        console(stderr=True).print(
            f"[yellow]{plain(graph)} has no fact[/]: what is compiled of it answers nothing; add facts: hodu graph add"
        )
    size = out.stat().st_size
    typer.echo(
        f"{out}: {len(made):,} entities, {made.triples:,} triples, {len(made.relations):,} relations, {size / 1e6:.1f} MB"
    )


def link(file: Compiled, text: Text) -> None:
    """Show what a text mentions, and what each mention may mean."""
    from hodu.knowledge.compiled import CompiledGraph
    from hodu.knowledge.link import link as find
    from hodu.knowledge.vocabulary import language_of

    graph = CompiledGraph.open(file)
    mentions = find(graph, text)
    if not mentions:
        typer.echo("no entity of the graph is mentioned")
        return
    table = Table("characters", "mention", "may mean", "score", "because it is", "id", box=None)
    for mention in mentions:
        for number, one in enumerate(mention.candidates):
            first = ("", "") if number else (f"{mention.start}-{mention.end}", mention.surface)
            label = graph.label(one.entity, language_of(text))
            table.add_row(*map(plain, (*first, label, f"{one.score:.2f}", one.reason, graph.iri(one.entity))))
    console().print(table)


def facts(
    file: Compiled,
    text: Text,
    relation: Annotated[
        str | None, typer.Option("--relation", help="The relation that is asked for: its label or IRI.")
    ] = None,
    hops: Annotated[int, typer.Option("--hops", min=1, max=4, help="Edges from a mention at most.")] = 2,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Facts at most.")] = 16,
) -> None:
    """Show the facts that a model would read beside a text, best first, and why each was chosen."""
    from hodu.knowledge.compiled import CompiledGraph
    from hodu.knowledge.link import link as find
    from hodu.knowledge.select import select
    from hodu.knowledge.vocabulary import language_of

    graph, language = CompiledGraph.open(file), language_of(text)
    mentions = find(graph, text)
    tree = Tree(plain(_marked(graph, text, mentions, language)))
    groups: dict[str, Tree] = {}
    for fact in select(graph, mentions, relation=relation, hops=hops, limit=limit):
        group = groups.setdefault(fact.reason, Tree(plain(fact.reason), style="dim"))
        sentence = graph.verbalise(fact.subject, fact.relation, fact.object, language)
        group.add(f"[not dim]{plain(sentence)}[/]  {fact.weight:.3f}")
    tree.children.extend(groups.values())
    console().print(tree)
    if not groups:
        typer.echo("the graph has no facts about this" if mentions else "no entity of the graph is mentioned")


def _marked(graph: CompiledGraph, text: str, mentions: list[Mention], language: str) -> str:
    """The text, and after each mention what it was taken for."""
    said, last = "", 0
    for mention in mentions:
        said += f"{text[last : mention.end]} [{graph.label(mention.candidates[0].entity, language)}]"
        last = mention.end
    return said + text[last:]
