"""A real store that fails, waits and counts as a test wants it."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Literal

import polars as pl

from schemas.errors import StoreAwayError, StoreError
from services.store import Store
from tests.support.stores import NOW

Mood = Literal["fine", "away", "away after writing", "refused"]


class MoodyStore(Store):
    """A store with moods.

    Attributes:
        inserts: table → how often something was inserted.
        moods: table → what its next inserts do; when they are used up all is fine.
        gate: inserts wait until it is set.
        waiting: is set while an insert waits at the gate.
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.inserts: Counter[str] = Counter()
        self.moods: dict[str, list[Mood]] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()

    def insert(self, table: str, rows: pl.DataFrame) -> None:
        """Insert, or not."""
        self.waiting.set()
        self.gate.wait()
        self.waiting.clear()
        moods = self.moods.get(table, [])
        mood = moods.pop(0) if moods else "fine"
        if mood == "away":
            raise StoreAwayError("the store is away")
        if mood == "refused":
            raise StoreError("the disk is full")
        super().insert(table, rows)
        self.inserts[table] += 1
        if mood == "away after writing":
            raise StoreAwayError("the store did not answer")


def moody(path: Path) -> MoodyStore:
    """Return a new or existing store at a path."""
    return MoodyStore.open(path, now=NOW, create=True)
