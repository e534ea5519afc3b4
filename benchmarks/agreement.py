"""Whether the pipeline and the baseline make the same evidence of the same messages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from benchmarks.baseline import Baseline, Evidence
from streams.batch import RawBatch, Recorded
from streams.pipeline import Context, run


def disagreement(batches: Sequence[RawBatch], of: Context) -> str:
    """Return in which batch, and in what, the two differ; empty if they agree in all."""
    baseline = Baseline(of)
    for batch in batches:
        if names := differing(run(batch, of), baseline.run(batch)):
            return f"the two differ in {', '.join(names)} of {batch.source}, messages {batch.first} to {batch.last}"
    return ""


def differing(ours: Recorded, theirs: Evidence) -> list[str]:
    """Return what differs between the evidence of the pipeline and that of the baseline."""
    records = pl.concat([ours.evidence.select("record", "leaf_hash"), ours.findings.select("record", "leaf_hash")])
    pairs = {
        "records": (records["record"].to_list(), [one.decode() for one in theirs.records]),
        "leaf hashes": (records["leaf_hash"].to_list(), theirs.leaves),
        "Merkle roots": (ours.merkle_root, theirs.merkle_root),
        "digests of messages": (ours.messages_sha256, theirs.messages_sha256),
        "values of the short clock": (_outside(ours.personal_short), [one["short"] for one, _ in theirs.outside]),
        "values of the long clock": (_outside(ours.personal_long), [one["long"] for one, _ in theirs.outside]),
        "pseudonyms": (ours.personal_long["user.pseudonyms"].to_list(), [users for _, users in theirs.outside]),
    }
    return [name for name, (mine, other) in pairs.items() if mine != other]


def _outside(personal: pl.DataFrame) -> list[dict[str, Any]]:
    rows = personal.select(pl.exclude("position.offset", "position.part", "user.pseudonyms")).iter_rows(named=True)
    return [{name: _text_of(value) for name, value in row.items() if value is not None} for row in rows]


def _text_of(value: str | list[str]) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
