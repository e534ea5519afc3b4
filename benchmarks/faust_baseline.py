"""A plain Faust agent that does the recorder's work: pydantic, judged event by event, inserted in batches into chDB.

    python -m benchmarks.faust_baseline JSON       one object: bootstrap, data_dir, folder, batch_rows

It is what one would write with Faust for this: one agent over the topic; every event is read by the contract, gets its
facts, is asked about by every rule, and is committed to and hashed, all as `benchmarks.baseline` does it (dicts for
what was asked before, closures for rules, msgspec for JSON). Rows are gathered over events and written by the
recorder's own insert, as Arrow and in batches of the recorder's size, in a thread, so that Faust fetches on meanwhile.
The rows are the recorder's rows, down to leaf hashes and ranges; the benchmark compares them. What else the recorder
does is left out in the baseline's favour: it tells no topic of findings and activity, does not look at what was
recorded before, and leaves its offsets to Faust's timer. It prints how far it has come after each insert.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import faust
import polars as pl
from faust.types import EventT

from benchmarks.baseline_events import Row, read
from benchmarks.baseline_facts import Facts
from benchmarks.baseline_record import event_record, finding_record, identity_of, keyed
from benchmarks.baseline_rules import Found, Rules
from benchmarks.enriched_events import CARRIER
from schemas.findings import PARTY_OF, country_of
from schemas.records import Range
from services.clock import new_id, utc_now
from services.context import build_context
from services.interpretation_files import read_interpretations
from services.store import Store
from services.topics import EVENTS, SCHEME
from streams.leaves import INDEXED
from streams.merkle import leaf_hash, root
from streams.pipeline import Context
from streams.resume import messages_hmac
from streams.tables import range_row

IDLE_SECONDS: Final = 0.5
"""Rows that wait for a full batch are written when nothing came for so long."""
SOURCE: Final = f"{SCHEME}{EVENTS}"

_HEAD: Final = {"range_id": pl.String(), "recorded_at": pl.Datetime("us", "UTC")}
_AT: Final = {"position.offset": pl.Int64(), "position.part": pl.Int64()}
_TIME: Final = pl.Datetime("us", "UTC")


def _texts(*names: str) -> dict[str, pl.DataType]:
    return dict.fromkeys(names, pl.String())


TABLES: Final[dict[str, Mapping[str, Any]]] = {
    "evidence_rows": {
        **_AT, **_texts("kind", *INDEXED, "record"), "event.time": _TIME, "leaf_hash": pl.Binary(),
    },
    "personal_short_rows": {
        **_AT, **_texts("salt", "raw", "origin.ip", "asset.locator", "destination.locator"),
        "records.users": pl.List(pl.String()),
    },
    "personal_long_rows": {
        **_AT,
        **_texts(
            "salt", "actor.subject", "actor.on_behalf_of.subject", "grantee.subject", "purpose", "ticket",
            "destination.temporary.purpose", "records.fields", "grant.privileges",
        ),
        "user.pseudonyms": pl.List(pl.String()),
    },
    "finding_rows": {
        **_AT, "at": pl.Int64(), **_texts("position.source"), "position.partition": pl.Int64(), **_texts("rule"),
        "rule_version": pl.Int64(), **_texts("role", "level", "event_identity", "event_content"), "event_time": _TIME,
        **_texts("asset", "party", "country", "policy_item", "episode"), "planned": pl.Boolean(),
        **_texts("action", "operation", "record"), "leaf_hash": pl.Binary(),
    },
}  # fmt: skip
"""Columns of the store's tables, without the range."""


@dataclass(slots=True)
class Gathered:
    """Rows of one partition that are not written yet."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in TABLES})
    first: int = -1
    last: int = -1
    messages: Any = field(default_factory=hashlib.sha256)
    last_message: bytes = b""


class Agent:
    """What the agent does with an event, and with what it has gathered."""

    def __init__(self, store: Store, context: Context, batch_rows: int) -> None:
        self._store, self._keys, self._versions = store, context.keys, context.versions
        self._facts = Facts(context.index.register, context.index.interpretations, context.keys)
        self._rules = Rules(context.rulebook)
        self._batch_rows = batch_rows
        self._gathered: dict[int, Gathered] = {}
        self._count = self._written = self._seen = 0
        self._lock = asyncio.Lock()

    async def take(self, message: bytes, partition: int, offset: int) -> None:
        """Judge one event; write once enough is gathered."""
        of = self._gathered.get(partition)
        if of is None:
            of = self._gathered[partition] = Gathered(first=offset)
        row, plain = read(message)
        self._facts.add_to(row)
        position = (SOURCE, partition, offset, 0)
        content = keyed("content", plain, self._keys)
        sha256 = hashlib.sha256(message)
        record, outside = event_record(row, (message, sha256.hexdigest()), position, content, self._keys)
        users = [keyed("user", user, self._keys)[:16] for user in row.get("records.users", ())]
        at = {"position.offset": offset, "position.part": 0}
        indexed = {name: row.get(name) for name in INDEXED} | {"event.content": content[:32]}
        of.rows["evidence_rows"].append(
            {**at, "kind": "event", **indexed, "record": record.decode(), "leaf_hash": leaf_hash(record)}
        )
        of.rows["personal_short_rows"].append({**at, **outside["short"], "records.users": row.get("records.users", [])})
        of.rows["personal_long_rows"].append({**at, **outside["long"], "user.pseudonyms": users})
        for found in self._rules.judge(row):
            of.rows["finding_rows"].append(self._finding(found, row, position, content))
        of.last, of.last_message = offset, message
        of.messages.update(sha256.digest())
        self._count += 1
        if self._count >= self._batch_rows:
            await self.flush()

    def _finding(self, found: Found, row: Row, position: tuple[str, int, int, int], content: str) -> Row:
        record = finding_record(found, row, position, content, self._versions)
        rule, role = found.part.rule, found.part.role
        return {
            "position.offset": position[2], "position.part": position[3], "at": position[2],
            "position.source": position[0], "position.partition": position[1],
            "rule": rule.id, "rule_version": rule.version, "role": role, "level": rule.level,
            "event_identity": identity_of(row), "event_content": content[:32], "event_time": row["event.time"],
            "asset": row.get("asset.key"), "party": row.get(PARTY_OF[role]),
            "country": row.get(country_of(role, rule.block.policy_item) or ""),
            "policy_item": rule.block.policy_item, "episode": found.episode, "planned": "planned.id" in row,
            "action": row.get("action"), "operation": row.get("operation"),
            "record": record.decode(), "leaf_hash": leaf_hash(record),
        }  # fmt: skip

    async def idle(self) -> None:
        """Write what is gathered if nothing has come since this was called last."""
        if self._seen == self._count:
            await self.flush()
        self._seen = self._count

    async def flush(self) -> None:
        """Write what is gathered: one insert a table, then the range rows."""
        async with self._lock:
            gathered, self._gathered = self._gathered, {}
            count, self._count = self._count, 0
            if count:
                await asyncio.to_thread(self._write, gathered)
                self._written += count
                print(json.dumps({"events": self._written, "at": time.monotonic()}), flush=True)

    def _write(self, gathered: Mapping[int, Gathered]) -> None:
        ranges = {partition: self._range(partition, of) for partition, of in gathered.items()}
        for table, columns in TABLES.items():
            frames = [
                _frame(of.rows[table], columns, ranges[partition])
                for partition, of in gathered.items()
                if of.rows[table]
            ]
            if frames:
                self._store.insert(table, pl.concat(frames))
        self._store.insert("range_rows", pl.concat(range_row(one) for one in ranges.values()))

    def _range(self, partition: int, of: Gathered) -> Range:
        events, findings = of.rows["evidence_rows"], of.rows["finding_rows"]
        return Range(
            id=new_id(), source=SOURCE, partition=partition, first=of.first, last=of.last, messages=len(events),
            skipped=of.last - of.first + 1 - len(events), events=len(events), dead_letters=0, findings=len(findings),
            merkle_root=root([one["leaf_hash"] for one in (*events, *findings)]).hex(),
            messages_hmac=messages_hmac(of.messages.digest(), self._keys),
            last_message_hmac=messages_hmac(hashlib.sha256(of.last_message).digest(), self._keys),
            salt_key_id=self._keys.salt_key_id, recorded_at=utc_now(), **self._versions.model_dump(),
        )  # fmt: skip


def _frame(rows: Sequence[Row], columns: Mapping[str, Any], of: Range) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=dict(columns))
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    head = (pl.lit(value, dtype=_HEAD[name]).alias(name) for name, value in (
        ("range_id", of.id), ("recorded_at", of.recorded_at),
    ))  # fmt: skip
    return frame.select(*head, pl.all()).with_columns(pl.col(texts).fill_null(""))


def main(argument: str) -> None:
    """Record until told to stop."""
    given = json.loads(argument)
    with Store.open(Path(given["data_dir"]), now=utc_now()) as store:
        settings = read_interpretations(CARRIER / "interpretations.yaml")
        context = build_context(store, now=utc_now(), interpretations=settings)
        app = _app(Agent(store, context, given["batch_rows"]), given)
        faust.Worker(app, loglevel="warning", quiet=True, redirect_stdouts=False).execute_from_commandline()


def _app(agent: Agent, given: Mapping[str, Any]) -> faust.App:
    app = faust.App(
        "faust-baseline", broker=f"kafka://{given['bootstrap']}", datadir=given["folder"], web_enabled=False,
        topic_disable_leader=True, consumer_auto_offset_reset="earliest",
    )  # fmt: skip
    topic = app.topic(EVENTS, key_serializer="raw", value_serializer="raw")

    async def judge(stream: Any) -> None:
        event: EventT[bytes]
        async for event in stream.events():
            await agent.take(event.value, event.message.partition, event.message.offset)

    async def flush() -> None:
        await agent.idle()

    app.agent(topic)(judge)
    app.timer(IDLE_SECONDS)(flush)
    return app


if __name__ == "__main__":
    main(sys.argv[1])
