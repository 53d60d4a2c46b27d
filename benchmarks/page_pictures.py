"""The pictures of the phone page in docs: two bundles asked in a headless Chromium of a phone's size, light and dark side by side.

    hodu export runs/sst2-0 --data ../shared/data/sst2 --out sentiment
    hodu export runs/reader --graph src/hodu/demo/world/world.ttl --out world
    python benchmarks/page_pictures.py sentiment world --out docs

What is asked, and offered as examples, are our own sentences: those of a bundle may be from its data. The SST-2 model calls its classes 0 and 1; here they get names.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.web.browser import PIXEL, Visit, browsing, served

SCREEN = {"viewport": {"width": 412, "height": 915}, "device_scale_factor": 2}  # a Pixel's, as an installed page has it
COLOURS, MOST_BYTES = 200, 150_000


@dataclass(frozen=True)
class View:
    """A phone: its language and colours, what is typed, what stands at the top of the screen, and what is changed in the manifest."""

    locale: str
    colours: str
    text: str
    choices: tuple[str, ...] = ()
    top: str = "header"
    said: dict[str, Any] = field(default_factory=dict)


_FILM = {
    "labels": ["negative", "positive"],
    "examples": ["The songs are lovely and the story is warm.", "Two hours that feel like four."],
}
_DUG = {"examples": []}  # the answer and its picture are to be seen
PICTURES = {
    "phone-sentiment.png": [
        View("en-US", "light", "A small film with a big heart, and I would gladly watch it again.", said=_FILM),
        View("ko-KR", "dark", "The jokes are old, the plot is thin, and nobody seems to care.", said=_FILM),
    ],
    "phone-world.png": [
        View("ko-KR", "light", "꽃을 심으려고 땅을 팠다. 무슨 도구로?", ("모종삽", "굴착기"), ".ask", _DUG),
        View("en-US", "dark", "They dug the ground to build a house. With what tool?", ("trowel", "excavator"), ".ask", _DUG),
    ],
}  # fmt: skip


def shot(browser: Any, bundle: Path, view: View) -> Image.Image:
    """The screen after the question was answered, without the time that it took: that of this machine would be taken for a phone's."""
    settings = {**PIXEL, **SCREEN, "locale": view.locale, "color_scheme": view.colours}
    context = browser.new_context(**settings)
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(bundle, Path(folder) / "bundle")
        manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
        (copy / "manifest.json").write_text(json.dumps(manifest | view.said), encoding="utf-8")
        with served(copy) as url:
            visit = Visit(context, url).opened(kept=True)
            print(view.text, "->", visit.ask(view.text, "\n".join(view.choices)).replace("\n", " "), flush=True)
            visit.page.evaluate(
                """top => {
                    document.activeElement.blur();
                    document.querySelector(".times").remove();
                    scrollTo(0, document.querySelector(top).getBoundingClientRect().top + scrollY - 12);
                }""",
                view.top,
            )
            taken = Image.open(io.BytesIO(visit.page.screenshot())).convert("RGB")
    context.close()
    return taken


def side_by_side(shots: list[Image.Image]) -> Image.Image:
    """All in one picture, in the colours that are most frequent: those of paper and ink as they are."""
    whole = Image.new("RGB", (sum(one.width for one in shots), max(one.height for one in shots)))
    for number, one in enumerate(shots):
        whole.paste(one, (number * one.width, 0))
    found = sorted(whole.getcolors(whole.width * whole.height), reverse=True)[:COLOURS]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _, colour in found for part in colour])
    return whole.quantize(palette=palette, dither=Image.Dither.NONE)


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", nargs=2, type=Path, help="of sentiment, and of the built-in world")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    with browsing() as browser:
        for bundle, (name, views) in zip(arguments.bundles, PICTURES.items(), strict=True):
            side_by_side([shot(browser, bundle, view) for view in views]).save(arguments.out / name, optimize=True)
            bytes_ = (arguments.out / name).stat().st_size
            print(f"{name}: {bytes_:,} bytes" + (", too many: fewer COLOURS" if bytes_ > MOST_BYTES else ""))


if __name__ == "__main__":
    main()
