"""The local front: other commands of the same user reach the store of the process that holds it.

The engine lets in one process at a time. While `ashiato serve` runs, it listens on the loopback and answers as a
ClickHouse server would, to whoever knows the token that lies in the data directory.
"""

from __future__ import annotations

import hmac
import io
import secrets
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

from services.data_dir import DataDir
from services.front_announcement import Announcement, announce
from services.front_engine import FrontEngine
from services.front_wire import (
    AUTHENTICATION_FAILED,
    BAD_REQUEST,
    BUSY,
    Body,
    FrontError,
    Headers,
    Statement,
    body_of,
    parse,
)

LOOPBACK: Final = "127.0.0.1"
AT_A_TIME: Final = 16
"""Requests that are worked on at a time; further ones are refused and may come again."""

GRACE_SECONDS: Final = 10.0
_IDLE_SECONDS: Final = 300.0
_BUFFER_BYTES: Final = 1 << 20


class FrontServer(ThreadingHTTPServer):
    """Answers requests, each connection in a thread of its own.

    Args:
        engine: runs the statements.
        token: what a request has to hold.
        port: port of the loopback; 0 takes a free one.
    """

    handler: type[BaseHTTPRequestHandler]
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, engine: FrontEngine, token: str, port: int = 0) -> None:
        super().__init__((LOOPBACK, port), self.handler)
        self.engine = engine
        self._token = token
        self._free = threading.Semaphore(AT_A_TIME)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    def let_in(self, headers: Headers) -> None:
        """Let a request in that knows the token.

        Raises:
            FrontError: it does not.
        """
        if not hmac.compare_digest(headers.get("Authorization", "").encode(), f"Bearer {self._token}".encode()):
            raise FrontError(AUTHENTICATION_FAILED, "the token is wrong, or there is none")

    def decoded(self, body: BinaryIO, encoding: str) -> BinaryIO:
        """Return a body as it was before it was compressed; on the loopback nothing is."""
        if encoding not in {"", "identity"}:
            raise FrontError(BAD_REQUEST, "compressed requests are not taken", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        return body

    def encoded(self, result: bytes, statement: Statement, accepted: str) -> tuple[bytes, str]:  # noqa: ARG002
        """Return a result as it travels, and its Content-Encoding."""
        return result, ""

    def run(self, statement: Statement) -> bytes:
        """Run a statement, if not too many are being run.

        Raises:
            FrontError: there are, or the engine refuses it.
        """
        if not self._free.acquire(blocking=False):
            raise FrontError(BUSY, "too many requests at a time")
        try:
            return self.engine.run(statement)
        finally:
            self._free.release()

    def drain(self, seconds: float) -> None:
        """Wait until nothing is being run, and let nothing more begin; at most ``seconds``."""
        for _ in range(AT_A_TIME):
            if not self._free.acquire(timeout=seconds):
                return

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet: a client that leaves is its own matter, and a traceback could hold values."""


class FrontHandler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    wbufsize = _BUFFER_BYTES  # head and body leave in one piece
    disable_nagle_algorithm = True

    @property
    def front(self) -> FrontServer:
        """The server."""
        return cast("FrontServer", self.server)

    def do_GET(self) -> None:
        """Answer what only reads."""
        if self.path == "/ping":
            self._answer(HTTPStatus.OK, b"Ok.\n", {})
        else:
            self._request(reads_only=True)

    def do_POST(self) -> None:
        """Answer anything."""
        self._request(reads_only=False)

    def _request(self, *, reads_only: bool) -> None:
        body = None
        try:
            self.front.let_in(self.headers)
            body = body_of(self.headers, cast("BinaryIO", self.rfile))
            self._statement(body, reads_only=reads_only)
        except FrontError as error:
            self._answer(error.status, error.text.encode(), {"X-ClickHouse-Exception-Code": str(error.code)})
        finally:
            if body is None or not body.ended:
                self.close_connection = True  # what is left of the body would be taken for a request

    def _statement(self, body: Body, *, reads_only: bool) -> None:
        decoded = self.front.decoded(io.BufferedReader(body, _BUFFER_BYTES), self.headers.get("Content-Encoding", ""))
        statement = parse(self.path, self.headers, decoded, reads_only=reads_only)
        result = self.front.run(statement)
        result, encoding = self.front.encoded(result, statement, self.headers.get("Accept-Encoding", ""))
        headers = {"X-ClickHouse-Timezone": "UTC", "X-ClickHouse-Query-Id": statement.transport.get("query_id", "")}
        if statement.data is None and result:
            headers["X-ClickHouse-Format"] = statement.result_format
        if encoding:
            headers["Content-Encoding"] = encoding
        self._answer(HTTPStatus.OK, result, headers)

    def _answer(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the base class's)
        """Write no log: requests hold values."""


FrontServer.handler = FrontHandler


class LocalFront:
    """The front of a data directory that this process holds, while it is open.

    Args:
        directory: held by this process.
    """

    def __init__(self, directory: DataDir) -> None:
        self._directory = directory
        self._engine = FrontEngine(directory)
        token = secrets.token_urlsafe(32)
        self._server = FrontServer(self._engine, token)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="front", daemon=True)
        self._announcement = Announcement(self._server.url, token)

    def __enter__(self) -> Self:
        """Let others in."""
        self._thread.start()
        announce(self._directory, self._announcement)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let nobody in any more; what is being run may end first."""
        self._directory.front.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server.drain(GRACE_SECONDS)
        self._engine.close()
