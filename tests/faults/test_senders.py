"""Senders that do not keep to the protocol: one sends slowly, one disconnects in the middle, among others that do."""

import json
import signal
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.faults.report import keep_numbers, share
from tests.integration.test_gateway_crash import Sender
from tests.support.gateway_process import GatewayProcess
from tests.support.gateways import BATCH, BEARER, events
from tests.support.programs import PATIENCE

TIMES: Final = share(20)
"""Of each kind."""
TOGETHER: Final = 8
PAUSE: Final = 0.02
LIMITS: Final = {"header_seconds": 0.5, "body_seconds": 0.5}
END_WITH_RESET: Final = struct.pack("ii", 1, 0)


@pytest.mark.timeout(120 + 10 * TIMES)
def test_clients_that_send_slowly_or_disconnect_in_the_middle_cost_only_themselves(tmp_path: Path) -> None:
    process = GatewayProcess(tmp_path, LIMITS)
    with process:
        sender = Sender(process.url, "good", batch=20)
        sender.start()
        with ThreadPoolExecutor(TOGETHER) as pool:
            slow = pool.map(lambda number: _slow(process, f"slow/{number}"), range(TIMES))
            gone = pool.map(lambda number: _gone(process, number), range(TIMES))
            assert {answer.split(b" ", 2)[1] for answer in slow} == {b"408"}
            assert len(list(gone)) == TIMES
        time.sleep(LIMITS["body_seconds"])  # the last of those who left are given up by now, and disturb nobody
        assert sender.is_alive(), sender.refused
        process.signal(signal.SIGTERM)
        sender.join(PATIENCE)
        process.wait()

    kept = [json.loads(one)["id"] for one in process.kept()]
    assert sender.accepted
    assert kept[: len(sender.accepted)] == sender.accepted
    assert set(kept) <= set(sender.asked)
    keep_numbers(
        "clients that send slowly, and clients that disconnect in the middle, among others", 2 * TIMES,
        messages=len(kept), events=len(kept),
    )  # fmt: skip


def _request(name: str) -> tuple[bytes, bytes]:
    """Return head and body of a request that would be accepted."""
    body = json.dumps([one | {"id": f"{name}/{one['id']}"} for one in events(20)]).encode()
    headers = {"host": "x", "content-type": BATCH, "content-length": str(len(body)), **BEARER}
    lines = ["POST /v1/events HTTP/1.1", *(f"{header}: {value}" for header, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode(), body


def _slow(process: GatewayProcess, name: str) -> bytes:
    """Send a body byte by byte until there is an answer; return it."""
    head, body = _request(name)
    with process.connection() as connection:
        connection.sendall(head)
        connection.settimeout(PAUSE)
        for byte in body:
            with suppress(TimeoutError):
                return connection.recv(1 << 16)
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(bytes([byte]))
    raise AssertionError("a body that trickled in was taken")


def _gone(process: GatewayProcess, number: int) -> None:
    """Send a part of a request, another one each time, then leave: in order, or with a reset."""
    whole = b"".join(_request(f"gone/{number}"))
    with process.connection() as connection:
        connection.sendall(whole[: len(whole) * number // TIMES])
        if number % 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, END_WITH_RESET)
