"""The way of an event, one line a stage. Everything on it works on the columns of a whole batch.

Batches in give evidence out: the same messages with the same versions and keys give the same bytes, whatever the size
of batches, what other batches go with them, the machine, the store behind it, and however often it is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from schemas.records import Versions
from streams.batch import Decoded, RawBatch, Recorded
from streams.classify import classify
from streams.commit import Keys
from streams.decode import decode_all
from streams.enrich import enrich
from streams.judge import judge
from streams.record import record
from streams.register_index import RegisterIndex
from streams.rules import Rulebook


@dataclass(frozen=True, slots=True)
class Context:
    """What a batch is judged with. Nothing in it changes while a batch is on its way.

    One context serves one thread at a time: `run` refuses a second one, see `RegisterIndex.turn`.

    Attributes:
        index: the register and the interpretations, ready to be asked.
        rulebook: the rules.
        keys: for salts and pseudonyms.
        versions: the names of all of these, for findings and ranges.
    """

    index: RegisterIndex
    rulebook: Rulebook
    keys: Keys
    versions: Versions


def run(batch: RawBatch, context: Context) -> Recorded:
    """Return the evidence of one batch; see `judge_all`."""
    return judge_all([batch], decode_all([batch]), context)[0]


def judge_all(batches: Sequence[RawBatch], decoded: Sequence[Decoded], context: Context) -> list[Recorded]:
    """Return the evidence of each batch of messages; several small ones cost hardly more than one.

    What cannot be read is a dead letter in the result; no message is left out and none is the reason to stop.

    Args:
        batches: the messages.
        decoded: what `decode_all` made of them: bytes → typed columns; a foreign format by its adapter.
        context: what they are judged with.

    Raises:
        RuntimeError: the context is in use by another thread.
    """
    events = pl.concat(one.events for one in decoded)
    with context.index.turn():  # what it remembers is not for two threads at once
        known = enrich(events, context.index, context.keys)  # → what register and policy said on that day
        facts = classify(known, context.index)  # → category 1, 2, both, none or unknown (TBA 27-5)
        findings = judge(facts, context.rulebook)  # → one row per rule, role and position
    return record(decoded, facts, findings, batches=batches, keys=context.keys, versions=context.versions)
