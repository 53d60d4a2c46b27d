"""The page in a real browser, as on a phone: without a network after the first visit, and with the same numbers as Python."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="playwright is not installed (extra dev)")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: nothing can be compared")
pytest.importorskip("onnxscript", reason="onnxscript is not installed: nothing can be exported")
pytest.importorskip("ahocorasick_rs", reason="the extra hodu[knowledge] is not installed")

import numpy as np
import onnxruntime
from datasets import Dataset
from tokenizers import Tokenizer

from hodu.asking import ask
from hodu.data import texts_of_rows
from hodu.data.beside import beside
from hodu.data.tokenise import collate, tokenise
from hodu.demo.world import GRAPH_FILE, read_questions
from hodu.exporting.bundle import PAGE
from hodu.knowledge.compile import compile_graph
from hodu.knowledge.compiled import CompiledGraph
from hodu.knowledge.graph import KnowledgeGraph
from hodu.models.beside import budget_of, reader_of
from hodu.models.facts import facts_of
from hodu.models.load import load_model
from tests.web.awkward import strings
from tests.web.browser import PIXEL, Visit, browsing, chromium, served
from tests.web.small_bundle import LICENCE, MAX_LENGTH, small_bundle, small_model

pytestmark = [
    pytest.mark.xdist_group("browser"),  # one process: the bundle is made once
    pytest.mark.skipif(chromium() is None, reason="there is no chromium: apt-get install chromium"),
    pytest.mark.skipif(not (PAGE / "index.html").exists(), reason="the page is not built: make page"),
]
QUESTIONS = read_questions()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_model(tmp_path_factory.mktemp("model") / "reader")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    return small_bundle(tmp_path_factory.mktemp("bundle") / "small", model)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as opened:
        yield opened


@pytest.fixture(scope="module")
def offline(browser: Any, bundle: Path) -> Iterator[Visit]:
    """The page on its second visit, with the network cut and the server gone."""
    context = browser.new_context(**PIXEL, locale="ko-KR")
    with served(bundle) as url:
        visit = Visit(context, url).opened(kept=True)
    context.set_offline(True)
    yield visit.opened()
    context.close()


def test_without_a_network(offline: Visit) -> None:
    """In the underground the page stays white, or it calls somebody at every visit."""
    one = QUESTIONS[0]
    said = offline.ask(f"{one['text']} {one['question']}", "\n".join(one["choices"]))
    assert all(choice in said for choice in one["choices"]) and "%" in said and "ms" in said
    assert offline.page.evaluate("document.documentElement.lang") == "ko"
    assert offline.foreign == [] and offline.errors == []


def test_the_same_tokens(offline: Visit, bundle: Path) -> None:
    """The phone's model reads other pieces than it was trained with: a decomposed Hangul text becomes [UNK]."""
    tokenizer = Tokenizer.from_file(str(bundle / "tokenizer.json"))
    texts = strings(240)
    plain = offline.page.evaluate("texts => texts.map(text => hodu.tokens.plain(text))", texts)
    assert plain == [one.ids for one in tokenizer.encode_batch(texts, add_special_tokens=False)]
    tokenizer.enable_truncation(MAX_LENGTH)
    single = offline.page.evaluate(
        "([texts, most]) => texts.map(text => hodu.tokens.row([text], most))", [texts, MAX_LENGTH]
    )
    assert [row["ids"] for row in single] == [one.ids for one in tokenizer.encode_batch(texts)]
    pairs = list(zip(texts, texts[::-1], strict=True))
    double = offline.page.evaluate(
        "([pairs, most]) => pairs.map(pair => hodu.tokens.row(pair, most))", [pairs, MAX_LENGTH]
    )
    wanted = tokenizer.encode_batch(pairs)
    assert [row["ids"] for row in double] == [one.ids for one in wanted]
    assert [row["types"] for row in double] == [one.type_ids for one in wanted]
    assert sum(row["cut"] for row in double) > 5  # or cutting was not compared


def test_the_same_facts_and_chances(offline: Visit, bundle: Path, model: Path) -> None:
    """The figures of the export do not hold on the phone: it reads other facts, or its sums differ."""
    loaded, some = load_model(model), QUESTIONS[::5]
    settings = facts_of(loaded.model.config)
    assert settings is not None
    reader = reader_of(CompiledGraph.open(bundle / "graph.hodu"), settings)
    rows = [{"text": f"{one['text']} {one['question']}", "choices": one["choices"]} for one in some]
    told = beside(Dataset.from_list(rows), reader, budget_of(loaded.tokenizer, settings))
    texts, counts = texts_of_rows(told)
    encoded, _ = tokenise(texts, loaded.tokenizer, max_length=MAX_LENGTH)
    found = offline.page.evaluate(
        """rows => Promise.all(rows.map(async ({text, choices}) => {
            const made = hodu.toldChoices(text, choices).map(told => hodu.rowOf(told));
            const {outputs} = await hodu.model.run(made);
            return {rows: made, chances: [...outputs.probabilities.values]};
        }))""",
        rows,
    )
    session = onnxruntime.InferenceSession(str(bundle / "model.onnx"), providers=["CPUExecutionProvider"])
    names, place, differences = [one.name for one in session.get_inputs()], 0, []
    for one, count in zip(found, counts, strict=True):
        mine = [encoded[place + number] for number in range(count)]
        place += count
        assert [row["ids"] for row in one["rows"]] == [row["input_ids"] for row in mine]
        assert [row["facts"] for row in one["rows"]] == [row["fact_ids"] for row in mine]
        batch = {name: values.numpy() for name, values in collate(loaded.tokenizer)(mine).items() if name in names}
        (chances,) = session.run(None, batch)
        differences.append(np.abs(chances - one["chances"]).max())
    assert max(differences) < 1e-2
    assert any(max(row["fact_ids"]) > 2 for row in encoded)  # or no facts were compared


def _decided(offline: Visit, model: Path, bundle: Path, folder: Path) -> tuple[str, list[str], str]:
    """A question that is answered, its triple without which Python answers otherwise, and what Python says then."""
    graph, loaded = CompiledGraph.open(bundle / "graph.hodu"), load_model(model)
    for one in QUESTIONS:
        question = f"{one['text']} {one['question']}"
        answer = ask(loaded, graph, question)
        if answer.answer is None:
            continue
        fact = answer.facts[0]
        triple = [graph.iri(fact.subject), graph.relations[fact.relation].id, graph.iri(fact.object)]
        file = shutil.copy(GRAPH_FILE, folder / "world.ttl")
        with KnowledgeGraph.open(file) as changed:
            changed.remove(*triple)
            compiled = compile_graph(changed, folder / "changed.hodu", progress=False)
        then = ask(loaded, compiled, question)
        if then.answer != answer.answer:
            return (
                question,
                [answer.answer, graph.verbalise(fact.subject, fact.relation, fact.object, answer.language)],
                then.answer or "모르겠습니다",
            )
    raise AssertionError("the model's answer hangs on no fact: take other weights")


def test_a_fact_is_removed(offline: Visit, model: Path, bundle: Path, tmp_path: Path) -> None:
    """Somebody edits the graph on the page and the answer stays what it was, or becomes another than the edited graph gives."""
    question, (answer, sentence), then = _decided(offline, model, bundle, tmp_path)
    page = offline.page
    page.fill("#field-choices", "")
    assert offline.ask(question).startswith(answer)
    edge = page.locator(f'.edge[aria-label$="{sentence}"]')
    assert offline.turned(lambda: (edge.focus(), page.keyboard.press("Enter"))).startswith(then)
    assert sentence in page.inner_text(".changes")
    assert offline.turned(lambda: page.click("button.reset")).startswith(answer)
    assert offline.errors == []


def test_a_fact_is_added(offline: Visit) -> None:
    """A fact that is added is not there, or cannot be taken back."""
    page = offline.page
    offline.ask("꽃을 심으려고 땅을 팠다. 무슨 도구로 팠을까?")
    page.click(".adder summary")
    page.fill("#add-subject", "재봉틀")
    page.select_option("#add-relation", index=0)
    page.fill("#add-object", "그런 것은 없다")
    page.click(".adder button[type=submit]")
    assert "그런 것은 없다" in page.inner_text(".adder [role=status]")
    page.fill("#add-object", "꽃을 심다")
    offline.turned(lambda: page.click(".adder button[type=submit]"))
    assert "재봉틀" in page.inner_text(".changes ins")
    offline.turned(lambda: page.click("button.reset"))
    assert page.locator(".changes").count() == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "아직 글이 없습니다"),
        ("   \n ", "아직 글이 없습니다"),
        ("🙂🌷👩‍🌾", "모르겠습니다"),
        ("땅을 팠다 " * 20_000, "10,000자까지만"),
        ("<img src=x onerror=alert(1)> 땅을 팠다", "모르겠습니다"),
    ],
    ids=["empty", "blank", "emoji", "long", "html"],
)
def test_strange_texts(offline: Visit, text: str, said: str) -> None:
    """A careless paste leaves a blank page, or hangs it."""
    offline.page.fill("#field-choices", "")
    assert said in offline.ask(text)
    assert offline.page.locator("main img").count() == 0 and offline.errors == []


def test_choices_with_html(offline: Visit) -> None:
    """What somebody typed, or a graph calls a thing, is run as a part of the page."""
    said = offline.ask("땅을 팠다", "<b>굵게</b>\n<script>alert(1)</script>")
    assert "<b>굵게</b>" in said and offline.page.locator(".answer b, .answer script").count() == 0


def _said_of_itself(page: Any) -> dict[str, str]:
    page.click(".about summary")
    told = page.locator(".about dt").all_inner_texts(), page.locator(".about dd").all_inner_texts()
    return dict(zip(*told, strict=True))


def test_what_it_says_of_itself(offline: Visit) -> None:
    """Nobody sees under which licence the model stands, or a licence is run as HTML."""
    told = _said_of_itself(offline.page)
    assert told["라이선스"] == LICENCE and told["정밀도"] == "int8" and offline.page.locator(".about b").count() == 0
    rows = [row.split("\t") for row in offline.page.inner_text(".figures tbody").split("\n")]
    assert [row[0] for row in rows] == ["정확도", "같은 답", "가장 큰 차이"] and rows[1][-1].endswith(" %")


def test_an_example(offline: Visit) -> None:
    """An example does nothing, or the list of them stands between its question and the answer."""
    page = offline.page
    page.locator(".examples").evaluate("one => { one.open = true; }")
    example = page.locator(".chip").last
    text = example.inner_text()
    offline.turned(example.click)
    assert page.input_value("#field-text") == text and len(page.input_value("#field-choices").split("\n")) > 1
    assert not page.locator(".chip").last.is_visible()


def test_in_english_and_dark(browser: Any, bundle: Path, tmp_path: Path) -> None:
    """A reader of English gets Korean, or black on black at night."""
    context = browser.new_context(**PIXEL, locale="en-US", color_scheme="dark", service_workers="block")
    with served(bundle) as url:
        visit = Visit(context, url).opened()
        page = visit.page
        assert page.inner_text("button.primary") == "Answer"
        ground, ink = (
            page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color")
        )
        brightness = [sum(int(part) for part in colour.strip("rgb()").split(",")) for colour in (ground, ink)]
        assert brightness[1] - brightness[0] > 400
        assert _said_of_itself(page)["licence"] == LICENCE
        page.fill("#field-text", "they dug the ground to plant flowers")
        page.click("button.language")
        assert page.inner_text("button.primary") == "답 보기" and page.input_value("#field-text").startswith("they dug")
        assert page.evaluate("document.documentElement.scrollWidth") <= 412
    context.close()


def test_without_https(browser: Any, bundle: Path) -> None:
    """A phone that looks at a computer in the same network, by http, gets a blank page."""
    context = browser.new_context(**PIXEL, locale="en-US", service_workers="block")
    context.add_init_script(
        "delete Window.prototype.caches; delete window.caches; delete Navigator.prototype.serviceWorker;"
        "Object.defineProperty(crypto, 'subtle', {value: undefined});"
    )
    with served(bundle) as url:
        visit = Visit(context, url).opened()
        assert visit.page.evaluate("['caches' in window, !!crypto.subtle]") == [False, False]
        visit.page.wait_for_selector("body[data-kept=online]")
        assert "open it by https" in visit.page.inner_text("footer")
        assert "%" in visit.ask("땅을 팠다", "모종삽\n굴착기") and visit.errors == []
    context.close()


def _other_manifest(**changes: Any) -> Any:
    def answer(route: Any) -> None:
        told = json.loads(route.fetch().text()) | changes
        route.fulfill(json=told)

    return answer


def _cut(route: Any) -> None:
    route.fulfill(body=route.fetch().body()[:-100])


def _altered(route: Any) -> None:
    body = bytearray(route.fetch().body())
    body[len(body) // 2] ^= 1
    route.fulfill(body=bytes(body))


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("manifest.json", lambda route: route.fulfill(status=404), "no manifest.json"),
        ("manifest.json", lambda route: route.fulfill(body="{"), "JSON is missing or wrong"),
        ("manifest.json", _other_manifest(bundle=2), "version 2; this page reads version 1"),
        ("manifest.json", _other_manifest(task="causal-lm"), "GGUF"),
        ("manifest.json", _other_manifest(files={}), "files.model"),
        ("model.onnx", lambda route: route.fulfill(status=404), "model.onnx could not be fetched (404)"),
        ("tokenizer.json", _cut, "tokenizer.json has"),
        ("graph.hodu", _altered, "SHA-256"),
        (None, "WebAssembly.validate = () => false", "WebAssembly SIMD"),
    ],
    ids=[
        "no manifest",
        "no JSON",
        "other version",
        "generator",
        "no files",
        "missing",
        "cut short",
        "altered",
        "no SIMD",
    ],
)
def test_a_bundle_that_is_not_whole(browser: Any, bundle: Path, path: str | None, answer: Any, said: str) -> None:
    """The page stays blank, or computes with half a model."""
    context = browser.new_context(**PIXEL, locale="en-US", service_workers="block")
    if path is None:
        context.add_init_script(answer)
    else:
        context.route(f"**/{path}", answer)
    with served(bundle) as url:
        visit = Visit(context, url)
        page = visit.page
        page.goto(url)
        page.wait_for_selector(".fault", timeout=30_000)
        assert said in page.inner_text(".fault")
        page.click("button.language")
        assert re.search("[가-힣]{2}", page.inner_text(".fault"))
        own = [one for one in visit.errors if not one.startswith("Failed to load resource")]  # Chromium's, of a 404
        assert own == [] and page.locator("button", has_text="다시 시도").is_visible()
    context.close()
