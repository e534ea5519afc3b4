"""deploy/healthcheck.py: well only if the process says so, in time."""

from __future__ import annotations

import http.server
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deploy import healthcheck
from tests.support.deployed import ROOT

TLS = ROOT / "tests" / "support" / "tls"


@contextmanager
def answering(status: int, *, tls: bool = False) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}/healthz"
    finally:
        server.shutdown()
        server.server_close()


def run(url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "deploy" / "healthcheck.py")]
    return subprocess.run(command, env={"HEALTH_URL": url}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("tls", [False, True])
def test_a_process_that_answers_is_well(*, tls: bool) -> None:
    with answering(200, tls=tls) as url:
        assert run(url).returncode == 0


@pytest.mark.parametrize("status", [404, 500, 503])
def test_one_that_answers_otherwise_is_not_and_it_says_so(status: int) -> None:
    with answering(status) as url:
        told = run(url)
    assert told.returncode == 1
    assert str(status) in told.stderr


def test_one_that_is_not_there_is_not_well() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert run(f"http://127.0.0.1:{port}/healthz").returncode == 1


def test_one_that_never_answers_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(healthcheck, "SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        assert "timed out" in healthcheck.why_not(f"http://127.0.0.1:{deaf.getsockname()[1]}/healthz")


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with answering(200) as url:
        assert healthcheck.why_not(url) == ""


def test_a_file_is_no_answer() -> None:
    assert healthcheck.why_not("file:///etc/passwd")
