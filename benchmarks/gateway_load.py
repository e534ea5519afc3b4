"""Clients of a gateway that send as fast as they are answered, over connections that stay open."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.processes import Measured
from tests.support.gateways import BATCH, STRUCTURED, TOKEN

START_SECONDS: Final = 60.0
WARM_UP: Final = 0.1
"""Share of the requests that is sent before the clock runs."""
SOURCE: Final = "//crm"
"""What the sources of the benchmark's producer begin with."""


@dataclass(slots=True)
class Load:
    """What a number of requests cost.

    Attributes:
        seconds: of each request, from its first byte to the answer's last.
        events: in all of them.
        began: when the first was sent; ``ended``: when the last was answered.
    """

    seconds: list[float] = field(default_factory=list)
    events: int = 0
    began: float = 0.0
    ended: float = 0.0

    def told(self) -> dict[str, Any]:
        """Return rates, and percentiles in milliseconds."""
        wall, ordered = self.ended - self.began, sorted(self.seconds)
        return {
            "requests_per_second": round(len(ordered) / wall),
            "events_per_second": round(self.events / wall),
            "p50_ms": round(quantile(ordered, 0.5) * 1000, 1),
            "p99_ms": round(quantile(ordered, 0.99) * 1000, 1),
        }


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of values in order, without interpolation."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def requests(messages: Sequence[bytes], batch: int) -> list[bytes]:
    """Return HTTP requests with one event each, or with ``batch`` each."""
    events = [json.dumps(json.loads(one) | {"source": SOURCE}, separators=(",", ":")).encode() for one in messages]
    if batch == 1:
        return [_request(event, STRUCTURED) for event in events]
    bodies = (events[first : first + batch] for first in range(0, len(events) - batch + 1, batch))
    return [_request(b"[" + b",".join(body) + b"]", BATCH) for body in bodies]


def _request(body: bytes, content_type: str) -> bytes:
    head = (
        "POST /v1/events HTTP/1.1", "Host: localhost", f"Authorization: Bearer {TOKEN}",
        f"Content-Type: {content_type}", f"Content-Length: {len(body)}", "", "",
    )  # fmt: skip
    return "\r\n".join(head).encode() + body


async def send(port: int, bodies: Sequence[bytes], *, batch: int, connections: int) -> Load:
    """Send each request once, shared among connections; every one must be answered with 202."""
    warm = int(len(bodies) * WARM_UP)
    await _send(port, bodies[:warm], connections, Load())
    load = Load(events=batch * (len(bodies) - warm), began=time.monotonic())
    await _send(port, bodies[warm:], connections, load)
    load.ended = time.monotonic()
    return load


async def _send(port: int, bodies: Sequence[bytes], connections: int, load: Load) -> None:
    rest = iter(bodies)
    await asyncio.gather(*(_client(port, rest, load) for _ in range(connections)))


async def _client(port: int, rest: Iterator[bytes], load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for body in rest:
        began = time.monotonic()
        writer.write(body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        answer = await reader.readexactly(length)
        load.seconds.append(time.monotonic() - began)
        assert head.startswith(b"HTTP/1.1 202"), f"the gateway answered {head.decode()}{answer.decode()}"
    writer.close()
    await writer.wait_closed()


async def listens(port: int, process: Measured) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            process.check()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
