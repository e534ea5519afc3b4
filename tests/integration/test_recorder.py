"""The recorder on a real Kafka, into a real store."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.partitioner import DefaultPartitioner

from schemas.errors import EvidenceError, LogAwayError, LogError
from schemas.events import MAX_MESSAGE_BYTES
from services.dead_letters import Letter
from services.kafka_admin import admin
from services.kafka_client import KafkaSettings
from services.kafka_sink import KafkaSink, partition_of
from services.kafka_topic_ids import TopicIds
from services.log import Partition
from services.replay import topics_again
from services.store import Store
from services.topics import INPUT_BYTES
from streams.flags import flag_id
from streams.outgoing import Outgoing
from tests.support.kafka.fixtures import Topics
from tests.support.kafka.topics import (
    Message,
    add_partitions,
    committed,
    create_topic,
    delete_topics,
    producer,
    read,
    send,
    send_by,
)
from tests.support.moody_store import moody
from tests.support.recorders import Told, kafka_log, messages, recorder, running, sink, until
from tests.support.stores import counts, event, open_store

pytestmark = pytest.mark.asyncio


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "data") as store:
        yield store


def positions(store: Store) -> list[tuple[int, int]]:
    rows = store.rows("SELECT `position.partition` AS p, `position.offset` AS o FROM evidence ORDER BY p, o")
    return [(row["p"], row["o"]) for row in rows]


def spans(store: Store) -> list[tuple[int, int, int, int]]:
    """Return (partition, first, last, messages) of every range that counts, adjacent ones joined."""
    joined: list[tuple[int, int, int, int]] = []
    rows = store.rows("SELECT partition, accepted_first, last, messages FROM ranges ORDER BY source, partition, last")
    for row in rows:
        partition, first, last, count = row.values()
        if joined and joined[-1][0] == partition and joined[-1][2] + 1 == first:
            first, count = joined[-1][1], joined[-1][3] + count
            joined.pop()
        joined.append((partition, first, last, count))
    return joined


async def test_everything_in_all_partitions_becomes_evidence_and_is_told(topics: Topics, store: Store) -> None:
    topic = await topics.create("events", partitions=3)
    out = {kind: await topics.create(kind, partitions=2) for kind in ("findings", "activity", "deadletter")}
    sent = await send(
        topics.bootstrap, topic, [Message(one, partition=i % 3) for i, one in enumerate(messages(range(300)))]
    )
    await send(
        topics.bootstrap,
        topic,
        [Message(b"not json", partition=1), Message(None, b"k", partition=1), Message(b"", partition=2)],
    )

    async with sink(topics.bootstrap, out) as told:  # type: ignore[arg-type]
        one, watcher = recorder(kafka_log(topics.bootstrap, topic, group=topics.name("g")), store, told.publish)
        async with running(one) as task:
            await until(lambda: watcher.count == 303, task)

    assert positions(store) == sorted([*sent, (1, 100), (1, 101), (2, 100)])
    assert spans(store) == [(0, 0, 99, 100), (1, 0, 101, 102), (2, 0, 100, 101)]
    letters = store.rows(
        "SELECT `position.partition` AS p, `position.offset` AS o, reason FROM dead_letters ORDER BY p, o"
    )
    assert [(row["p"], row["o"], row["reason"]) for row in letters] == [
        (1, 100, "invalid-json"),
        (1, 101, "tombstone"),
        (2, 100, "empty"),
    ]
    findings = store.rows("SELECT record FROM findings ORDER BY record")
    found = await read(topics.bootstrap, out["findings"])
    assert sorted((m.value or b"").decode() for m in found) == [row["record"] for row in findings]
    for m in found:
        record = json.loads(m.value or b"")
        key = {name: record[name] for name in ("rule", "role", "asset", "party", "country", "policy_item", "episode")}
        assert (m.key or b"").decode() == flag_id(**key)
        assert (
            dict(m.headers)["position"].decode()
            == f"kafka:{topic}|{record['partition']}|{record['offset']}|{record['part']}"
        )
    assert {dict(m.headers)["position"].decode() for m in await read(topics.bootstrap, out["deadletter"])} == {
        f"kafka:{topic}|1|100|0", f"kafka:{topic}|1|101|0", f"kafka:{topic}|2|100|0",
    }  # fmt: skip
    assert (
        len(await read(topics.bootstrap, out["activity"])) == 300
    )  # nothing is registered, so nothing is known to be harmless


async def test_it_goes_on_behind_its_evidence_whatever_kafka_has_committed(topics: Topics, store: Store) -> None:
    topic, group = await topics.create("events"), topics.name("g")
    await send(topics.bootstrap, topic, messages(range(120)))
    one, watcher = recorder(kafka_log(topics.bootstrap, topic, group=group), store, Told().publish)
    async with running(one) as task:
        await until(lambda: watcher.count == 120, task)
    assert await committed(topics.bootstrap, group, topic) == {0: 120}
    await send(topics.bootstrap, topic, messages(range(120, 150)))

    for other in (group, topics.name("nothing-committed")):
        two, watcher = recorder(
            kafka_log(topics.bootstrap, topic, group=other), store, Told().publish, prefix=f"{other}-"
        )
        async with running(two) as task:
            await until(lambda: counts(store)["events"] == 150, task)

    assert spans(store) == [(0, 0, 149, 150)]
    assert counts(store)["short"] == 150


@pytest.mark.parametrize("again", [0, 10, 60, 200])
async def test_a_topic_that_was_made_anew_stops_it(topics: Topics, store: Store, again: int) -> None:
    topic, group = await topics.create("events"), topics.name("g")
    await send(topics.bootstrap, topic, messages(range(60)))
    one, watcher = recorder(kafka_log(topics.bootstrap, topic, group=group), store, Told().publish)
    async with running(one) as task:
        await until(lambda: watcher.count == 60, task)
    await delete_topics(topics.bootstrap, topic)
    await create_topic(topics.bootstrap, topic)
    await send(topics.bootstrap, topic, messages(range(1000, 1000 + again)))

    two, _ = recorder(kafka_log(topics.bootstrap, topic, group=group), store, Told().publish, prefix="s")
    with pytest.raises(EvidenceError, match="made anew"):
        await asyncio.wait_for(two.run(), 30)
    assert counts(store)["events"] == 60


async def test_transaction_markers_and_aborted_messages_leave_no_gap_in_the_ranges(
    topics: Topics, store: Store
) -> None:
    topic = await topics.create("events")
    async with producer(topics.bootstrap, transactional_id=topics.name("t")) as kafka:
        for begin, commits in ((0, True), (10, False), (20, True)):
            await kafka.begin_transaction()
            await send_by(kafka, topic, messages(range(begin, begin + 10)))
            await (kafka.commit_transaction() if commits else kafka.abort_transaction())
    await send(topics.bootstrap, topic, messages([30]))

    one, watcher = recorder(kafka_log(topics.bootstrap, topic, group=topics.name("g")), store, Told().publish)
    async with running(one) as task:
        await until(lambda: watcher.count == 21, task)

    assert spans(store) == [(0, 0, 33, 21)]
    assert store.rows("SELECT sum(skipped) AS n FROM ranges")[0]["n"] == 13
    assert [row["id"] for row in store.rows("SELECT `event.id` AS id FROM evidence ORDER BY `position.offset`")] == [
        *(f"e{i}" for i in range(10)), *(f"e{i}" for i in range(20, 31)),
    ]  # fmt: skip


async def test_partitions_that_are_added_while_it_runs_are_recorded_from_their_beginning(
    topics: Topics, store: Store
) -> None:
    topic = await topics.create("events")
    await send(topics.bootstrap, topic, messages(range(10)))
    one, watcher = recorder(kafka_log(topics.bootstrap, topic, group=topics.name("g")), store, Told().publish)
    async with running(one) as task:
        await until(lambda: watcher.count == 10, task)
        await add_partitions(topics.bootstrap, topic, total=3)
        await send(
            topics.bootstrap, topic, [Message(m, partition=i % 3) for i, m in enumerate(messages(range(10, 40)))]
        )
        await until(lambda: watcher.count == 40, task)

    assert spans(store) == [(0, 0, 19, 20), (1, 0, 9, 10), (2, 0, 9, 10)]


async def test_two_recorders_share_the_partitions_while_one_comes_and_goes(topics: Topics, store: Store) -> None:
    topic, group = await topics.create("events", partitions=4), topics.name("g")

    async def load() -> None:
        async with producer(topics.bootstrap) as kafka:
            for begin in range(0, 2000, 100):
                await send_by(
                    kafka,
                    topic,
                    [Message(m, partition=i % 4) for i, m in enumerate(messages(range(begin, begin + 100)))],
                )
                await asyncio.sleep(0.1)

    one, first = recorder(kafka_log(topics.bootstrap, topic, group=group), store, Told().publish, prefix="a")
    async with running(one) as task:
        sending = asyncio.create_task(load())
        await until(lambda: first.count > 200, task)
        two, second = recorder(kafka_log(topics.bootstrap, topic, group=group), store, Told().publish, prefix="b")
        async with running(two) as other:
            await until(lambda: second.count > 100, other)
            assert len({*one.partitions, *two.partitions}) == 4
            assert len(two.partitions) == len(one.partitions) == 2
        await sending
        await until(lambda: first.count + second.count >= 2000, task)  # to ask the store takes from them what they need
        await until(lambda: counts(store)["events"] == 2000, task)

    assert spans(store) == [(p, 0, 499, 500) for p in range(4)]
    assert counts(store)["short"] == 2000
    assert not first.warnings


@pytest.mark.parametrize("again", [0, 5, 90])
async def test_a_topic_that_is_made_anew_while_it_runs_stops_it_before_anything_of_it_counts(
    topics: Topics, store: Store, again: int
) -> None:
    topic = await topics.create("events")
    await send(topics.bootstrap, topic, messages(range(60)))
    one, watcher = recorder(kafka_log(topics.bootstrap, topic, group=topics.name("g")), store, Told().publish)
    task = asyncio.create_task(one.run())
    await until(lambda: watcher.count == 60, task)
    await delete_topics(topics.bootstrap, topic)
    await create_topic(topics.bootstrap, topic)
    await send(topics.bootstrap, topic, messages(range(1000, 1000 + again)))

    with pytest.raises(EvidenceError, match=r"made anew|was deleted"):
        await asyncio.wait_for(task, 30)
    assert counts(store)["events"] == 60


async def test_a_topic_tells_whether_it_is_compacted_and_a_new_one_has_another_id(topics: Topics) -> None:
    plain = await topics.create("plain")
    compacted = await topics.create("compacted", config={"cleanup.policy": "compact,delete"})
    log = kafka_log(topics.bootstrap, plain, compacted, group=topics.name("g"))
    assert not await log.compacted(Partition(f"kafka:{plain}", 0, "native"))
    assert await log.compacted(Partition(f"kafka:{compacted}", 0, "native"))

    ids = TopicIds(KafkaSettings(topics.bootstrap))
    before = await ids.of([plain, compacted, topics.name("missing")])
    await delete_topics(topics.bootstrap, plain)
    await create_topic(topics.bootstrap, plain)
    after = await ids.of([plain, compacted])
    await ids.close()
    assert before.keys() == after.keys() == {plain, compacted}
    assert before[compacted] == after[compacted] != after[plain] != before[plain]


async def test_the_lag_grows_while_the_store_is_away_though_nothing_more_is_fetched(
    topics: Topics, tmp_path: Path
) -> None:
    topic = await topics.create("events")
    await send(topics.bootstrap, topic, messages(range(500)))
    at = Partition(f"kafka:{topic}", 0, "native")
    with moody(tmp_path / "data") as store:
        store.moods["evidence_rows"] = ["away"] * 10_000
        one, watcher = recorder(kafka_log(topics.bootstrap, topic, group=topics.name("g")), store, Told().publish)
        async with running(one) as task:
            await until(lambda: watcher.lags == {at: 500} and len(watcher.retries) > 1, task)
            await send(topics.bootstrap, topic, messages(range(500, 700)))
            await until(lambda: watcher.lags == {at: 700}, task)
            store.moods.clear()
            await until(lambda: watcher.count == 700 and watcher.lags == {at: 0}, task)


async def test_a_letter_as_large_as_a_message_may_be_is_played_again(topics: Topics) -> None:
    topic = await topics.create("events", config={"max.message.bytes": str(INPUT_BYTES)})
    raw = os.urandom(MAX_MESSAGE_BYTES)
    letter = Letter(f"kafka:{topic}", 0, 7, 0, "invalid-value", len(raw), raw)
    async with topics_again(KafkaSettings(topics.bootstrap)) as again:
        await again.play([letter])
    assert [one.value for one in await read(topics.bootstrap, topic)] == [raw]


async def test_a_topic_that_does_not_exist_is_told_and_not_made(topics: Topics, store: Store) -> None:
    missing = topics.name("missing")
    one, _ = recorder(kafka_log(topics.bootstrap, missing, group=topics.name("g")), store, Told().publish)
    with pytest.raises(LogError, match=f"there is no topic {missing}"):
        await one.run()
    async with admin(KafkaSettings(topics.bootstrap)) as asked:
        assert missing not in await asked.partitions()


async def test_what_few_may_see_goes_to_a_topic_of_its_own(topics: Topics, store: Store) -> None:
    topic = await topics.create("events")
    out = {kind: await topics.create(kind) for kind in ("findings", "restricted", "activity", "deadletter")}
    provided = json.dumps(event(1, exposure={"to": "government"})).encode()
    await send(topics.bootstrap, topic, [provided, *messages([2])])

    async with sink(topics.bootstrap, out) as told:  # type: ignore[arg-type]
        one, watcher = recorder(kafka_log(topics.bootstrap, topic, group=topics.name("g")), store, told.publish)
        async with running(one) as task:
            await until(lambda: watcher.count == 2, task)

    few = [json.loads(m.value or b"")["rule"] for m in await read(topics.bootstrap, out["restricted"])]
    others = {json.loads(m.value or b"")["rule"] for m in await read(topics.bootstrap, out["findings"])}
    assert few == ["GOV-PROVISION"]
    assert "UNKNOWN-ASSET" in others
    assert "GOV-PROVISION" not in others


async def test_a_topic_that_is_missing_is_told_before_there_is_something_for_it(topics: Topics) -> None:
    there, missing = await topics.create("findings"), topics.name("restricted")
    said = [Outgoing("findings", [b"key"], [b"value"], [b"position"])]
    one = KafkaSink(
        KafkaSettings(topics.bootstrap, request_timeout_ms=1_000), {"findings": there, "restricted": missing}
    )
    try:
        for _ in range(2):
            with pytest.raises(LogAwayError, match=f"there is no topic {missing}"):
                await one.publish(said)
        assert await read(topics.bootstrap, there) == []
        await create_topic(topics.bootstrap, missing)
        await one.publish(said)
    finally:
        await one.stop()
        await delete_topics(topics.bootstrap, missing)
    assert [m.value for m in await read(topics.bootstrap, there)] == [b"value"]


async def test_every_client_of_kafka_would_choose_the_same_partition_for_a_key() -> None:
    for key in (b"", b"a", b"flag-1", b"0123456789abcdef", "委託先".encode()):
        assert partition_of(key, 12) == DefaultPartitioner()(key, list(range(12)), list(range(12)))
