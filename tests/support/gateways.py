"""A gateway on a free port of the loopback, served by the real server in the test's own loop."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from starlette.routing import BaseRoute

from services.gateway import Gateway, create_app
from services.gateway_limits import Monotonic
from services.gateway_server import producers_of, server_of
from services.gateway_settings import GatewaySettings
from services.gateway_sink import Sink
from services.handled import Handled
from services.spool import Spool
from tests.support.events import event

TOKEN: Final = "correct horse battery staple"
OTHER_TOKEN: Final = "another token"
NOW: Final = dt.datetime(2026, 11, 2, 1, 0, tzinfo=dt.UTC)
STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
BEARER: Final = {"authorization": f"Bearer {TOKEN}"}
TLS: Final = Path(__file__).parent / "tls"
EVENTS: Final = "audit.events"
PATIENCE: Final = 30.0
"""Seconds to wait for what must come at last: many times what a busy machine takes."""


def sha256(token: str) -> str:
    """Return what the producers file holds of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def producers_file(folder: Path, **more: Any) -> Path:
    """Write a file of two producers, ``crm`` and ``billing``; ``more`` is added to ``crm``."""
    crm = {"name": "crm", "source_prefix": "//crm", "tokens": [sha256(TOKEN)]} | more
    billing = {"name": "billing", "source_prefix": "//billing/", "tokens": [sha256(OTHER_TOKEN)]}
    path = folder / "producers.yaml"
    path.write_text(json.dumps({"producers": [crm, billing]}))  # JSON is YAML
    return path


def spool_in(folder: Path, **more: Any) -> Spool:
    """Open a spool whose clock stands still."""
    return Spool.open(folder / "spool", now=lambda: NOW, **more)


def events(count: int, **data: Any) -> list[dict[str, Any]]:
    """Return valid events that differ by their id."""
    return [event(**data) | {"id": f"e{number}"} for number in range(count)]


@dataclass(slots=True)
class Running:
    """A gateway that runs.

    Attributes:
        url: where it listens.
        gateway: its inside.
        client: calls it as the producer ``crm``.
        handled: what it told of its requests.
    """

    url: str
    port: int
    gateway: Gateway
    client: httpx.AsyncClient
    handled: list[Handled] = field(default_factory=list)

    async def post(self, what: Any, content_type: str = STRUCTURED, **more: str) -> httpx.Response:
        """Send events: bytes as they are, anything else as JSON."""
        body = what if isinstance(what, bytes) else json.dumps(what).encode()
        headers = {"content-type": content_type} | {name.replace("_", "-"): text for name, text in more.items()}
        return await self.client.post("/v1/events", content=body, headers=headers)

    async def say(self, *parts: bytes, pause: float = 0.0, end: bool = False) -> bytes:
        """Write bytes to a connection of its own; return all that is answered until the gateway closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        # Read meanwhile: what is said after it was closed resets the connection, and an answer not yet read is lost.
        answer = asyncio.create_task(_read_all(reader))
        try:
            with suppress(ConnectionError):  # it may be closed before all is said
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(pause)
                if end:
                    writer.write_eof()
            return await answer
        finally:
            answer.cancel()
            writer.close()


async def _read_all(reader: asyncio.StreamReader) -> bytes:
    """Return what is said until the connection is closed or reset."""
    found = bytearray()
    with suppress(ConnectionError):
        while part := await reader.read(1 << 16):
            found += part
    return bytes(found)


@asynccontextmanager
async def running(
    folder: Path,
    sink: Sink,
    *,
    producer: Mapping[str, Any] | None = None,
    clock: Monotonic | None = None,
    extra_routes: Sequence[BaseRoute] = (),
    **settings: Any,
) -> AsyncIterator[Running]:
    """Run a gateway over a sink; both are closed at the end.

    Args:
        folder: for the producers file.
        sink: where events go.
        producer: more about the producer ``crm``.
        clock: of the rates, in nanoseconds.
        extra_routes: beside its own.
        settings: over the defaults.
    """
    path = producers_file(folder, **(producer or {}))
    found = GatewaySettings(producers_file=path, port=0, **settings)
    handled: list[Handled] = []
    timing = {"clock": clock} if clock else {}
    gateway = Gateway(found, sink, producers_of(found), observe=handled.append, **timing)
    server = server_of(found, create_app(gateway, sink, extra_routes))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:
            await asyncio.sleep(0.005)
            if serving.done():
                serving.result()
        url = f"{'https' if found.tls else 'http'}://127.0.0.1:{port}"
        try:
            async with httpx.AsyncClient(base_url=url, headers=BEARER, trust_env=False, timeout=PATIENCE) as client:
                yield Running(url, port, gateway, client, handled)
        finally:
            server.should_exit = True
            await serving
