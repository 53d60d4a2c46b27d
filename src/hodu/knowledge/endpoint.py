"""A SPARQL endpoint by URL: the same questions as to a store of this process, over HTTP."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Iterator
from http.client import HTTPException, HTTPResponse
from typing import Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from pyoxigraph import Quad, QueryBoolean, QueryResultsFormat, QuerySolutions, Triple, parse_query_results
from typing_extensions import override

from hodu.errors import GraphError
from hodu.knowledge.terms import Bindings, Row, bind, written

_FORMATS = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/json": QueryResultsFormat.JSON,
    "application/sparql-results+xml": QueryResultsFormat.XML,
}


_VIRTUOSO_ASK = "__ASK_RETVAL"  # Virtuoso 7 answers an ASK with a row of this


_SLOWEST = 100  # bytes a second: an answer that comes more slowly than this, once it has begun, will not end


class _Arriving(io.RawIOBase):
    """An answer as it arrives, part by part, given up when it only trickles."""

    def __init__(self, answer: HTTPResponse, timeout: float) -> None:
        self._answer, self._timeout = answer, timeout
        self._begun, self._bytes = time.monotonic(), 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        part = self._answer.read1(len(buffer))
        buffer[: len(part)] = part
        self._bytes += len(part)
        took = time.monotonic() - self._begun
        if part and took > self._timeout and self._bytes < _SLOWEST * took:
            raise TimeoutError
        return len(part)


class Endpoint:
    """Asks a server, waiting at most ``timeout`` seconds for each part of its answer."""

    def __init__(self, url: str, *, timeout: float, update: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise GraphError(f"{url!r} is no address of an endpoint; expected one such as http://localhost:7878/query")
        self.url, self.timeout = url, timeout
        self.update = update or (url.removesuffix("/query") + "/update" if url.endswith("/query") else None)

    def select(self, sparql: str, bindings: Bindings) -> Iterator[Row]:
        """The solutions of a SELECT, read as they arrive."""
        with self._post(self.url, "query", bind(sparql, bindings)) as answer:
            found = self._parsed(answer)
            if not isinstance(found, QuerySolutions):
                raise GraphError(f"expected a SELECT query; it is {sparql!r}")
            names = [variable.value for variable in found.variables]
            count = 0
            try:
                for solution in found:
                    count += 1  # looked at after the loop
                    yield {name: value for name, value in zip(names, solution, strict=True) if value is not None}
            except (OSError, SyntaxError, HTTPException) as error:
                raise self._broken(error) from error
            self._whole(answer, count)

    def ask(self, sparql: str, bindings: Bindings) -> bool:
        """The answer of an ASK."""
        with self._post(self.url, "query", bind(sparql, bindings)) as answer:
            found = self._parsed(answer)
            if isinstance(found, QuerySolutions) and [one.value for one in found.variables] == [_VIRTUOSO_ASK]:
                return any(str(solution[_VIRTUOSO_ASK].value) == "1" for solution in found)
        if not isinstance(found, QueryBoolean):
            raise GraphError(f"expected an ASK query; it is {sparql!r}")
        return bool(found)

    def change(self, *, add: Iterable[Quad] = (), remove: Iterable[Quad] = ()) -> None:
        """Take statements away, then add others, in one request.

        Raises:
            GraphError: where changes are sent is not known, or the server refuses.
        """
        if self.update is None:
            raise GraphError(f"where {self.url} takes changes is not known; connect with update=URL")
        parts = [("DELETE DATA", list(remove)), ("INSERT DATA", list(add))]
        text = " ;\n".join(f"{verb} {{\n{_written(quads)}}}" for verb, quads in parts if quads)
        if text:
            self._post(self.update, "update", text).close()

    def close(self) -> None:
        """Nothing is kept open."""

    def _post(self, url: str, kind: str, text: str) -> HTTPResponse:
        # as a form: Virtuoso waits for ever on a query that is sent as it is
        form, headers = urlencode({kind: text}), {"User-Agent": "hodu"}
        headers["Accept"] = "application/sparql-results+json, application/sparql-results+xml;q=0.8"
        try:
            return cast(HTTPResponse, urlopen(Request(url, form.encode(), headers), timeout=self.timeout))
        except HTTPError as error:
            said = error.read(300).decode(errors="replace").strip()
            raise GraphError(f"the endpoint {url} refuses ({error.code} {error.reason}): {said}") from error
        except (URLError, HTTPException, OSError) as error:
            raise self._broken(getattr(error, "reason", error)) from error

    def _parsed(self, answer: HTTPResponse) -> object:
        kind = answer.headers.get_content_type()
        if kind not in _FORMATS:
            raise GraphError(
                f"{self.url} answers with {kind}; expected SPARQL results: is it the address of the endpoint itself, such as …/query or …/sparql?"
            )
        try:
            return parse_query_results(io.BufferedReader(_Arriving(answer, self.timeout), 2**16), _FORMATS[kind])
        except (OSError, SyntaxError, HTTPException) as error:
            raise self._broken(error) from error

    def _whole(self, answer: HTTPResponse, rows: int) -> None:
        """Virtuoso cuts long answers without an error, and says so in a header."""
        most = answer.headers.get("X-SPARQL-MaxRows")
        if most is not None and most.isdigit() and rows >= int(most):
            raise GraphError(
                f"{self.url} cut its answer at {rows:,} rows; raise its limit (Virtuoso: ResultSetMaxRows)"
            )

    def _broken(self, reason: object) -> GraphError:
        if isinstance(reason, TimeoutError):
            return GraphError(
                f"the endpoint {self.url} does not answer within {self.timeout:g} s; is it running? A long query may need a longer timeout"
            )
        return GraphError(
            f"the endpoint {self.url} does not answer as expected: {reason}; is it running, and is the address right?"
        )


def _written(quads: list[Quad]) -> str:
    return "".join(f"{quad.subject} {quad.predicate} {_object(quad)} .\n" for quad in quads)


def _object(quad: Quad) -> str:
    return written(quad.object) if isinstance(quad.object, Triple) else str(quad.object)
