"""From files to a graph, and what is said of files that cannot be read."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from hodu.errors import DataError, HoduError, OutputError
from hodu.knowledge import KnowledgeGraph, Label, Triple, build

E, R = "urn:hodu:entity:", "urn:hodu:relation:"
TABLE = (
    "subject\trelation\tobject\tweight\tsource\ntrowel\tUsedFor\tplanting flowers\t0.5\tme\n굴착기\t쓰임\t집 짓기\t\t\n"
)


def facts(out: Path) -> set[Triple]:
    with KnowledgeGraph.open(out, read_only=True) as graph:
        return set(graph.triples())


def write(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def test_a_table(tmp_path: Path) -> None:
    """A spreadsheet loses its weights, its Korean, or the languages of its labels."""
    built = build([write(tmp_path / "a.tsv", TABLE)], tmp_path / "g.ttl")
    assert (built.facts, built.left_out) == (2, 0)
    with KnowledgeGraph.open(tmp_path / "g.ttl") as graph:
        trowel = Triple(f"{E}trowel", f"{R}UsedFor", f"{E}planting%20flowers", 0.5, "me")
        korean = next(graph.triples(relation=f"{R}%EC%93%B0%EC%9E%84"))
        assert set(graph.triples()) == {trowel, korean}
        assert graph.labels(korean.subject) == (Label("굴착기", "ko", True),)
        assert graph.labels(trowel.object) == (Label("planting flowers", "en", True),)
        used = next(one for one in graph.relations() if one.id == trowel.relation)
        assert used.templates == {"en": "{subject} is used for {object}", "ko": "{subject}은(는) {object}에 쓰인다"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", '주어,관계,목적어\n"모종삽",쓰임,꽃 심기\n'),
        ("a.csv", "\ufeffhead,relation,tail\r\n모종삽,쓰임,꽃 심기\r\n"),
        ("a.tsv", "relation\thead\ttail\n쓰임\t모종삽\t꽃 심기\n"),
        ("a.csv", "source,target,relation\n모종삽,꽃 심기,쓰임\n"),
        ("a.tsv", "Subject\tPredicate\tObject\nurn:hodu:entity:%EB%AA%A8%EC%A2%85%EC%82%BD\t쓰임\t 꽃  심기 \n"),
    ],
)
def test_usual_columns(tmp_path: Path, name: str, text: str) -> None:
    """A table is refused for calling its columns head and tail, or in Korean; or its ends are swapped."""
    build([write(tmp_path / name, text)], tmp_path / "g.nt")
    (fact,) = facts(tmp_path / "g.nt")
    with KnowledgeGraph.open(tmp_path / "g.nt") as graph:
        assert fact.subject == f"{E}%EB%AA%A8%EC%A2%85%EC%82%BD"
        assert graph.labels(fact.relation)[0].text == "쓰임" and graph.labels(fact.object)[0].text == "꽃 심기"


def test_a_table_without_a_header(tmp_path: Path) -> None:
    """The first fact of a file without a header is lost as its header."""
    build(
        [write(tmp_path / "a.tsv", "UsedFor\ttrowel\tdigging\n")],
        tmp_path / "g.nt",
        columns=["relation", "subject", "object"],
    )
    assert facts(tmp_path / "g.nt") == {Triple(f"{E}trowel", f"{R}UsedFor", f"{E}digging")}
    headed = write(tmp_path / "b.tsv", "Subject\tRelation\tObject\ntrowel\tUsedFor\tdigging\n")
    for columns in (["relation", "subject", "object"], ["subject", "relation", "object"]):
        with pytest.raises(DataError, match=r"row 1.*is a header"):
            build([headed], tmp_path / "h.nt", columns=columns)


def test_a_table_can_describe_its_graph(tmp_path: Path) -> None:
    """Who has only a spreadsheet cannot give classes, aliases and sentences."""
    rows = [
        "subject\trelation\tobject",
        "trowel\tserves\tplanting",
        "trowel\tskos:altLabel\t모종삽",
        "trowel\trdf:type\ttool",
        "serves\thodu:template\t{subject} serves {object}",
        "serves\trdfs:domain\ttool",
    ]
    build([write(tmp_path / "a.tsv", "\n".join(rows))], tmp_path / "g.ttl")
    with KnowledgeGraph.open(tmp_path / "g.ttl") as graph:
        assert Label("모종삽", "ko", False) in graph.labels(f"{E}trowel")
        assert graph.classes(f"{E}trowel") == ("urn:hodu:class:tool",)
        (serves,) = graph.relations()
        assert serves.templates == {"en": "{subject} serves {object}"} and serves.domain == "urn:hodu:class:tool"


BAD = [
    ("a.tsv", b"subject\trelation\tobject\na\tb\tc\na\tb\n", "row 3.*2 fields"),
    ("a.tsv", b"subject\trelation\tobject\na\tb\tc\n\na\t\tc\n", "row 4.*relation is empty"),
    ("a.tsv", b"subject\trelation\tobject\tweight\na\tb\tc\t1\na\tb\td\tmuch\n", "row 3.*much"),
    ("a.tsv", b"subject\trelation\tobject\tweight\na\tb\tc\t1\na\tb\td\tnan\n", "row 3.*nan"),
    ("a.tsv", b"subject\trelation\tobject\na\tb\tc\na\x01x\tb\tc\n", r"row 3.*U\+0001"),
    ("a.tsv", b"subject\trelation\tobject\na\tb\tc\n" + b"x" * 10_000 + b"\tb\tc\n", "row 3.*10,000"),
    ("a.tsv", b"subject\trelation\tobject\na\tb\tc\n\xb0\xa1\tb\tc\n", "row 3.*CP949"),
    ("a.csv", b'subject,relation,object\na,b,c\na,"b"x,c\n', "row 3.*no CSV"),
    ("a.csv", b"subject,relation,object\na,b,c\na,b,c, d\n", "row 3.*4 fields, and there are 3 columns"),
    ("a.csv", b'subject,relation,object\na,b,c\n"a\nx",,c\n', "row 3.*relation is empty"),
    ("a.nt", b"<urn:a> <urn:b> <urn:c> .\n<urn:a> <urn:b> .\n<urn:a> <urn:b> <urn:c> .\n", "row 2.*N-Triples"),
    ("a.ttl", b"@prefix s: <http://www.w3.org/2004/02/skos/core#> .\n<urn:a> <urn:b> <urn:c> ; s:prefLabel '" + b"x" * 10_000 + b"'.", "10,000"),
    ("a.tsv", b"/a/[/r/UsedFor/,/c/en/a/,/c/en/b/]\t/r/UsedFor\t/c/en/a\t/c/en/b\t{\"weight\": 2.0}\n/a/[]\t/r/UsedFor\t/c/en/a\t/c/en/b\t{\n", "row 2.*ConceptNet"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "words"), BAD)
def test_a_bad_row_stops_the_build_or_is_left_out(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    """A bad row is not named, is dropped without a word, or takes the good ones with it."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words) as stop:
        build([tmp_path / name], tmp_path / "g.nt")
    assert name in str(stop.value) and sorted(path.name for path in tmp_path.iterdir()) == [name]
    built = build([tmp_path / name], tmp_path / "g.nt", skip_bad_rows=True)
    assert built.left_out == 1 and name in built.first_faults[0] and len(facts(tmp_path / "g.nt")) == 1


def test_no_row_that_can_be_read(tmp_path: Path) -> None:
    """With --skip-bad-rows a file in another encoding is called empty, and nobody says why."""
    (tmp_path / "a.csv").write_bytes("주어,관계,목적어\n모종삽,쓰임,꽃\n".encode("cp949"))
    with pytest.raises(DataError, match="CP949"):
        build([tmp_path / "a.csv"], tmp_path / "g.nt", skip_bad_rows=True)
    (tmp_path / "b.tsv").write_text("subject\trelation\tobject\na\tb\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"none of the 1 rows can be read, the first of them: .*2 fields"):
        build([tmp_path / "b.tsv"], tmp_path / "g.nt", skip_bad_rows=True)


REFUSED = [
    ("a.tsv", "", "empty"),
    ("a.tsv", "subject\trelation\tobject\n", "no facts"),
    ("a.tsv", "who\twhat\nx\ty\n", "row 1.*--columns"),
    ("a.ttl", "<urn:a> <urn:b> <urn:c> .\nx", "row 2"),
    ("a.jsonld", '{"@id": ', "JSON"),
    ("a.docx", "x", "does not know"),
    ("a.tsv.gz", "no gzip", "cannot be read"),
]


@pytest.mark.parametrize(("name", "text", "words"), REFUSED)
def test_what_is_refused(tmp_path: Path, name: str, text: str, words: str) -> None:
    """A file that is no graph makes an empty one, or a traceback."""
    with pytest.raises(DataError, match=words):
        build([write(tmp_path / name, text)], tmp_path / "g.nt", skip_bad_rows=True)
    assert not (tmp_path / "g.nt").exists()


@pytest.mark.parametrize("out", ["graph", "graph.ttl"])
def test_a_failed_build_leaves_what_was_there(tmp_path: Path, out: str) -> None:
    """A typo in a new source costs the graph that worked."""
    good, bad = write(tmp_path / "a.tsv", TABLE), write(tmp_path / "b.tsv", TABLE + "x\n")
    build([good], tmp_path / out)
    before = facts(tmp_path / out)
    with pytest.raises(OutputError, match="--overwrite"):
        build([good], tmp_path / out)
    with pytest.raises(DataError, match="row 4"):
        build([bad], tmp_path / out, overwrite=True)
    assert facts(tmp_path / out) == before
    assert {path.name for path in tmp_path.iterdir()} == {"a.tsv", "b.tsv", out}
    build([write(tmp_path / "c.tsv", "subject\trelation\tobject\nx\ty\tz\n")], tmp_path / out, overwrite=True)
    assert facts(tmp_path / out) == {Triple(f"{E}x", f"{R}y", f"{E}z")}


def test_a_folder_of_other_things_is_never_replaced(tmp_path: Path) -> None:
    """--overwrite with a wrong path deletes somebody's documents."""
    home = tmp_path / "home"
    home.mkdir()
    write(home / "thesis.txt", "precious")
    with pytest.raises(OutputError, match="no graph"):
        build([write(tmp_path / "a.tsv", TABLE)], home, overwrite=True)
    assert (home / "thesis.txt").read_text() == "precious"


def test_two_files_that_use_one_id_for_two_things(tmp_path: Path) -> None:
    """Facts about a river's bank and a money bank run together, and nobody can part them."""
    text = "@prefix s: <http://www.w3.org/2004/02/skos/core#> . <urn:x:1> s:prefLabel '{}'@en ; <urn:x:r> <urn:x:2> ."
    one, two = (write(tmp_path / name, text.format(label)) for name, label in (("a.ttl", "shore"), ("b.ttl", "bank")))
    with pytest.raises(HoduError, match=r"b\.ttl.*urn:x:1.*'bank'.*'shore'.*a\.ttl"):
        build([one, two], tmp_path / "g.nt")
    assert not (tmp_path / "g.nt").exists()


def test_nameless_nodes_of_two_files_stay_apart(tmp_path: Path) -> None:
    """The weight of one file's fact is given to another's, because both call the remark _:a."""
    remark = "<urn:x:{0}> <urn:x:r> <urn:x:2> .\n_:a <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> <<( <urn:x:{0}> <urn:x:r> <urn:x:2> )>> .\n_:a <urn:hodu:weight> \"{1}\"^^<http://www.w3.org/2001/XMLSchema#double> .\n"  # fmt: skip
    files = [write(tmp_path / f"{name}.nt", remark.format(name, weight)) for name, weight in (("a", 0.25), ("b", 0.5))]
    build(files, tmp_path / "g.nt")
    assert {(one.subject, one.weight) for one in facts(tmp_path / "g.nt")} == {("urn:x:a", 0.25), ("urn:x:b", 0.5)}


def test_conceptnet(tmp_path: Path) -> None:
    """ConceptNet's senses, weights or Korean are lost, or its links to the web become facts."""
    rows = [
        ("/r/UsedFor", "/c/en/garden_trowel/n/wn/artifact", "/c/en/plant_flowers", "2.0"),
        ("/r/IsA", "/c/ko/모종삽/n", "/c/ko/도구", "1.0"),
        ("/r/IsA", "/c/fr/pelle", "/c/fr/outil", "1.0"),
        ("/r/ExternalURL", "/c/en/trowel", "http://example.org/trowel", "1.0"),
        ("/r/dbpedia/genre", "/c/en/a", "/c/en/b", "1.0"),
    ]
    text = "".join(f'/a/[{r}/,{s}/,{o}/]\t{r}\t{s}\t{o}\t{{"dataset": "/d/x", "weight": {w}}}\n' for r, s, o, w in rows)
    with gzip.open(tmp_path / "assertions.csv.gz", "wt", encoding="utf-8") as file:
        file.write(text)
    told: list[int] = []
    build([tmp_path / "assertions.csv.gz"], tmp_path / "g.ttl", progress=lambda _, done, __: told.append(done))
    assert told[-1] == (tmp_path / "assertions.csv.gz").stat().st_size
    home = "http://conceptnet.io"
    with KnowledgeGraph.open(tmp_path / "g.ttl") as graph:
        assert set(graph.triples()) == {
            Triple(f"{home}/c/en/garden_trowel", f"{home}/r/UsedFor", f"{home}/c/en/plant_flowers", 2.0),
            Triple(f"{home}/c/ko/모종삽", f"{home}/r/IsA", f"{home}/c/ko/도구"),
            Triple(f"{home}/c/en/a", f"{home}/r/dbpedia/genre", f"{home}/c/en/b"),
        }
        assert graph.labels(f"{home}/c/en/garden_trowel") == (Label("garden trowel", "en", True),)


def test_json_ld(tmp_path: Path) -> None:
    """A graph that a website exports is refused."""
    text = (
        '{"@context": {"r": "urn:x:", "used": {"@id": "r:used", "@type": "@id"}}, "@id": "urn:x:a", "used": "urn:x:b"}'
    )
    build([write(tmp_path / "a.jsonld", text)], tmp_path / "g.nt")
    assert facts(tmp_path / "g.nt") == {Triple("urn:x:a", "urn:x:used", "urn:x:b")}
