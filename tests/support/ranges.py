"""Ranges by hand."""

from __future__ import annotations

import datetime as dt

from schemas.records import Range


def range_of(
    name: str,
    first: int,
    last: int,
    *,
    source: str = "file:a",
    partition: int = 0,
    recorded_at: dt.datetime | None = None,
) -> Range:
    """Return a range of this id over these offsets; all else is made up."""
    return Range(
        id=name,
        source=source,
        partition=partition,
        first=first,
        last=last,
        messages=last - first + 1,
        skipped=0,
        events=last - first + 1,
        dead_letters=0,
        findings=0,
        merkle_root="0" * 64,
        messages_hmac="0" * 64,
        last_message_hmac="0" * 64,
        register_sha256="0" * 64,
        rulebook_sha256="0" * 64,
        interpretations_sha256="0" * 64,
        mmdb_sha256=None,
        salt_key_id="0" * 16,
        program="0.1.0",
        recorded_at=recorded_at or dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
    )
