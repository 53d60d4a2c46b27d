"""A bundle's page on this machine alone, served as a phone would get it."""

from __future__ import annotations

import errno
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from typing_extensions import override

from hodu.errors import ExportError
from hodu.exporting.manifest import read_manifest

LOOPBACK = "127.0.0.1"


class _Files(SimpleHTTPRequestHandler):
    """Files with the types that browsers insist on, never from a cache: a bundle that was exported again is seen at once."""

    extensions_map = {  # noqa: RUF012  # the base class declares it
        **SimpleHTTPRequestHandler.extensions_map,
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".mjs": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".wasm": "application/wasm",
        ".webmanifest": "application/manifest+json",
        ".onnx": "application/octet-stream",
        ".hodu": "application/octet-stream",
    }

    @override
    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    @override
    def send_head(self) -> Any:
        """A file of the bundle, and nothing that a link leads out of it to; nobody who came by another name (a page elsewhere whose name was pointed here)."""
        host = self.headers.get("Host", LOOPBACK).split(":")[0]
        try:
            inside = Path(self.translate_path(self.path)).resolve().is_relative_to(Path(self.directory).resolve())
        except ValueError:  # no name of a file at all
            inside = False
        if not inside or host not in (LOOPBACK, "localhost"):
            self.send_error(404)
            return None
        return super().send_head()

    @override
    def list_directory(self, path: Any) -> None:
        self.send_error(404)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a line for each file says nothing to who looks at the page."""


class _Server(ThreadingHTTPServer):
    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a browser that closes or reloads breaks off what it was loading."""


def server_of(bundle: str | Path, port: int) -> ThreadingHTTPServer:
    """A server of a bundle's folder on loopback, ready to ``serve_forever()``; the bundle is checked first.

    Args:
        port: 0 takes any that is free.

    Raises:
        ExportError: no bundle, a damaged one, one without a page, or the port is taken.
    """
    read_manifest(bundle)
    if not (Path(bundle) / "index.html").is_file():
        raise ExportError(
            f"{bundle} has no page (index.html): it was exported with --to onnx, or from a checkout without one; build it with make page and export again with --to phone"
        )
    try:
        return _Server((LOOPBACK, port), partial(_Files, directory=str(bundle)))
    except (OSError, OverflowError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = "is taken by another program" if taken else f"cannot be opened ({error})"
        raise ExportError(f"port {port} {why}; choose another with --port") from error
