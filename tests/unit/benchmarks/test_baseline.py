from dataclasses import replace
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from benchmarks.agreement import differing, disagreement
from benchmarks.baseline import Baseline
from benchmarks.carrier import context, native_batches
from examples.carrier import generate
from services.sources import BatchLimits
from streams.batch import RawBatch
from streams.pipeline import Context, run

SEED = 7
EVENTS = 500


@cache
def _context() -> Context:
    return context()


@pytest.fixture
def batches(tmp_path: Path) -> list[RawBatch]:
    return native_batches(generate.write(tmp_path, seed=SEED, count=EVENTS), 10 * EVENTS, BatchLimits(rows=200))


def test_the_baseline_makes_the_same_evidence_as_the_pipeline(batches: list[RawBatch]) -> None:
    assert disagreement(batches, _context()) == ""


def test_the_messages_compared_raise_findings_of_many_rules(batches: list[RawBatch]) -> None:
    rules = {rule for batch in batches for rule in run(batch, _context()).findings["rule"]}

    assert sum(len(batch.messages) for batch in batches) >= EVENTS / 2
    assert len(rules) >= 10


def test_what_differs_is_named(batches: list[RawBatch]) -> None:
    ours, theirs = run(batches[0], _context()), Baseline(_context()).run(batches[0])
    longer = ours.personal_short.with_columns(pl.col("salt") + "0")

    assert differing(ours, theirs) == []
    assert differing(replace(ours, merkle_root=bytes(32)), theirs) == ["Merkle roots"]
    assert differing(replace(ours, personal_short=longer), theirs) == ["values of the short clock"]


def test_fewer_messages_than_a_file_holds_are_taken_from_its_beginning(tmp_path: Path) -> None:
    files = generate.write(tmp_path, seed=SEED, count=EVENTS)
    batches = native_batches(files, 150, BatchLimits(rows=100))

    assert [len(batch.messages) for batch in batches] == [len(batch.offsets) for batch in batches]
    assert sum(len(batch.messages) for batch in batches) == 150
    assert all(batch.last == batch.offsets[-1] for batch in batches)
