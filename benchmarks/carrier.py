"""The example carrier for benchmarks: what its events are judged with, and its messages in batches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.enriched_events import CARRIER
from schemas.records import Versions
from services.interpretation_files import read_interpretations
from services.register_files import read_register
from services.sources import BatchLimits, open_source
from streams.adapt import NATIVE
from streams.batch import RawBatch
from streams.commit import Keys
from streams.pipeline import Context
from streams.register_index import RegisterIndex
from streams.register_versions import content_sha256
from streams.rules import load_rulebook

RULEBOOK: Final = Path(__file__).parent.parent / "streams" / "rulebook"
KEYS: Final = Keys("0" * 64, "1" * 64)
ROWS: Final = 20_000
"""Messages in a batch, as `ashiato ingest` has them."""


def context() -> Context:
    """Return what the example is judged with; each thread needs its own, for an index remembers what it was asked."""
    register = read_register([CARRIER / "register"])
    settings = read_interpretations(CARRIER / "interpretations.yaml")
    rulebook = load_rulebook({f"rulebook/{path.name}": path.read_text("utf-8") for path in RULEBOOK.glob("*.yml")})
    versions = Versions(
        register_sha256=content_sha256(register),
        rulebook_sha256=rulebook.sha256,
        interpretations_sha256=content_sha256(settings),
        program="benchmark",
    )
    return Context(RegisterIndex(register, settings), rulebook, KEYS, versions)


def native_batches(files: Iterable[Path], count: int, limits: BatchLimits) -> list[RawBatch]:
    """Return the native messages of these files in batches, ``count`` at most; other formats are left out."""
    found: list[RawBatch] = []
    for path in files:
        with open_source(path) as source:
            batches = source.read(limits=limits) if source.format == NATIVE else ()
            for batch in batches:
                if count > 0:
                    found.append(_head(batch, count))
                    count -= len(batch.messages)
    return found


def _head(batch: RawBatch, count: int) -> RawBatch:
    if count >= len(batch.offsets):
        return batch
    offsets = batch.offsets[:count]
    return replace(batch, offsets=offsets, messages=batch.messages[:count], last=offsets[-1])
