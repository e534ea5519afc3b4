"""Limits of the gateway: how fast a producer may send, and how many bytes may be under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from services.gateway_producers import Producer
from services.gateway_settings import GatewaySettings

Monotonic = Callable[[], int]
"""A clock in nanoseconds that never goes back; its zero means nothing."""

SECOND: Final = 1_000_000_000
"""Nanoseconds of a second."""


@dataclass(slots=True)
class TokenBucket:
    """Lets ``rate`` events a second through, and ``burst`` at once after a pause.

    A request for more than ``burst`` passes when the bucket is full, and leaves a debt: otherwise it never could.

    Tokens are counted in billionths: ``rate`` of those come in a nanosecond, so that whole numbers are exact.
    """

    rate: int
    burst: int
    _left: int = field(init=False)
    _at: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._left = self.burst * SECOND

    def take(self, events: int, now: int) -> int:
        """Take ``events`` tokens at ``now``, in nanoseconds.

        Returns:
            0, or the whole seconds until there will be enough; none is taken then.
        """
        if self._at is not None:
            self._left = min(self.burst * SECOND, self._left + (now - self._at) * self.rate)
        self._at = now
        missing = min(events, self.burst) * SECOND - self._left
        if missing > 0:
            return -(-missing // (self.rate * SECOND))  # rounded up
        self._left -= events * SECOND
        return 0


class Rates:
    """The bucket of each producer."""

    def __init__(self, settings: GatewaySettings, clock: Monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}

    def take(self, producer: Producer, events: int) -> int:
        """Count ``events`` of a producer; return 0, or the seconds until they would be let through."""
        rate = producer.events_per_second or self._settings.events_per_second
        burst = producer.burst or self._settings.burst
        bucket = self._buckets.get(producer.name)
        if bucket is None or (bucket.rate, bucket.burst) != (rate, burst):
            bucket = self._buckets[producer.name] = TokenBucket(rate, burst)
        return bucket.take(events, self._clock())


class Pending:
    """Bytes of all requests that are being read or are not durable yet, never more than ``limit``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.bytes = 0

    @contextmanager
    def account(self) -> Iterator[Account]:
        """Open the account of one request; what it holds is given back at the end, however it ends."""
        account = Account(self)
        try:
            yield account
        finally:
            self.bytes -= account.bytes

    def room_for(self, count: int) -> bool:
        """Return whether ``count`` more bytes fit."""
        return self.bytes + count <= self._limit


class Account:
    """What one request holds of the bytes that may be pending."""

    def __init__(self, pending: Pending) -> None:
        self._pending = pending
        self.bytes = 0

    def add(self, count: int) -> bool:
        """Hold ``count`` bytes more; return whether they fit."""
        if not self._pending.room_for(count):
            return False
        self._pending.bytes += count
        self.bytes += count
        return True
