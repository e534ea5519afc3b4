"""The recorder's command line against a Kafka of its own: topics, recording, stopping, and what a person does then."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from services.context import build_context
from services.recorder import RecorderSettings
from services.topics import TOPICS
from tests.support.cloudtrail import message
from tests.support.kafka.broker import Broker
from tests.support.kafka.topics import Message, committed, create_topic, delete_topics, read, send
from tests.support.programs import forked_program, run_forked
from tests.support.recorders import PATIENCE, Told, kafka_log, messages, recorder, running, until
from tests.support.stores import NOW, counts, event, ingest, lines, open_store

pytestmark = pytest.mark.asyncio
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(broker: Broker, tmp_path: Path) -> dict[str, str]:
    return {
        "ASHIATO_KAFKA__BOOTSTRAP": broker.bootstrap,
        "ASHIATO_DATA_DIR": str(tmp_path / "data"),
        "ASHIATO_OPS__PORT": "0",
        "ASHIATO_RECORDER__BATCH_MS": "50",
    }


@pytest.fixture
def ashiato(environment: dict[str, str], tmp_path: Path) -> Command:
    def run(*arguments: str, code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        done = run_forked(*arguments, folder=tmp_path, **environment, **more)
        assert done.returncode == code, done.stderr
        return done

    return run


async def record(environment: dict[str, str], group: str, goal: dict[str, dict[int, int]]) -> str:
    """Run the recorder until it has committed the goal (topic → partition → offset), then end it; return its log."""
    folder = Path(environment["ASHIATO_DATA_DIR"]).parent
    async with forked_program("run", "recorder", folder=folder, **environment) as one:
        async with asyncio.timeout(PATIENCE):
            for topic, offsets in goal.items():
                while await committed(environment["ASHIATO_KAFKA__BOOTSTRAP"], group, topic) != offsets:
                    assert one.process.poll() is None, "the recorder ended by itself"
                    await asyncio.sleep(0.2)
        assert await one.stop() == 0, one.log()
        return one.log()


async def test_from_empty_brokers_to_evidence_and_findings(
    environment: dict[str, str], ashiato: Command, tmp_path: Path
) -> None:
    bootstrap = environment["ASHIATO_KAFKA__BOOTSTRAP"]
    made = json.loads(ashiato("topics", "create", "--partitions", "2", "--json").stdout)
    assert {(row["topic"], row["state"]) for row in made} == {(one.name, "made") for one in TOPICS}
    again = json.loads(ashiato("topics", "create", "--json").stdout)
    assert {(row["topic"], row["state"], row["partitions"]) for row in again} == {
        (one.name, "there", 2 if one.partitions > 1 else 1) for one in TOPICS
    }
    await send(
        bootstrap,
        "audit.events",
        [Message(m, partition=i % 2) for i, m in enumerate([*messages(range(40)), b"poison"])],
    )
    await send(
        bootstrap,
        "audit.raw.cloudtrail",
        [Message(message("s3:GetObject", {"bucketName": "b"}, eventID=f"c{i}"), partition=0) for i in range(3)],
    )

    environment["ASHIATO_KAFKA__GROUP"] = "mine"
    log = await record(environment, "mine", {"audit.events": {0: 21, 1: 20}, "audit.raw.cloudtrail": {0: 3}})

    with open_store(tmp_path / "data") as store:
        rows = store.rows(
            "SELECT `position.source` AS s, kind, count() AS n FROM evidence GROUP BY s, kind ORDER BY s, kind"
        )
        assert [(row["s"], row["kind"], row["n"]) for row in rows] == [
            ("kafka:audit.events", "dead_letter", 1),
            ("kafka:audit.events", "event", 40),
            ("kafka:audit.raw.cloudtrail", "event", 3),
        ]
        assert len(await read(bootstrap, "audit.findings")) == counts(store)["findings"] > 0
    assert [(m.key, json.loads(m.value or b"")["reason"]) for m in await read(bootstrap, "audit.deadletter")] == [
        (b"kafka:audit.events|0", "invalid-json")
    ]
    assert "poison" not in log
    assert "user-1" not in log
    listed = json.loads(ashiato("deadletters", "list", "--json").stdout)
    assert [(row["source"], row["partition"], row["offset"], row["reason"], row["bytes"]) for row in listed] == [
        ("kafka:audit.events", 0, 20, "invalid-json", 6)
    ]
    assert "raw" not in listed[0]


async def test_a_topic_of_the_gateway_that_nobody_made_is_told_before_anything_is_recorded(
    environment: dict[str, str], ashiato: Command
) -> None:
    await create_topic(environment["ASHIATO_KAFKA__BOOTSTRAP"], "audit.events")
    stopped = await asyncio.to_thread(ashiato, "run", "recorder", code=2)
    assert "there is no topic audit.raw.cloudtrail" in stopped.stderr
    assert "make it with `ashiato topics create`, or mend kafka.topics" in stopped.stderr


async def test_topics_that_are_set_up_otherwise_are_left_alone_and_told(
    environment: dict[str, str], ashiato: Command
) -> None:
    bootstrap, week = environment["ASHIATO_KAFKA__BOOTSTRAP"], {"retention.ms": str(7 * 86_400_000)}
    await create_topic(bootstrap, "audit.seals", config={"retention.ms": "60000"})
    await create_topic(bootstrap, "audit.events", config=week)
    await create_topic(bootstrap, "audit.raw.cloudtrail", config={**week, "max.message.bytes": str(8 << 20)})
    told = ashiato("topics", "create", "--json", code=1)
    assert "audit.events, audit.seals" in told.stderr
    states = {row["topic"]: row["state"] for row in json.loads(told.stdout) if row["state"] != "made"}
    assert states == {
        "audit.seals": "differs: retention.ms is 60000, not -1",
        "audit.events": "differs: max.message.bytes is 1048588, less than 2097152",
        "audit.raw.cloudtrail": "there",
    }


async def test_it_stops_when_the_topic_is_not_the_recorded_one_and_goes_on_as_a_person_says(
    environment: dict[str, str], ashiato: Command, tmp_path: Path
) -> None:
    bootstrap = environment["ASHIATO_KAFKA__BOOTSTRAP"]
    ashiato("topics", "create", "--partitions", "1")
    await send(bootstrap, "audit.events", messages(range(20)))
    await record({**environment, "ASHIATO_KAFKA__GROUP": "g1"}, "g1", {"audit.events": {0: 20}})
    await delete_topics(bootstrap, "audit.events")
    ashiato("topics", "create", "--partitions", "1")
    await send(bootstrap, "audit.events", messages(range(100, 105)))

    stopped = await asyncio.to_thread(ashiato, "run", "recorder", code=1, ASHIATO_KAFKA__GROUP="g2")
    assert "the log ends before what was recorded of it" in stopped.stderr
    assert "audit.events~2" in stopped.stderr

    again = {**environment, "ASHIATO_KAFKA__TOPICS": "audit.events~2", "ASHIATO_KAFKA__GROUP": "g3"}
    await record(again, "g3", {"audit.events": {0: 5}})
    await send(bootstrap, "audit.events", messages(range(105, 108)))
    await record({**environment, "ASHIATO_KAFKA__GROUP": "g4"}, "g4", {"audit.events": {0: 8}})
    with open_store(tmp_path / "data") as store:
        assert store.rows("SELECT source, max(last) AS l FROM ranges GROUP BY source ORDER BY source") == [
            {"source": "kafka:audit.events", "l": 19}, {"source": "kafka:audit.events~2", "l": 7},
        ]  # fmt: skip


async def test_too_much_poison_ends_it_with_the_reason(environment: dict[str, str], ashiato: Command) -> None:
    ashiato("topics", "create", "--partitions", "1")
    await send(environment["ASHIATO_KAFKA__BOOTSTRAP"], "audit.events", [b"poison"] * 1200)
    stopped = await asyncio.to_thread(ashiato, "run", "recorder", code=1)
    assert "1,200 of the last 1,200 messages became dead letters" in stopped.stderr


async def test_messages_that_expired_unrecorded_stop_it_until_a_person_says_that_they_are_lost(
    environment: dict[str, str], ashiato: Command, tmp_path: Path
) -> None:
    bootstrap = environment["ASHIATO_KAFKA__BOOTSTRAP"]
    ashiato("topics", "create", "--partitions", "1")
    await send(bootstrap, "audit.events", messages(range(10)))
    await record({**environment, "ASHIATO_KAFKA__GROUP": "g1"}, "g1", {"audit.events": {0: 10}})
    await send(bootstrap, "audit.events", messages(range(10, 30)))
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition("audit.events", 0): RecordsToDelete(before_offset=25)})
    await admin.close()

    stopped = await asyncio.to_thread(ashiato, "run", "recorder", code=1, ASHIATO_KAFKA__GROUP="g2")
    assert "the log begins at 25 now, and recording has to go on at 10" in stopped.stderr
    ashiato("topics", "lost", "audit.events", "0", "9", "--why", "x", code=2)
    refused = ashiato("topics", "lost", "audit.events", "0", "25", "--why", "mistyped", code=2)
    assert "the log has what it has from 25 on" in refused.stderr
    refused = ashiato("topics", "lost", "audit.events", "1", "24", "--why", "mistyped", code=2)
    assert "there is no partition 1 of audit.events" in refused.stderr
    somebody = AIOKafkaConsumer("audit.events", bootstrap_servers=bootstrap, group_id="ashiato-recorder")
    await somebody.start()
    refused = await asyncio.to_thread(ashiato, "topics", "lost", "audit.events", "0", "24", "--why", "x", code=2)
    assert "recorders are running" in refused.stderr
    await somebody.stop()
    said = ashiato("topics", "lost", "audit.events", "0", "24", "--why", "the cluster was down for ten days").stdout
    assert "15 positions" in said
    await record({**environment, "ASHIATO_KAFKA__GROUP": "g3"}, "g3", {"audit.events": {0: 30}})
    with open_store(tmp_path / "data") as store:
        rows = store.rows("SELECT accepted_first AS f, last, messages FROM ranges ORDER BY f")
        assert [tuple(row.values()) for row in rows][1] == (10, 24, 0)
        assert (rows[0]["f"], rows[-1]["last"], counts(store)["events"]) == (0, 29, 15)
        assert store.rows("SELECT kind, rows FROM acts WHERE kind = 'range_lost'") == [
            {"kind": "range_lost", "rows": 15}
        ]


async def test_dead_letters_are_played_again_after_a_fix_once(
    environment: dict[str, str], ashiato: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap = environment["ASHIATO_KAFKA__BOOTSTRAP"]
    ashiato("topics", "create", "--partitions", "2")
    large = json.dumps(event(7, purpose="x" * 900)).encode()
    await send(
        bootstrap, "audit.events", [Message(m, b"k", partition=1) for m in [*messages(range(3)), large, b"{", None]]
    )
    with monkeypatch.context() as old, open_store(tmp_path / "data") as store:
        mine = build_context(store, now=NOW)
        for module in ("verdicts", "decode"):  # as a program with a lower limit would have read it
            old.setattr(f"streams.{module}.MAX_MESSAGE_BYTES", 800)
        old.setattr("tests.support.recorders.context", lambda: mine)
        one, watcher = recorder(
            kafka_log(bootstrap, "audit.events", group="old"),
            store,
            Told().publish,
            settings=RecorderSettings(batch_ms=50),
        )
        async with running(one) as task:
            await until(lambda: watcher.count == 6, task)
        assert counts(store)["dead_letters"] == 3

    def outcome(*arguments: str) -> dict[str, int]:
        rows: list[dict[str, Any]] = json.loads(ashiato("deadletters", "replay", "--json", *arguments).stdout)
        return {row["outcome"]: row["letters"] for row in rows}

    rest = {"evidence already": 0, "not kept whole": 1, "still invalid-json": 1}
    assert outcome("--dry-run") == {"would be played again": 1, **rest}
    assert outcome("--reason", "no-such") == {"played again": 0, "evidence already": 0, "not kept whole": 0}
    assert outcome() == {"played again": 1, **rest}
    sent = (await read(bootstrap, "audit.events"))[-1]
    assert (sent.value, sent.partition, dict(sent.headers)["replay-of"]) == (large, 1, b"kafka:audit.events|1|3|0")
    await record({**environment, "ASHIATO_KAFKA__GROUP": "new"}, "new", {"audit.events": {1: 7}})
    assert outcome() == {"played again": 0, **rest, "evidence already": 1}
    with open_store(tmp_path / "data") as store:
        assert (counts(store)["events"], counts(store)["dead_letters"]) == (4, 3)


async def test_dead_letters_of_files_are_recorded_beside_their_file(
    ashiato: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "access.ndjson"
    log.write_text(lines([event(1), event(2, purpose="x" * 900), event(3)]))
    with monkeypatch.context() as old, open_store(tmp_path / "data") as store:
        for module in ("verdicts", "decode"):
            old.setattr(f"streams.{module}.MAX_MESSAGE_BYTES", 800)
        ingest(store, log)
        assert counts(store)["dead_letters"] == 1

    for _ in range(2):
        ashiato("deadletters", "replay")
    with open_store(tmp_path / "data") as store:
        rows = store.rows(
            "SELECT `position.source` AS s, `position.offset` AS o, `event.id` AS i FROM evidence WHERE s LIKE 'replay:%'"
        )
        assert [(row["s"].startswith("replay:file:access.ndjson#"), row["o"], row["i"]) for row in rows] == [
            (True, 0, "e2")
        ]
