"""Dead letters go back to a real Kafka: all of them or an error, in time."""

import asyncio
from pathlib import Path

import pytest

from schemas.errors import LogAwayError, LogError
from services.dead_letters import Letter
from services.kafka_client import KafkaSettings
from services.replay import topics_again
from services.topics import EVENTS
from tests.support.kafka.broker import Broker
from tests.support.kafka.fixtures import Topics
from tests.support.kafka.topics import create_topic, read
from tests.support.loop_errors import loop_errors

pytestmark = pytest.mark.asyncio


def letter(number: int) -> Letter:
    raw = b"letter %d" % number
    return Letter(f"kafka:{EVENTS}", 0, number, 0, "invalid-value", len(raw), raw)


@pytest.mark.parametrize("away", ["freeze", "kill"])
async def test_a_broker_that_is_away_in_the_middle_is_told_in_time_and_what_had_arrived_stays(
    tmp_path: Path, away: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.replay.STOP_SECONDS", 1.0)

    async def play(broker: Broker) -> None:
        async with topics_again(KafkaSettings(broker.bootstrap, request_timeout_ms=1000)) as again:
            await again.play([letter(1)])
            getattr(broker, away)()
            await again.play([letter(2), letter(3)])

    with Broker(tmp_path / "kafka") as broker:
        await create_topic(broker.bootstrap, EVENTS)
        with pytest.raises(LogAwayError, match=r"cannot be played again: KafkaTimeoutError .*play them again"):
            await asyncio.wait_for(play(broker), 30)
        if away == "freeze":
            broker.thaw()
        else:
            broker.start()
        assert (await read(broker.bootstrap, EVENTS))[0].value == letter(1).raw
    assert loop_errors(caplog) == []


async def test_a_broker_that_is_away_for_less_is_waited_for(tmp_path: Path) -> None:
    with Broker(tmp_path / "kafka") as broker:
        await create_topic(broker.bootstrap, EVENTS)
        async with topics_again(KafkaSettings(broker.bootstrap, request_timeout_ms=10_000)) as again:
            await again.play([letter(1)])
            broker.restart()
            await again.play([letter(2)])
        assert [one.value for one in await read(broker.bootstrap, EVENTS)] == [letter(1).raw, letter(2).raw]


async def test_a_topic_that_is_missing_is_told_with_its_name(topics: Topics) -> None:
    missing = topics.name("missing")
    raw = letter(1).raw
    async with topics_again(KafkaSettings(topics.bootstrap, request_timeout_ms=1000)) as again:
        with pytest.raises(LogError, match=rf"there is no topic {missing} .*topics create.*play them again"):
            await again.play([Letter(f"kafka:{missing}", 0, 1, 0, "invalid-value", len(raw), raw)])
