"""Whom the server of `tests.support.clickhouse_front` lets in; apart from it, for those who need no engine to log in."""

from __future__ import annotations

from typing import Final

USER: Final = "ashiato"
PASSWORD: Final = "pässword:of the test"
