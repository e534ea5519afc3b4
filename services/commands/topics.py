"""``ashiato topics``: make the topics, see how they are set up, say what is lost."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import click

from schemas.errors import Place, UsageError
from services.acts import record_done
from services.amounts import counted
from services.cli_support import Failed, emit, example, json_option
from services.clock import new_id, utc_now
from services.context import build_context
from services.kafka_admin import There, admin
from services.kafka_client import KafkaSettings
from services.log import Partition
from services.lost import lost_range
from services.settings import Settings
from services.settings_options import existing_store, settings_options
from services.topics import LARGEST, TOPICS, Topic, inputs
from streams.tables import range_row

COLUMNS: Final = ("topic", "state", "partitions", "kept", "holds")
WATCHED: Final = ("cleanup.policy", "retention.ms", "retention.bytes")
"""Settings that decide what is lost when; another value of one of these is told."""


@click.group(epilog=example("ashiato topics create --partitions 24 --replication 3"))
def command() -> None:
    """Make the topics, see how they are set up, say what is lost."""


@command.command(epilog=example("ashiato topics create --partitions 24 --replication 3"))
@click.option("--partitions", type=click.IntRange(min=1), help="Of topics that are shared out; 12 if not given.")
@click.option(
    "--replication",
    type=click.IntRange(min=1),
    help="Copies of each partition; 3, or as many as there are brokers, if not given.",
)
@settings_options
@json_option
def create(*, partitions: int | None, replication: int | None, settings: Settings, as_json: bool) -> None:
    """Make the topics that are missing. Those that exist are left as they are; what differs is told (exit code 1)."""
    rows = asyncio.run(_create(settings.kafka.client(), partitions, replication))
    emit(rows, as_json=as_json, columns=COLUMNS)
    differing = [row["topic"] for row in rows if row["state"].startswith("differs")]
    if differing:
        raise Failed(
            "topics are not set up as designed", why=", ".join(differing),
            todo="change them with Kafka's own kafka-configs, or keep them so on purpose",
        )  # fmt: skip


async def _create(kafka: KafkaSettings, partitions: int | None, replication: int | None) -> list[dict[str, Any]]:
    async with admin(kafka) as asked:
        before = await asked.there([one.name for one in TOPICS])
        missing = [one for one in TOPICS if one.name not in before]
        if missing:
            await asked.create(missing, partitions=partitions, replication=replication)
    return [_row(one, before.get(one.name), partitions) for one in TOPICS]


def _row(topic: Topic, there: There | None, partitions: int | None) -> dict[str, Any]:
    made = (partitions or topic.partitions) if topic.partitions > 1 else 1
    return {
        "topic": topic.name,
        "state": _state(topic, there),
        "partitions": there.partitions if there else made,
        "kept": "for good" if topic.days is None else counted(topic.days, "day"),
        "holds": topic.holds,
    }


def _state(topic: Topic, there: There | None) -> str:
    if there is None:
        return "made"
    differs = [
        f"{name} is {there.settings.get(name)}, not {topic.settings[name]}"
        for name in WATCHED
        if there.settings.get(name) != topic.settings[name]
    ]
    largest, wanted = int(there.settings.get(LARGEST) or 0), int(topic.settings.get(LARGEST) or 0)
    if largest < wanted:  # one that takes more does no harm
        differs.append(f"{LARGEST} is {largest}, less than {wanted}")
    return f"differs: {'; '.join(differs)}" if differs else "there"


@command.command(epilog=example("ashiato topics lost audit.events 3 120044 --why 'expired while the cluster was down'"))
@click.argument("topic")
@click.argument("partition", type=click.IntRange(min=0))
@click.argument("through", type=click.IntRange(min=0))
@click.option("--why", required=True, help="Why nobody has them any more; recorded with your name.")
@settings_options
def lost(topic: str, partition: int, through: int, *, why: str, settings: Settings) -> None:
    """Say that messages are gone: what follows the last recorded one of a partition, up to THROUGH.

    The recorder stops when messages expired before it came to them. Once this is recorded it goes on behind them; that
    they are missing stays part of the evidence. Kafka is asked first: nothing that it still has can be called lost, and
    no recorder of the group (kafka.group) may be running, since it may have read some of them.
    """
    with existing_store(settings) as store:
        (source,) = inputs([topic], store.sources())
        begin = asyncio.run(_begin(settings.kafka.client(), settings.kafka.group, source.topic, partition))
        context = build_context(store, now=utc_now(), salt_key=settings.paths.salt_key, mmdb=settings.paths.mmdb)
        at = Partition(source.source, partition, source.format)
        of = lost_range(store, context, at, through, begin=begin, now=utc_now(), name=new_id())
        record_done(store, "range_lost", f"{at} {of.first}-{of.last}: {why}", of.skipped, now=utc_now(), new_id=new_id)
        store.insert("range_rows", range_row(of))
    click.echo(f"{of.skipped:,} positions of {at} are recorded as lost: {of.first:,} to {of.last:,}")


async def _begin(kafka: KafkaSettings, group: str, topic: str, partition: int) -> int:
    """Return where a partition begins now, if nobody is recording."""
    async with admin(kafka) as asked:
        if members := await asked.members(group):
            raise UsageError(
                "recorders are running", where=Place(f"group {group}"), why=counted(members, "member"),
                todo="stop all of them, say again what is lost, and start them",
            )  # fmt: skip
        return await asked.begin(topic, partition)
