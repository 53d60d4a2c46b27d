"""The built-in world from a file, behind `oxigraph serve` and behind Virtuoso: the same answers from all three? Rows in results/graph-endpoints.json with --json.

    sudo apt-get install --no-install-recommends virtuoso-opensource
    python benchmarks/graph_endpoints.py --json results/graph-endpoints.json

Asked are all entities, relations, facts, labels and classes, the whole check, and the compiled file; each that differs from the file's is counted. Servers run in a temporary folder, on loopback.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyoxigraph

from hodu.demo.world import GRAPH_FILE
from hodu.knowledge import KnowledgeGraph, build, check
from hodu.knowledge.compile import compile_graph
from hodu.measuring import Row, append_rows, commit, hardware
from hodu.measuring.environment import today

WORLD = "urn:world"
SETTINGS = """[Database]
DatabaseFile = {home}/virtuoso.db
ErrorLogFile = {home}/virtuoso.log
LockFile = {home}/virtuoso.lck
TransactionFile = {home}/virtuoso.trx
xa_persistent_file = {home}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {home}/temp.db
TransactionFile = {home}/temp.trx
[Parameters]
ServerPort = {sql}
DirsAllowed = {home}
[HTTPServer]
ServerPort = {http}
ServerThreads = 4
MaxClientConnections = 4
[SPARQL]
ResultSetMaxRows = 1000000
"""


def free_port() -> int:
    """One that nobody listens at."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(port: int) -> None:
    """Until somebody listens, a minute at most."""
    for _ in range(600):
        with closing(socket.socket()) as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"nobody listens at port {port}")


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """A server, while it is needed."""
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield
    finally:
        server.terminate()
        server.wait(60)


@contextmanager
def oxigraph(home: Path) -> Iterator[str]:
    """`oxigraph serve` with the world."""
    program = shutil.which("oxigraph", path=str(Path(sys.executable).parent)) or "oxigraph"
    build([GRAPH_FILE], home / "served")
    port = free_port()
    with running([program, "serve", "--location", str(home / "served"), "--bind", f"127.0.0.1:{port}"], port):
        yield f"http://127.0.0.1:{port}/query"


@contextmanager
def virtuoso(home: Path) -> Iterator[str]:
    """Virtuoso with the world in a graph of its own."""
    sql, http = free_port(), free_port()
    (home / "virtuoso.ini").write_text(SETTINGS.format(home=home, sql=sql, http=http))
    triples = pyoxigraph.parse(path=str(GRAPH_FILE), format=pyoxigraph.RdfFormat.TURTLE)
    (home / "world.nt").write_bytes(
        pyoxigraph.serialize((one.triple for one in triples), format=pyoxigraph.RdfFormat.N_TRIPLES) or b""
    )
    with running(["virtuoso-t", "+foreground", "+configfile", str(home / "virtuoso.ini")], http):
        wait_for(sql)
        load = f"DB.DBA.TTLP_MT(file_to_string_output('{home}/world.nt'), '', '{WORLD}', 0); checkpoint;"
        subprocess.run(
            ["isql-vt", f"localhost:{sql}", "dba", "dba", f"exec={load}"], check=True, stdout=subprocess.DEVNULL
        )
        yield f"http://127.0.0.1:{http}/sparql?default-graph-uri={WORLD}"


def answers(graph: KnowledgeGraph, home: Path) -> dict[str, object]:
    """What a graph says, by question."""
    asked: dict[str, Callable[[], object]] = {
        "entities": lambda: list(graph.entities()),
        "relations": lambda: list(graph.relations()),
        "triples": lambda: set(graph.triples()),
        "labels": lambda: set(graph.all_labels()),
        "classes": lambda: set(graph.all_classes()),
        "check": lambda: check(graph).findings,
        "compiled": lambda: compile_graph(graph, home / "world.hodu", progress=False).path.read_bytes(),
    }
    return {name: ask() for name, ask in asked.items()}


def main() -> None:
    """Ask all three, and say what differs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    stamp = (0, shlex.join(["python", *sys.argv]), "the built-in world", hardware(), commit(), today())
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with KnowledgeGraph.open(GRAPH_FILE) as graph:
            expected = answers(graph, home)
        for name, server in {"oxigraph": oxigraph, "virtuoso": virtuoso}.items():
            with server(home) as url, KnowledgeGraph.connect(url, timeout=120) as graph:
                begin = time.perf_counter()
                found = answers(graph, home)
                seconds = time.perf_counter() - begin
            differ = [question for question, answer in expected.items() if found[question] != answer]
            print(f"{name}: {len(expected) - len(differ)} of {len(expected)} answers as from the file, {seconds:.1f} s")
            print("".join(f"  differs: {question}\n" for question in differ), end="")
            rows.append(Row("graph-endpoints", name, "answers_that_differ", float(len(differ)), "answers", *stamp))
            rows.append(Row("graph-endpoints", name, "seconds", seconds, "s", *stamp))
    if options.json:
        append_rows(options.json, rows)


if __name__ == "__main__":
    main()
