"""The two things that differ from run to run: the time, and names that must be unique. Code takes them as arguments."""

from __future__ import annotations

import datetime as dt
import secrets


def utc_now() -> dt.datetime:
    """Return the time, UTC."""
    return dt.datetime.now(dt.UTC)


def new_id() -> str:
    """Return a new name for a range or an act: milliseconds since 1970, then 64 random bits; names rise with time."""
    return f"{int(utc_now().timestamp() * 1000):012x}-{secrets.token_hex(8)}"
