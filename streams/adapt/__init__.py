"""Adapt: the seam by which foreign log formats become our events.

An adapter is one pure function of one message. It says what the message says and nothing more: what is not said is
absent, and absent is unknown. ``native`` is no adapter: `streams.decode` reads our own events on its fast way.
"""

from __future__ import annotations

from typing import Final

from schemas.errors import UsageError
from streams.adapt.cloudtrail import adapt_cloudtrail, is_cloudtrail
from streams.adapt.contract import Adapter, Detector, Refused

NATIVE: Final = "native"
"""Name of our own format."""

_ADAPTERS: Final[dict[str, tuple[Adapter, Detector]]] = {"cloudtrail": (adapt_cloudtrail, is_cloudtrail)}

FORMATS: Final = (NATIVE, *_ADAPTERS)
"""Every name that ``ingest --format`` takes."""

__all__ = ["FORMATS", "NATIVE", "Adapter", "Refused", "adapter_of", "detect"]


def adapter_of(name: str) -> Adapter:
    """Return the adapter of a foreign format.

    Raises:
        UsageError: there is no such format.
    """
    found = _ADAPTERS.get(name)
    if found is None:
        known = ", ".join(FORMATS)
        raise UsageError("there is no such log format", why=f"known are {known}", todo="choose one with --format")
    return found[0]


def detect(message: bytes) -> str:
    """Return the name of the format that ``message`` looks like; ``native`` if it looks like no foreign one."""
    return next((name for name, (_, looks_like) in _ADAPTERS.items() if looks_like(message)), NATIVE)
