"""What an adapter is, and what adapters share: taking values from a message whose shape is not sure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final, TypeAlias

from schemas.errors import MessageError
from streams.fast_events import FastEvent

MAX_EVENTS: Final = 10_000
"""One message may hold so many events."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One event of a message that cannot be read, and the bytes that it was told in."""

    error: MessageError
    raw: bytes

    def __post_init__(self) -> None:
        """Let go of where the error came from.

        Its traceback leads to the frames of decoding, which hold it and all messages and columns of the batch: a circle
        that would keep them until the next great search for garbage.
        """
        self.error.__traceback__ = self.error.__context__ = None


Adapter: TypeAlias = Callable[[bytes, int | None], Sequence[FastEvent | Refused]]
"""(message, its one-based line or None) → its events in order; the index of each is its ``position.part``.

The message is UTF-8, not empty, and within the size limit. Times are canonical (`streams.times.canonical`). Raises
`MessageError` when the message as a whole cannot be read.
"""

Detector: TypeAlias = Callable[[bytes], bool]
"""Whether a message looks like one of the format; never raises."""


def text(value: Any, limit: int = 256) -> str | None:
    """Return ``value`` if it is a text of 1 to ``limit`` characters, else None: unknown rather than cut to a lie."""
    return value if isinstance(value, str) and 0 < len(value) <= limit else None


def long_text(value: Any) -> str | None:
    """Return ``value`` if it is a text of 1 to 4,096 characters, else None."""
    return text(value, 4096)


def address(value: Any) -> str | None:
    """Return ``value`` if it is an IPv4 or IPv6 address, else None."""
    if not isinstance(value, str) or len(value) > 45:
        return None
    try:
        ip_address(value)
    except ValueError:
        return None
    return value


def mapping(value: Any) -> dict[str, Any]:
    """Return ``value`` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """Return ``value`` if it is a list, an empty list if it is absent, else a list of it."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def inside(value: Any, *path: str) -> Any:
    """Return what stands in ``value`` under the keys of ``path``, or None."""
    for key in path:
        value = mapping(value).get(key)
    return value


def members(value: Any) -> list[Any]:
    """Return what a list holds, which may be wrapped as AWS wraps them: ``{"items": […]}``, ``{"item": …}``, ``{}``."""
    wrapped = mapping(value)
    inner = wrapped.get("items", wrapped.get("item", value))
    return [] if inner == {} else listed(inner)


def elements(value: Any) -> list[dict[str, Any]]:
    """Return the objects among the `members` of a list."""
    return [one for one in members(value) if isinstance(one, dict)]
