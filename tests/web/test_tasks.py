"""Each task of the contract on the page: what is shown is what the model said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="playwright is not installed (extra dev)")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: nothing can be compared")
pytest.importorskip("onnx", reason="onnx is not installed")

import numpy as np
import onnxruntime

from hodu.exporting.bundle import PAGE
from tests.web.browser import PIXEL, Visit, browsing, chromium, served
from tests.web.plain_models import LABELS, plain_bundle, table, tokenizer

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(chromium() is None, reason="there is no chromium: apt-get install chromium"),
    pytest.mark.skipif(not (PAGE / "index.html").exists(), reason="the page is not built: make page"),
]
SAID = "민수가 서울에서 호두를 먹었다."


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as opened:
        yield opened


@contextmanager
def opened(browser: Any, folder: Path, task: str) -> Iterator[Visit]:
    context = browser.new_context(**PIXEL, locale="ko-KR", service_workers="block")
    with ExitStack() as stack:
        url = stack.enter_context(served(plain_bundle(folder / "bundle", task)))
        stack.callback(context.close)
        visit = Visit(context, url).opened()
        yield visit
        assert visit.errors == [] and visit.foreign == []
        assert visit.page.locator("h1 i, .bars b").count() == 0  # a name with HTML in it is a name


def native(folder: Path, *texts: str) -> list[np.ndarray]:
    ids = np.array([tokenizer().encode(*texts).ids])
    session = onnxruntime.InferenceSession(str(folder / "bundle" / "model.onnx"), providers=["CPUExecutionProvider"])
    return list(session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)}))


@pytest.mark.parametrize("task", ["classification", "multilabel"])
def test_classes(browser: Any, tmp_path: Path, task: str) -> None:
    """A class has another one's probability, or its name is run as HTML."""
    with opened(browser, tmp_path, task) as visit:
        said = visit.ask(SAID).split("\n")
        for label, chance in zip(LABELS[task], native(tmp_path, SAID)[0][0].tolist(), strict=True):
            shown = said[len(said) - 1 - said[::-1].index(label) + 1]
            assert float(shown.removesuffix(" %")) == pytest.approx(100 * chance, abs=0.11)
        assert "%" in visit.ask("🙂🌷👩‍🌾") and "10,000자까지만" in visit.ask("호두 " * 40_000)
        assert "라이선스" not in (visit.page.text_content(".about") or "")  # of which nothing is known


def test_a_pair(browser: Any, tmp_path: Path) -> None:
    """A model of pairs reads the first text alone."""
    with opened(browser, tmp_path, "regression") as visit:
        visit.page.click("details.field summary")
        visit.page.fill("#field-second", "minsu eats walnuts")
        (wanted,) = native(tmp_path, SAID, "minsu eats walnuts")
        assert f"{wanted[0]:.3f}" in visit.ask(SAID) and f"{native(tmp_path, SAID)[0][0]:.3f}" != f"{wanted[0]:.3f}"


def test_words(browser: Any, tmp_path: Path) -> None:
    """The wrong word is marked as a name."""
    with opened(browser, tmp_path, "token-classification") as visit:
        visit.ask(SAID)
        assert visit.page.locator("mark").all_inner_texts() == ["민수가 PER", "서울에서 LOC"]
        visit.ask("  in   Seoul\n eats Minsu")
        assert visit.page.locator("mark").all_inner_texts() == ["Seoul LOC", "Minsu PER"]
        assert "한 글" not in visit.ask("먹 " * 60 + "민수") and visit.page.locator("mark").count() == 0
        assert "읽지 않았습니다" in visit.page.inner_text(".answer")


PASSAGES = {
    SAID: "호두",
    "\u1106\u1175\u11ab수가 서울에서  호두를 먹었다.": "호두",
    "Minsu EATS 🙂 Walnuts in Seoul.": "Walnuts",
    "in seoul . " * 30 + "Minsu eats Walnuts.": "Walnuts",
}


def test_an_answer_in_a_passage(browser: Any, tmp_path: Path) -> None:
    """Half a word is marked, or the one beside it; in a long passage, or one in decomposed Hangul, nothing is found."""
    with opened(browser, tmp_path, "question-answering") as visit:
        for passage, answer in PASSAGES.items():
            visit.page.fill("#field-second", passage)
            assert visit.ask("what ?").startswith(answer)
            assert visit.page.locator("mark").all_inner_texts() == [answer]
        visit.page.fill("#field-second", " ")
        assert "두 글 가운데 하나가 아직 비어 있습니다" in visit.ask("what ?")


def test_two_texts_compared(browser: Any, tmp_path: Path) -> None:
    """Two texts are as similar as two others."""
    with opened(browser, tmp_path, "sentence-embedding") as visit:
        visit.page.fill("#field-second", "minsu eats walnuts")
        cosine = float(native(tmp_path, SAID)[0][0] @ native(tmp_path, "minsu eats walnuts")[0][0])
        assert f"{cosine:.3f}" in visit.ask(SAID)


def test_a_missing_word(browser: Any, tmp_path: Path) -> None:
    """What stands for [MASK] is the likeliest of another place."""
    with opened(browser, tmp_path, "masked-lm") as visit:
        said = visit.ask("민수가 [MASK] 먹었다")
        chances = np.exp(table("masked-lm")[4].astype(float))
        assert f"{100 * chances.max() / chances.sum():.1f} %" in said
        assert visit.page.locator(".bars li").count() == 5
        assert "[MASK]" in visit.ask("민수가 먹었다")


def test_two_bundles_of_one_server(browser: Any, tmp_path: Path) -> None:
    """Who opens a second bundle of one site loses the first without a network; or a network that asks for a login first hides what is kept."""
    first, second = (plain_bundle(tmp_path / task, task) for task in ("classification", "masked-lm"))
    context = browser.new_context(**PIXEL, locale="ko-KR")
    with ExitStack() as stack:
        url = stack.enter_context(served(tmp_path))
        stack.callback(context.close)
        one = Visit(context, f"{url}{first.name}/").opened(kept=True)
        Visit(context, f"{url}{second.name}/").opened(kept=True)
        context.route("**/manifest.json", lambda route: route.fulfill(status=200, body="<h1>Log in</h1>"))
        assert one.opened().ask(SAID).startswith("긍정")
        context.unroute("**/manifest.json")
        context.set_offline(True)
        assert one.opened().ask(SAID).startswith("긍정") and one.errors == []


def test_the_benchmark(browser: Any, tmp_path: Path) -> None:
    """The button measures nothing, or never ends."""
    with opened(browser, tmp_path, "classification") as visit:
        visit.page.click(".benchmark summary")
        visit.page.click(".benchmark button")
        visit.page.wait_for_selector(".benchmark tbody tr >> nth=1")
        rows = [row.split("\t") for row in visit.page.inner_text(".benchmark tbody").split("\n")]
        assert [row[0] for row in rows] == ["16", "32"] and all(0 <= float(row[1]) <= float(row[2]) for row in rows)
