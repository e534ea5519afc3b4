"""An HTTP server within a loop that has other work too: it takes no signals, and its port is bound before it runs."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from schemas.errors import Place, UsageError

_BACKLOG: Final = 2_048


class HttpServer(uvicorn.Server):
    """A server that is told to stop by `stop`, not by signals.

    Args:
        config: the application, TLS and times; its host and port do not count.
        host: address to listen at.
        port: port to listen at; 0 takes a free one.

    Attributes:
        port: the port that it has.

    Raises:
        UsageError: the address cannot be listened at.
    """

    def __init__(self, config: uvicorn.Config, host: str, port: int) -> None:
        super().__init__(config)
        self._socket = _bound(host, port)
        self.port: int = self._socket.getsockname()[1]

    async def run_until_stopped(self) -> None:
        """Serve until `stop`; open requests are then answered within the grace period of the configuration."""
        try:
            await self.serve([self._socket])
        finally:
            self._socket.close()

    def stop(self) -> None:
        """Ask to stop."""
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield


def plain_config(app: ASGIApp) -> uvicorn.Config:
    """Return how small things (health, metrics) are served."""
    return uvicorn.Config(
        app, ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False, server_header=False,
        timeout_keep_alive=5, timeout_graceful_shutdown=2, limit_concurrency=64,
    )  # fmt: skip


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens; connections wait in it until the server runs."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # With its protocol: asyncio sends at once (TCP_NODELAY) on connections of a socket that names it, and on no
        # other. Without, the second part of each answer waits up to 40 ms until the client has acknowledged the first.
        found = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _refused(host, port, error) from None
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(_BACKLOG)
    except OSError as error:
        found.close()
        raise _refused(host, port, error) from None
    return found


def _refused(host: str, port: int, error: OSError) -> UsageError:
    where, todo = Place(f"{host}:{port}"), "choose another host or port, or stop what holds it"
    return UsageError("the address cannot be listened at", where=where, why=(error.strerror or "").lower(), todo=todo)
