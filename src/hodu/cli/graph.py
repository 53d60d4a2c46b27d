"""``hodu graph``: make, check, show and edit a knowledge graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from hodu.cli.plain import console, plain

if TYPE_CHECKING:
    from hodu.knowledge import KnowledgeGraph, Report, Triple
    from hodu.knowledge.build import Progress

graph = typer.Typer(help="Make, check, show and edit a knowledge graph.", no_args_is_help=True)

Graph = Annotated[
    str,
    typer.Argument(
        metavar="GRAPH",
        help="A folder, a file (.ttl, .nt, .nq; others are read only), or the URL of a SPARQL endpoint.",
    ),
]
Subject = Annotated[str, typer.Argument(help="A label or an id.")]


@graph.command()
def build(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...",
            help="CSV or TSV (subject, relation, object, weight, source), ConceptNet's assertions, N-Triples, Turtle, JSON-LD; .gz too.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="A file (.ttl, .nt, .nq), or a folder for millions of facts. It appears when everything is done.",
        ),
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the graph that is there.")] = False,
    skip_bad_rows: Annotated[
        bool, typer.Option("--skip-bad-rows", help="Leave rows out that cannot be read, and count them.")
    ] = False,
    columns: Annotated[
        str | None,
        typer.Option("--columns", help="What a table without a header holds: relation,subject,object,weight"),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option("--language", help="Of the labels in tables. Default: ko for those with Hangul, en for others."),
    ] = None,
    conceptnet_languages: Annotated[
        str, typer.Option("--conceptnet-languages", help="The concepts to take from ConceptNet's assertions.")
    ] = "ko,en",
) -> None:
    """Make a graph of tables, ConceptNet or RDF files."""
    from hodu.knowledge import build as make

    screen = console(stderr=True)
    with _Shown(screen, sources) as progress:
        made = make(
            sources,
            out,
            overwrite=overwrite,
            skip_bad_rows=skip_bad_rows,
            columns=None if columns is None else [name.strip() for name in columns.split(",")],
            language=language,
            conceptnet_languages=[name.strip() for name in conceptnet_languages.split(",") if name.strip()],
            progress=progress,
        )
    if made.left_out:
        screen.print(f"[yellow]{made.left_out:,} bad rows left out[/], the first of them:")
        for fault in made.first_faults:
            screen.print(f"  · {plain(fault)}")
    if made.values:
        screen.print(
            f"[yellow]statements that end in a text or a number and not in a thing: {made.values:,}[/]; they are kept, but no model reads them"
        )
    screen.print(f"{made.out}: {made.facts:,} facts read, {made.statements:,} statements with labels and weights")


class _Shown:
    """A bar for each file while it is read; nothing where nobody looks."""

    def __init__(self, console: Console, sources: list[Path]) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}% {task.fields[statements]:,} statements"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks = {
            path: self._bars.add_task(plain(path.name), total=path.stat().st_size or 1, statements=0, visible=False)
            for path in sources
            if path.is_file()
        }

    def __enter__(self) -> Progress:
        self._bars.start()

        def progress(path: Path, done: int, statements: int) -> None:
            self._bars.update(self._tasks[path], completed=done, statements=statements, visible=True)

        return progress

    def __exit__(self, *_: object) -> None:
        self._bars.stop()


@graph.command()
def check(
    name: Graph,
    shapes: Annotated[Path | None, typer.Option("--shapes", help="SHACL shapes to check as well.")] = None,
) -> None:
    """Look for what is wrong in a graph; exit status 1 if there are errors."""
    from hodu.knowledge import KnowledgeGraph
    from hodu.knowledge import check as look

    with KnowledgeGraph.open(name, read_only=True) as opened:
        report = look(opened, shapes=shapes)
    _print_report(report)
    if not report.ok:
        raise typer.Exit(1)


def _print_report(report: Report) -> None:
    screen = console()
    for severity, colour in (("error", "red"), ("warning", "yellow")):
        found = [one for one in report.findings if one.severity == severity]
        if not found:
            continue
        table = Table(
            "how many",
            "what",
            "examples",
            title=f"[bold {colour}]{severity}s[/]",
            title_justify="left",
            show_lines=True,
        )
        for one in found:
            examples = "\n".join(plain(example) for example in one.examples)
            more = f"\n… and {one.count - len(one.examples):,} more" if one.count > len(one.examples) else ""
            table.add_row(
                f"{one.count:,}", f"[bold]{plain(one.title)}[/]\n[dim]{plain(one.advice)}[/]", examples + more
            )
        screen.print(table)
    size = f"{report.entities:,} entities, {report.facts:,} facts, {report.relations:,} relations, {report.classes:,} classes"
    errors, warnings = (sum(one.count for one in some) for some in (report.errors, report.warnings))
    screen.print(
        f"{plain(report.name)}: {size}; {errors:,} errors, {warnings:,} warnings ({report.seconds:.1f} s)",
    )


@graph.command()
def show(
    name: Graph,
    label: Annotated[str, typer.Argument(help="The label or the id of an entity, relation or class.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="Facts to show, each way.")] = 50,
) -> None:
    """Show what a graph says about a thing: labels, classes and facts."""
    from itertools import islice

    from hodu.knowledge import KnowledgeGraph
    from hodu.knowledge.lookup import look_up

    screen = console()
    with KnowledgeGraph.open(name, read_only=True) as opened:
        for number, id in enumerate(look_up(opened, label)):
            if number:
                screen.print()
            screen.print(f"[bold]{plain(_name(opened, id))}[/]  [dim]{plain(id)}[/]")
            for one in opened.labels(id):
                screen.print(
                    f"  {one.language or '-':<3} {plain(one.text)}{'' if one.preferred else ' [dim](alias)[/]'}"
                )
            for word in sorted(one.text for named, one in opened.question_words() if named == id):
                screen.print(f"  asked for by {plain(word)!r}")
            for of in opened.classes(id):
                screen.print(f"  is of class {plain(_name(opened, of))}")
            for facts in (opened.triples(subject=id), opened.triples(object=id), opened.triples(relation=id)):
                for fact in sorted(islice(facts, limit), key=lambda one: (one.relation, one.subject, one.object)):
                    screen.print("  " + plain(_said(opened, fact)))


def _said(opened: KnowledgeGraph, fact: Triple) -> str:
    about = [f"weight {fact.weight:g}"] if fact.weight != 1 else []
    about += [fact.source] if fact.source else []
    words = " · ".join(_name(opened, id) for id in (fact.subject, fact.relation, fact.object))
    return words + (f"  ({', '.join(about)})" if about else "")


def _name(opened: KnowledgeGraph, id: str) -> str:
    from hodu.knowledge.vocabulary import name_in

    labels = opened.labels(id)
    return labels[0].text if labels else name_in(id)


@graph.command()
def add(
    name: Graph,
    subject: Subject,
    relation: Subject,
    object: Subject,
    weight: Annotated[float, typer.Option("--weight", help="How sure or how typical.")] = 1.0,
    source: Annotated[str | None, typer.Option("--source", help="Where it is from.")] = None,
    new: Annotated[
        bool, typer.Option("--new", help="Make the entities and the relation that are not there yet.")
    ] = False,
) -> None:
    """Add one fact, or give the one that is there another weight. The relation rdf:type gives a thing a class; skos:altLabel, hodu:questionWord and hodu:template give it another name, a question word or a sentence."""
    from hodu.errors import GraphError
    from hodu.knowledge import KnowledgeGraph, Triple
    from hodu.knowledge.lookup import TEXTS, ends_of

    if relation in TEXTS and (weight != 1 or source is not None):
        raise GraphError(f"{relation} adds a text, which has no weight and no source; leave out --weight and --source")
    with KnowledgeGraph.open(name) as opened:
        if relation in TEXTS:
            _add_text(opened, subject, relation, object)
            return
        ends = ends_of(opened, subject, relation, object, new=new)
        opened.add(*ends, weight=weight, source=source)
        fact = Triple(ends[0], ends[1], ends[2], weight, source)
        doubts = _doubts(opened, fact)
        doubts += [
            f"the graph says so already, the other way round: {_said(opened, one)}" for one in _by_inverse(opened, fact)
        ]
        _tell(f"added: {_said(opened, fact)}", doubts)


def _add_text(graph: KnowledgeGraph, subject: str, what: str, text: str) -> None:
    from hodu.knowledge.lookup import check_text, text_of
    from hodu.knowledge.vocabulary import language_of

    id, predicate = text_of(graph, subject, what, new=True)
    check_text(graph, id, what, text)
    language, classes = language_of(text), graph.schema.classes
    first = what == "hodu:questionWord" and id in classes
    first = first and not any(one in classes and label.language == language for one, label in graph.question_words())
    graph.add_text(id, predicate, text, language)
    doubt = (
        f"it is the first question word of a class in {language}: from now on what has no such word and is no class's name "
        '(which color, how much, when) gets "I don\'t know". Give the other classes theirs, too'
    )
    _tell(f"added: {subject} {what} {text!r}", [doubt] if first else [])


def _tell(said: str, doubts: list[str]) -> None:
    console().print(plain(said))
    for doubt in doubts:
        console(stderr=True).print(f"[yellow]but[/] {plain(doubt)}")


def _by_inverse(graph: KnowledgeGraph, fact: Triple) -> list[Triple]:
    """The same as the graph says it by inverse relations."""
    relations = graph.schema.relations
    inverse = {id for id, one in relations.items() if one.inverse == fact.relation}
    inverse |= {relations[fact.relation].inverse or ""} if fact.relation in relations else set()
    found = [one for id in sorted(inverse - {""}) for one in graph.triples(fact.object, id, fact.subject)]
    return [one for one in found if (one.subject, one.relation) != (fact.subject, fact.relation)]


def _doubts(graph: KnowledgeGraph, fact: Triple) -> list[str]:
    """What a fact's ends are not, and its relation asks for."""
    from hodu.knowledge.ends import misfits

    found = []
    for end, what in (("domain", fact.subject), ("range", fact.object)):
        for *_, asked in misfits(graph, end, fact):
            name, kind, relation = (_name(graph, id) for id in (what, asked[1:-1], fact.relation))
            found.append(
                f"{name} is no {kind}, which the {end} of {relation!r} is, and hodu graph check says that this is wrong. "
                f"If it is one: hodu graph add {graph.name} {name!r} rdf:type {kind!r}"
            )
    return found


@graph.command()
def remove(name: Graph, subject: Subject, relation: Subject, object: Subject) -> None:
    """Remove one fact, or one name, question word or sentence."""
    from hodu.knowledge import KnowledgeGraph, Triple
    from hodu.knowledge.lookup import TEXTS, ends_of, text_of

    with KnowledgeGraph.open(name) as opened:
        if relation in TEXTS:
            opened.remove_text(*text_of(opened, subject, relation, new=False), object)
            _tell(f"removed: {subject} {relation} {object!r}", [])
            return
        ends = ends_of(opened, subject, relation, object)
        opened.remove(*ends)
        fact = Triple(ends[0], ends[1], ends[2])
        still = [
            f"the graph still says so, the other way round: {_said(opened, one)}" for one in _by_inverse(opened, fact)
        ]
        _tell(f"removed: {_said(opened, fact)}", still)
