"""Debian's Chromium with a phone's viewport, and a folder served on loopback."""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

PIXEL = {"viewport": {"width": 412, "height": 839}, "device_scale_factor": 2.625, "is_mobile": True, "has_touch": True}
TYPES = {
    ".js": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".json": "application/json",
}


def chromium() -> str | None:
    """Where the browser is, None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class _Quiet(SimpleHTTPRequestHandler):
    extensions_map: ClassVar[dict[str, str]] = {**SimpleHTTPRequestHandler.extensions_map, **TYPES}

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def browsing() -> Iterator[Any]:
    """A browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A tab, and what went wrong in it: requests to other hosts, errors in the console or of scripts."""

    def __init__(self, context: Any, url: str) -> None:
        self.url, self.context, self.page = url, context, context.new_page()
        self.foreign: list[str] = []
        self.errors: list[str] = []
        context.on("request", self._request)
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.url, "blob:", "data:")):
            self.foreign.append(request.url)

    def opened(self, *, kept: bool = False) -> Visit:
        """Loads the page and waits until it can be asked (and is kept for later)."""
        self.page.goto(self.url)
        self.page.wait_for_selector("body[data-ready=true]", timeout=60_000)
        if kept:
            self.page.wait_for_selector("body[data-kept=ready]", timeout=60_000)
        return self

    def ask(self, question: str, choices: str = "") -> str:
        """Types and presses the button, and gives the answer as it is shown."""
        self.page.fill("#field-text", question)
        if choices:
            self.page.fill("#field-choices", choices)
        return self.turned(lambda: self.page.click("button.primary"))

    def turned(self, act: Any) -> str:
        """Does something that changes the answer, and gives the new one."""
        before = self.page.get_attribute("body", "data-turn")
        act()
        self.page.wait_for_function("turn => document.body.dataset.turn !== turn", arg=before)
        return str(self.page.inner_text(".card.answer [aria-live]"))
