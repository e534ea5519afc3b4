"""The baseline: the same way of an event, one event at a time, on pydantic models and dicts.

It does the same work as `streams.pipeline`: it reads and checks each message by the contract, finds all facts (by the
same resolvers, with dicts for what was asked before), asks every rule, commits to what lies outside the record, writes
records of events and findings, hashes their leaves and the range's Merkle root. The benchmark checks that all of it
comes out the same. It is written to be quick: hot values are remembered, rules are closures, JSON is msgspec's.

What it leaves out is bad input: a message that the contract refuses ends it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from benchmarks.baseline_events import Row, read
from benchmarks.baseline_facts import Facts
from benchmarks.baseline_record import event_record, finding_record, keyed
from benchmarks.baseline_rules import Rules
from schemas.records import Clock, Versions
from streams.batch import RawBatch
from streams.commit import Keys
from streams.merkle import leaf_hash, root
from streams.pipeline import Context
from streams.ranges import bare


@dataclass(slots=True)
class Evidence:
    """What comes of one batch.

    Attributes:
        records: of events, then of findings, sorted by position, rule and role.
        leaves: their leaf hashes, likewise.
        outside: of each event, by clock, salt and values outside the record, and pseudonyms of users.
        merkle_root: over event leaves, then finding leaves.
        messages_sha256: see `schemas.records.Range`.
    """

    records: list[bytes] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    outside: list[tuple[dict[Clock, Row], list[str]]] = field(default_factory=list)
    merkle_root: bytes = b""
    messages_sha256: bytes = b""


class Baseline:
    """The per-event pipeline under one context; what it remembers stays between batches."""

    def __init__(self, context: Context) -> None:
        self._facts = Facts(context.index.register, context.index.interpretations, context.keys)
        self._rules = Rules(context.rulebook)
        self._keys: Keys = context.keys
        self._versions: Versions = context.versions

    def run(self, batch: RawBatch) -> Evidence:
        """Return the evidence of one batch of native messages."""
        evidence, digest = Evidence(), hashlib.sha256()
        findings: list[bytes] = []
        for offset, message in zip(batch.offsets, batch.messages, strict=True):
            sha256 = hashlib.sha256(bare(message))
            digest.update(sha256.digest())
            self._one((message, sha256.hexdigest()), (batch.source, batch.partition, offset, 0), evidence, findings)
        evidence.records += findings
        evidence.leaves = [leaf_hash(record) for record in evidence.records]
        evidence.merkle_root = root(evidence.leaves)
        evidence.messages_sha256 = digest.digest()
        return evidence

    def _one(
        self, raw: tuple[bytes, str], position: tuple[str, int, int, int], evidence: Evidence, findings: list[bytes]
    ) -> None:
        row, plain = read(raw[0])
        self._facts.add_to(row)
        content = keyed("content", plain, self._keys)
        record, outside = event_record(row, raw, position, content, self._keys)
        evidence.records.append(record)
        users = [keyed("user", user, self._keys)[:16] for user in row.get("records.users", ())]
        evidence.outside.append((outside, users))
        findings += [finding_record(found, row, position, content, self._versions) for found in self._rules.judge(row)]
