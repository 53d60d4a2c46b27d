"""A graph behind a SPARQL endpoint: the same answers, and a sentence when it does not answer."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from pyoxigraph import Literal

from hodu.errors import GraphError
from hodu.knowledge import KnowledgeGraph, build, check
from hodu.knowledge.endpoint import Endpoint

SERVER = shutil.which("oxigraph", path=str(Path(sys.executable).parent)) or shutil.which("oxigraph")


def free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def served(tools: Path, tmp_path: Path) -> Iterator[str]:
    """The tools' graph behind a real server on loopback."""
    if SERVER is None:
        pytest.skip("the server `oxigraph` (PyPI oxigraph) is not installed")
    build([tools], tmp_path / "served")
    port = free_port()
    server = subprocess.Popen(
        [SERVER, "serve", "--location", str(tmp_path / "served"), "--bind", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            with closing(socket.socket()) as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/query"
    finally:
        server.terminate()
        server.wait(20)


def test_same_answers(served: str, tools: Path) -> None:
    """A graph that moves to a server loses facts, weights or labels; or an edit there does nothing."""
    with KnowledgeGraph.connect(served) as there, KnowledgeGraph.open(tools) as here:
        trowel = "urn:hodu:entity:trowel"
        for _ in range(2):
            for question in ("entities", "relations"):
                assert list(getattr(there, question)()) == list(getattr(here, question)())
            for question in ("triples", "all_labels", "all_classes"):
                assert set(getattr(there, question)()) == set(getattr(here, question)())
            assert set(there.triples(subject=trowel)) == set(here.triples(subject=trowel))
            assert there.labels(trowel) == here.labels(trowel) and there.classes(trowel) == here.classes(trowel)
            found, expected = check(there), check(here)
            assert found.findings == expected.findings and found.facts == expected.facts
            for graph in (there, here):
                graph.add(
                    trowel, "urn:hodu:relation:usedFor", "urn:hodu:entity:building", weight=0.1, source='a "joke"'
                )
                graph.add_label(trowel, "꽃삽", "ko", preferred=False)
        for graph in (there, here):
            graph.remove(trowel, "urn:hodu:relation:usedFor", "urn:hodu:entity:building")
        assert set(there.triples()) == set(here.triples())


@pytest.mark.parametrize("text", ['" } DROP ALL #', "\\", "'''", "줄\n바꿈", "?s"])
def test_user_text_stays_text(served: str, text: str) -> None:
    """A name with a quote is run as a query on the server."""
    with KnowledgeGraph.connect(served) as graph:
        (row,) = graph.query("SELECT ?text WHERE { BIND(1 AS ?x) }", text=text)
        assert row["text"] == Literal(text)


def test_nobody_there() -> None:
    """A wrong port hangs, or shows a traceback."""
    with pytest.raises(GraphError, match="is it running"):
        KnowledgeGraph.connect(f"http://127.0.0.1:{free_port()}/query", timeout=5)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "localhost:7878", "ftp://x/query", "http://"])
def test_no_address(url: str) -> None:
    """A path is asked for as if it were an endpoint, or a local file is read."""
    with pytest.raises(GraphError, match="no address"):
        KnowledgeGraph.connect(url)


def test_a_server_that_stays_silent() -> None:
    """The command waits for ever."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        began = time.monotonic()
        with pytest.raises(GraphError, match=r"within 0\.3 s"):
            KnowledgeGraph.connect(f"http://127.0.0.1:{silent.getsockname()[1]}/query", timeout=0.3)
        assert time.monotonic() - began < 5


def test_a_server_that_trickles() -> None:
    """The command waits for ever, though something comes now and then."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/sparql-results+json")
            self.end_headers()
            for _ in range(60):
                try:
                    self.wfile.write(b" ")
                except OSError:
                    return
                time.sleep(0.1)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    began = time.monotonic()
    with pytest.raises(GraphError, match=r"does not answer within 0\.3 s"):
        KnowledgeGraph.connect(f"http://127.0.0.1:{server.server_port}/query", timeout=0.3)
    assert time.monotonic() - began < 4
    server.shutdown()
    server.server_close()


ANSWERS = [
    (200, "text/html", b"<html>", "address of the endpoint"),
    (404, "text/plain", b"no such page", "404"),
    (200, "application/sparql-results+json", b'{"head": {"vars": ["a"', "as expected"),
    (200, "application/sparql-results+json", b"", "as expected"),
]


@contextmanager
def answering(status: int, kind: str, content: bytes, heard: list[bytes] | None = None) -> Iterator[str]:
    """A server that gives one answer to all, and notes what it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            (heard if heard is not None else []).append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/query"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "kind", "content", "words"), ANSWERS)
def test_a_server_that_is_no_endpoint(status: int, kind: str, content: bytes, words: str) -> None:
    """The address of a web page, or an answer that breaks off, shows a traceback."""
    with answering(status, kind, content) as url, pytest.raises(GraphError, match=words):
        KnowledgeGraph.connect(url, timeout=5)


@pytest.mark.parametrize("answer", [0, 1])
def test_virtuoso(answer: int) -> None:
    """Virtuoso waits for ever on a query that is not sent as a form, and its way to say yes or no is refused."""
    integer = "http://www.w3.org/2001/XMLSchema#integer"
    value = {"type": "typed-literal", "datatype": integer, "value": str(answer)}
    said = {"head": {"vars": ["__ASK_RETVAL"]}, "results": {"bindings": [{"__ASK_RETVAL": value}]}}
    heard: list[bytes] = []
    with answering(200, "application/sparql-results+json", json.dumps(said).encode(), heard) as url:
        assert Endpoint(url, timeout=5).ask("ASK { ?s ?p '땅' }", {}) == bool(answer)
    (query,) = parse_qs(heard[0].decode())["query"]
    assert "'땅'" in query
