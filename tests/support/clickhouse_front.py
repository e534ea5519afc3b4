"""A ClickHouse server for tests: the HTTP interface over the real engine, with faults that can be switched on.

Its inside is that of `services.local_front`; here it also takes user and password, compressed bodies, TLS, and goes
wrong on demand. It runs as a process, so that it can be killed, and so that several processes can share it.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import signal
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, cast

import cramjam
import pyarrow as pa
import zstandard

from services.data_dir import DataDir
from services.front_engine import FrontEngine
from services.front_wire import AUTHENTICATION_FAILED, FrontError, Headers, Statement
from services.local_front import FrontHandler, FrontServer
from services.store_settings import StoreSettings
from tests.support.forked import Forked
from tests.support.front_login import PASSWORD, USER

TLS: Final = Path(__file__).parent / "tls"
Kind = Literal["reset", "hang", "slow", "cut_before", "cut_after", "half", "status", "error"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and when.

    Attributes:
        kind: ``reset``: the connection ends before anything is read. ``hang``: no answer, and nothing is done.
            ``slow``: done after ``seconds``, however long the client waits. ``cut_before``, ``cut_after``: the
            connection ends before or after the statement is done. ``half``: half of the rows are written, then error
            ``code``. ``status``: an HTTP status ``code`` of something in between. ``error``: error ``code`` of the
            server.
        match: part of the SQL that it happens to; empty: any.
        skip: so often it goes well before.
        times: so often it goes wrong.
        seconds: how long.
        code: of error or status.
    """

    kind: Kind
    match: str = ""
    skip: int = 0
    times: int = 1
    seconds: float = 0
    code: int = 241


class CutError(ConnectionError):
    """Ends a connection without an answer."""


class Faulty(FrontServer):
    """A server that goes wrong when told."""

    def __init__(self, engine: FrontEngine, port: int) -> None:
        super().__init__(engine, "", port)
        self._plan: list[Fault] = []
        self._change = threading.Lock()
        self.seen: list[str] = []

    def plan(self, faults: Sequence[Fault]) -> None:
        """Go wrong like this from now on."""
        with self._change:
            self._plan = list(faults)
            self.seen = []

    def let_in(self, headers: Headers) -> None:
        """Let the one user in, whichever way the password is told."""
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        by_certificate = headers.get("X-ClickHouse-SSL-Certificate-Auth") == "on"
        if headers.get("Authorization") != basic and not by_certificate:
            raise FrontError(AUTHENTICATION_FAILED, "wrong user or password")

    def decoded(self, body: BinaryIO, encoding: str) -> BinaryIO:
        """Return a body as it was before it was compressed."""
        if encoding == "zstd":
            return cast("BinaryIO", io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(body)))
        if encoding == "gzip":
            return cast("BinaryIO", gzip.GzipFile(fileobj=body))
        if encoding == "lz4":
            return io.BytesIO(bytes(cramjam.lz4.decompress(body.read())))
        return super().decoded(body, encoding)

    def encoded(self, result: bytes, statement: Statement, accepted: str) -> tuple[bytes, str]:
        """Return a result compressed, if that was asked for."""
        if statement.transport.get("enable_http_compression") == "1":
            for name in (one.strip() for one in accepted.split(",")):
                if name == "zstd":
                    return bytes(cramjam.zstd.compress(result)), name
                if name == "lz4":
                    return bytes(cramjam.lz4.compress(result)), name
                if name == "gzip":
                    return gzip.compress(result), name
        return result, ""

    def run(self, statement: Statement) -> bytes:
        """Run a statement, or go wrong."""
        with self._change:
            self.seen.append(statement.sql.split("(")[0].strip()[:200])
            fault = self._due(statement.sql)
        if fault is None:
            return super().run(statement)
        if fault.kind == "cut_after":
            super().run(statement)
        if fault.kind in {"slow", "hang"}:
            if fault.kind == "slow" and statement.data:  # it has come as a whole, and is done whoever waits
                statement = replace(statement, data=io.BytesIO(statement.data.read()))
            time.sleep(fault.seconds)
        if fault.kind == "slow":
            return super().run(statement)
        if fault.kind == "half":
            super().run(replace(statement, data=_half(statement.data)))
        if fault.kind in {"half", "error", "status"}:
            status = fault.code if fault.kind == "status" else None
            raise FrontError(fault.code, f"Code: {fault.code}. DB::Exception: told to fail. (TOLD_TO)", status)
        raise CutError

    def _due(self, sql: str) -> Fault | None:
        for at, fault in enumerate(self._plan):
            if fault.match not in sql:
                continue
            if fault.skip:
                self._plan[at] = replace(fault, skip=fault.skip - 1)
            elif fault.times:
                self._plan[at] = replace(fault, times=fault.times - 1)
                return fault
        return None

    @property
    def resets(self) -> bool:
        """Whether connections end before anything is read; counts down."""
        with self._change:
            for at, fault in enumerate(self._plan):
                if fault.kind == "reset" and fault.times:
                    self._plan[at] = replace(fault, times=fault.times - 1)
                    return True
        return False


class FaultyHandler(FrontHandler):
    """Answers as the server says, and takes orders at ``/faults``."""

    def parse_request(self) -> bool:
        """Read the head of a request; end the connection instead if that is the order."""
        found = super().parse_request()
        if found and self.path != "/faults" and cast("Faulty", self.server).resets:
            raise CutError
        return found

    def do_GET(self) -> None:  # noqa: N802  (the base class's)
        """Tell what statements came."""
        if self.path == "/faults":
            self._answer(HTTPStatus.OK, json.dumps(cast("Faulty", self.server).seen).encode(), {})
        else:
            super().do_GET()

    def do_POST(self) -> None:  # noqa: N802  (the base class's)
        """Take orders."""
        if self.path == "/faults":
            orders = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            cast("Faulty", self.server).plan([Fault(**one) for one in orders])
            self._answer(HTTPStatus.OK, b"", {})
        else:
            super().do_POST()

    def _answer(self, status: int, content: bytes, headers: Any) -> None:
        if b"(TOLD_TO)" in content and headers.get("X-ClickHouse-Exception-Code") == str(status):
            headers, content = {}, b"upstream is away"  # what stands in between does not speak ClickHouse
        super()._answer(status, content, headers)


Faulty.handler = FaultyHandler


def _half(data: BinaryIO | None) -> BinaryIO:
    """Return the first half of the rows of an Arrow stream."""
    assert data is not None
    table = pa.ipc.open_stream(data.read()).read_all()
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.slice(0, len(table) // 2))
    sink.seek(0)
    return sink


class Front:
    """A server in a process of its own.

    Args:
        folder: for its files.
        tls: speak TLS, and know clients by their certificates.
        config: file of the engine's own configuration, for clusters.
    """

    def __init__(self, folder: Path, *, tls: bool = False, config: Path | None = None) -> None:
        self.folder = folder
        self.port = 0
        self._tls = tls
        self._config = config
        self._process: Forked | None = None

    def start(self) -> None:
        """Start it, on the port it had before if it had one."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        told = self.folder.with_name(f"{self.folder.name}.port")
        told.unlink(missing_ok=True)
        given = [str(self.folder), self.port, self._tls, str(self._config) if self._config else None]
        self._process = Forked(main, json.dumps(given), out=told, err=told.with_suffix(".err"))
        while not (port := told.read_text()).endswith("\n"):
            assert self._process.poll() is None, told.with_suffix(".err").read_text()
            time.sleep(0.02)
        self.port = int(port)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def faults(self, *faults: Fault) -> None:
        """Go wrong like this from now on; without faults: no more. What was seen before is forgotten."""
        self._ask(json.dumps([asdict(one) for one in faults]).encode())

    def seen(self) -> list[str]:
        """Return the beginnings of all statements since the last change of faults."""
        return list(json.loads(self._ask(None)))

    def settings(self, database: str = "ashiato", **more: Any) -> StoreSettings:
        """Return what a store needs to know of it."""
        who: dict[str, Any] = {"user": USER, "password": PASSWORD}
        return StoreSettings(url=self.url, database=database, **{"connect_seconds": 2, **who, **more})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def _ask(self, data: bytes | None) -> bytes:
        context = ssl.create_default_context(cafile=TLS / "ca.pem") if self._tls else None
        with urllib.request.urlopen(f"{self.url}/faults", data, timeout=10, context=context) as answer:  # noqa: S310
            return bytes(answer.read())


@contextmanager
def running_front(folder: Path, *, tls: bool = False, config: Path | None = None) -> Iterator[Front]:
    """Run a server for a while."""
    front = Front(folder, tls=tls, config=config)
    front.start()
    try:
        yield front
    finally:
        front.kill()


def main(argument: str) -> None:
    """Serve until killed. The argument is JSON: ``[folder, port, tls, config]``."""
    folder, port, tls, config = json.loads(argument)
    directory = DataDir(Path(folder))
    directory.hold(create=True)
    options = f"?config-file={config}" if config else ""
    server = Faulty(FrontEngine(directory, options), port)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
        context.load_verify_locations(TLS / "ca.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(server.server_address[1], flush=True)  # noqa: T201
    server.serve_forever()
