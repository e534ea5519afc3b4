"""The HTTP/1.1 connection of the gateway: knows the client's certificate, and waits for slow clients so long only.

The server library times idle connections out, but not a head or a rest of a body that trickles in. The time for the
body of a request that is being worked on is kept in `services.gateway_body`, which can still answer.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.gateway_producers import peer_of
from services.gateway_settings import GatewaySettings

PEER: Final = "peer"
"""Key of the ASGI state under which a request finds the `Peer` that its connection has proved to be."""

_LATE: Final = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_CROWDED: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n"
)


class GatewayProtocol(H11Protocol):
    """One connection. `protocol_of` gives it its limits."""

    header_seconds: ClassVar[float]
    max_connections: ClassVar[int]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many, and note whose certificate it came with."""
        super().connection_made(transport)
        self._late: asyncio.TimerHandle | None = None
        if len(self.connections) > self.max_connections:
            transport.write(_CROWDED)
            transport.close()
            return
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        self.app_state = {**self.app_state, PEER: _peer(tls)}
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on, and look whether the client still owes us something."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Go on to the next request; the rest of one that was answered early must come in time."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._unwatch()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Start the time for what the client owes when it begins to owe it; stop it when that has come."""
        if not self._owes():
            self._unwatch()
        elif self._late is None:
            self._late = self.loop.call_later(self.header_seconds, self._is_late)

    def _unwatch(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _owes(self) -> bool:
        """Return whether a head has begun or a request was answered before its body was there.

        Also where nothing is under way and the library has no timer running, as after the rest of such a body.
        """
        if self.cycle is None:  # as long as no request has begun
            return True  # type: ignore[unreachable]  # the library's annotation leaves the None out
        if not self.cycle.response_complete:
            return False
        unread, _ = self.conn.trailing_data
        between = self.conn.their_state is h11.IDLE and not unread and self.timeout_keep_alive_task is not None
        return not between and self.conn.their_state in {h11.IDLE, h11.SEND_BODY}

    def _is_late(self) -> None:
        self._late = None
        if self.transport.is_closing():
            return
        if self.conn.their_state is h11.IDLE:
            self.transport.write(_LATE)
        self.transport.close()


def protocol_of(settings: GatewaySettings) -> type[GatewayProtocol]:
    """Return the class of connections with the limits of these settings."""
    limits: dict[str, Any] = {
        "header_seconds": settings.header_seconds,
        "max_connections": settings.max_connections,
    }
    return type("LimitedProtocol", (GatewayProtocol,), limits)


def _peer(tls: ssl.SSLObject | None) -> Any:
    der = tls.getpeercert(binary_form=True) if tls else None
    return peer_of(der, tls.getpeercert() or {}) if tls and der else None
