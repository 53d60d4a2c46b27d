"""`hodu graph` as a person meets it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hodu.cli import main
from hodu.knowledge import KnowledgeGraph


@pytest.fixture
def hodu(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Runs a command; gives its exit status and all it says, on one line."""
    monkeypatch.setenv("COLUMNS", "300")

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["hodu", "graph", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), " ".join((said.out + said.err).split())

    return run


def test_from_a_table_to_an_edit(hodu, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """The commands of docs/knowledge.md do not work together."""
    table, out = tmp_path / "tools.tsv", tmp_path / "tools.ttl"
    table.write_text("주어\t관계\t목적어\n모종삽\tUsedFor\t꽃 심기\n굴착기\tUsedFor\t집 짓기\nbad\n", encoding="utf-8")
    status, said = hodu("build", table, "--out", out)
    assert status == 1 and "row 4" in said and "Traceback" not in said and not out.exists()
    status, said = hodu("build", table, "--out", out, "--skip-bad-rows")
    assert status == 0 and "1 bad rows left out" in said and "row 4" in said and "2 facts" in said
    status, said = hodu("add", out, "모종삽", "쓰임", "집 짓기", "--weight", "0.5")
    assert status == 0 and "모종삽 · used for · 집 짓기 (weight 0.5)" in said
    status, said = hodu("show", out, "모종삽")
    assert status == 0 and "집 짓기 (weight 0.5)" in said and "꽃 심기" in said
    assert hodu("remove", out, "모종삽", "used for", "꽃 심기")[0] == 0
    assert "꽃 심기" not in hodu("show", out, "모종삽")[1]
    status, said = hodu("check", out)
    assert status == 0 and "islands" in said and "0 errors" in said


def test_an_error_in_a_graph_is_an_exit_status(hodu, tools: Path) -> None:  # type: ignore[no-untyped-def]
    """A script publishes a broken graph, for `hodu graph check` succeeded."""
    tools.write_text(tools.read_text(encoding="utf-8") + ":trowel rel:usedFor :excavator .\n", encoding="utf-8")
    status, said = hodu("check", tools)
    assert status == 1 and "the object is no doing" in said and "errors" in said


def test_an_ambiguous_label_is_listed(hodu, tools: Path) -> None:  # type: ignore[no-untyped-def]
    """The wrong bank gets the fact, without a word."""
    text = ':deck a class:Doing ; skos:prefLabel "Digging"@en . :dig2 a class:Doing ; skos:prefLabel "digging"@en .\n'
    tools.write_text(tools.read_text(encoding="utf-8") + text, encoding="utf-8")
    before = tools.read_bytes()
    status, said = hodu("add", tools, "trowel", "used for", "digging")
    assert status == 1 and "2 things" in said and "urn:hodu:entity:digging" in said and "urn:hodu:entity:dig2" in said
    assert tools.read_bytes() == before
    assert hodu("add", tools, "trowel", "used for", "urn:hodu:entity:dig2")[0] == 0


def test_a_new_thing_is_made_only_when_asked(hodu, tools: Path) -> None:  # type: ignore[no-untyped-def]
    """A typo makes a new tool."""
    status, said = hodu("add", tools, "trowle", "used for", "digging")
    assert status == 1 and "trowle" in said and "--new" in said
    assert hodu("add", tools, "삽", "used for", "digging", "--new")[0] == 0
    with KnowledgeGraph.open(tools) as graph:
        assert [one.text for one in graph.labels("urn:hodu:entity:%EC%82%BD")] == ["삽"]


def test_a_fact_of_other_things_than_its_relation_is_of(hodu, tools: Path) -> None:  # type: ignore[no-untyped-def]
    """A slip in an edit is met weeks later, when somebody runs `hodu graph check`."""
    status, said = hodu("add", tools, "trowel", "used for", "excavator")
    assert status == 0 and "added: " in said and "excavator is no doing, which the range of 'used for' is" in said
    assert hodu("add", tools, "excavator", "rdf:type", "doing")[0] == 0
    assert "is no" not in hodu("add", tools, "trowel", "used for", "excavator")[1]
    assert hodu("remove", tools, "excavator", "rdf:type", "doing")[0] == 0
    status, said = hodu("add", tools, "excavator", "rdf:type", "doings")
    assert status == 1 and "0 classes with the label or id 'doings'" in said and "tool" in said
    status, said = hodu("add", tools, "trowel", "used for", "building a house")
    assert status == 0 and "is no" not in said


def test_a_fact_said_the_other_way_round(hodu, tools: Path) -> None:  # type: ignore[no-untyped-def]
    """An edit changes no answer, for the graph says the same by an inverse relation, and nobody is told."""
    status, said = hodu("add", tools, "digging", "serves", "trowel")
    assert status == 0 and "says so already, the other way round: trowel · used for · digging" in said
    assert "other way" not in hodu("add", tools, "trowel", "serves", "trowel")[1]
    status, said = hodu("remove", tools, "trowel", "used for", "digging")
    assert status == 0 and "still says so, the other way round: digging · serves · trowel" in said
    assert "other way" not in hodu("remove", tools, "digging", "serves", "trowel")[1]


def test_names_and_question_words(hodu, tools: Path) -> None:  # type: ignore[no-untyped-def]
    """Another name, or a word by which a question asks, wants a text editor; or it is written where nothing reads it."""
    status, said = hodu("add", tools, "tool", "hodu:questionWord", "무엇으로")
    assert "the first question word of a class in ko" in said
    assert "the first" not in hodu("add", tools, "doing", "hodu:questionWord", "왜")[1]
    assert status == 0 and "added: tool hodu:questionWord '무엇으로'" in said
    assert "asked for by '무엇으로'" in hodu("show", tools, "tool")[1]
    assert hodu("add", tools, "trowel", "skos:altLabel", "little spade")[0] == 0
    assert "en little spade (alias)" in hodu("show", tools, "trowel")[1]
    assert hodu("add", tools, "serves", "hodu:template", "{subject} serves {object}")[0] == 0
    before = tools.read_bytes()
    for words, mended in (
        (("trowel", "hodu:questionWord", "what"), "said of a class or a relation, and 'trowel' is none"),
        (("trowel", "hodu:template", "{subject} {object}"), "said of a relation, and 'trowel' is none"),
        (("used for", "hodu:template", "it is for {object}"), "expected {subject} and {object}"),
        (("nothing", "skos:altLabel", "none"), "nothing with the label or id 'nothing'"),
        (("tool", "skos:prefLabel", "implement"), "there is one in en already: 'tool'; remove that first"),
        (("trowel", "skos:altLabel", "scoop", "--weight", "0.5"), "a text, which has no weight"),
        (("tool", "hodu:questionWord", "?"), "no word by which a question could ask"),
        (("tool", "hodu:questionword", "what"), "expected a relation of the graph, rdf:type, or skos:prefLabel"),
    ):
        status, said = hodu("add", tools, *words)
        assert status == 1 and mended in said, said
    status, said = hodu("remove", tools, "trowel", "skos:altLabel", "big spade")
    assert status == 1 and "nothing was removed" in said
    assert tools.read_bytes() == before
    assert hodu("remove", tools, "trowel", "skos:altLabel", "little spade")[0] == 0
    assert "little spade" not in hodu("show", tools, "trowel")[1]


def test_what_check_complains_of_can_be_removed(hodu, tools: Path) -> None:  # type: ignore[no-untyped-def]
    """A sentence that names one end only is told by `hodu graph check`, and `remove` says that it cannot be one."""
    wrong = 'rel:usedFor hodu:template "it is for {object}"@de . :trowel hodu:questionWord "with what"@en .\n'
    tools.write_text(tools.read_text(encoding="utf-8") + wrong, encoding="utf-8")
    assert "question words" in hodu("check", tools)[1]
    assert hodu("remove", tools, "used for", "hodu:template", "it is for {object}")[0] == 0
    assert hodu("remove", tools, "urn:hodu:entity:trowel", "hodu:questionWord", "with what")[0] == 0


def test_what_no_model_reads_is_counted(hodu, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Half of a graph of sizes and dates is left unread, and nobody is told."""
    source, out = tmp_path / "a.nt", tmp_path / "g.ttl"
    source.write_text(
        '<urn:a> <urn:size> "3" .\n<urn:a> <urn:size> "4" .\n<urn:a> <urn:r> <urn:b> .\n', encoding="utf-8"
    )
    table = tmp_path / "a.tsv"
    table.write_text("subject\trelation\tobject\ntrowel\tUsedFor\tdigging\n", encoding="utf-8")
    assert "a text or a number" not in hodu("build", table, "--out", tmp_path / "t.ttl")[1]  # labels are read
    assert "a text or a number and not in a thing: 2;" in hodu("build", source, "--out", out)[1]
    (tmp_path / "empty.ttl").write_text("", encoding="utf-8")
    status, said = hodu("compile", tmp_path / "empty.ttl", "--out", tmp_path / "empty.hodu")
    assert status == 0 and "has no fact" in said


def test_a_shown_typo_is_a_sentence(hodu, tools: Path) -> None:  # type: ignore[no-untyped-def]
    """`hodu graph show` of what is not there is empty, or a traceback."""
    status, said = hodu("show", tools, "shovel")
    assert status == 1 and "shovel" in said
    assert "excavator" in hodu("show", tools, "EXCAVATOR")[1]


def test_a_graph_is_not_compiled_over(hodu, tools: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """hodu graph compile writes over the only copy of the graph, or over somebody's notes."""
    before, notes = tools.read_bytes(), tmp_path / "notes.txt"
    notes.write_text("mine", encoding="utf-8")
    for out in (tools, notes, tmp_path):
        status, said = hodu("compile", tools, "--out", out)
        assert status == 1 and "is no compiled graph" in said
    assert tools.read_bytes() == before and notes.read_text() == "mine"
    for _ in range(2):
        assert hodu("compile", tools, "--out", tmp_path / "tools.hodu")[0] == 0
    status, said = hodu("check", tmp_path / "tools.hodu")
    assert status == 1 and "name the graph that it was made from" in said


def test_what_almost_has_the_name_is_named(hodu, tools: Path) -> None:  # type: ignore[no-untyped-def]
    """Who types half of a label is told to make a new thing of it."""
    status, said = hodu("remove", tools, "trow", "used for", "digging the ground")
    assert status == 1 and "there is 'hand trowel', 'trowel'" in said and "--new" not in said
    assert hodu("show", tools, "trowel", "--limit", "-3")[0] == 2


def test_a_label_does_not_command_the_terminal(hodu, tools: Path) -> None:  # type: ignore[no-untyped-def]
    """An id with :x: in it is shown with a picture, so that nobody can copy it; a label colours the terminal or writes backwards."""
    text = '<urn:x:a> a class:Tool ; skos:prefLabel "t:x:three \\u001B[31m\\u202Ered"@en .\n'
    tools.write_text(tools.read_text(encoding="utf-8") + text, encoding="utf-8")
    status, said = hodu("show", tools, "urn:x:a")
    assert status == 0 and "urn:x:a" in said and "t:x:three" in said and "\x1b" not in said and "\u202e" not in said


def test_bytes_that_are_no_text(hodu, tools: Path) -> None:  # type: ignore[no-untyped-def]
    """In a terminal of another encoding every question ends in a traceback."""
    status, said = hodu("show", tools, "\udcff")
    assert status == 1 and "is no UTF-8 text" in said


def test_a_label_of_every_sentence(hodu, tools: Path) -> None:  # type: ignore[no-untyped-def]
    """A thing called "the" is never linked, and check has nothing to say."""
    tools.write_text(
        tools.read_text(encoding="utf-8") + ':the a class:Tool ; skos:prefLabel "the"@en .\n', encoding="utf-8"
    )
    assert "labels that stand in nearly every text" in hodu("check", tools)[1]


def test_a_byte_order_mark(hodu, tools: Path) -> None:  # type: ignore[no-untyped-def]
    """A file that was saved on Windows can be built from, and not be opened."""
    tools.write_bytes(b"\xef\xbb\xbf" + tools.read_bytes())
    assert hodu("check", tools)[0] == 0
