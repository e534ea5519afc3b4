"""What a broker answers about topics: which exist, which are gone, and what says neither."""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import errors

from schemas.errors import LogAwayError, LogError
from services import kafka_topic_ids
from services.kafka_client import KafkaSettings
from services.kafka_topic_ids import TopicIds

pytestmark = pytest.mark.asyncio
ID = uuid.UUID(int=7)


class Client:
    """A client whose broker answers each topic with a code."""

    def __init__(self, codes: dict[str, int]) -> None:
        self.codes = codes

    async def bootstrap(self) -> None: ...

    def get_random_node(self) -> int:
        return 1

    async def send(self, node: int, request: object) -> Any:  # noqa: ARG002  (the signature of the client)
        rows: list[Any] = [
            (code, name, uuid.UUID(int=0) if code else ID, False, [], 0, {}) for name, code in self.codes.items()
        ]
        return SimpleNamespace(topics=rows)


def ids(monkeypatch: pytest.MonkeyPatch, codes: dict[str, int]) -> TopicIds:
    monkeypatch.setattr(kafka_topic_ids, "AIOKafkaClient", lambda **_: Client(codes))
    return TopicIds(KafkaSettings("broker:1"))


async def test_a_topic_that_the_broker_does_not_know_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = errors.UnknownTopicOrPartitionError.errno
    assert await ids(monkeypatch, {"audit.events": 0, "audit.old": gone}).of(["audit.events", "audit.old"]) == {
        "audit.events": str(ID)
    }


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.TopicAuthorizationFailedError, LogError),
        (errors.InvalidTopicError, LogError),
        (errors.LeaderNotAvailableError, LogAwayError),
        (errors.RequestTimedOutError, LogAwayError),
    ],
)
async def test_a_topic_that_the_broker_does_not_tell_of_is_not_taken_for_gone(
    monkeypatch: pytest.MonkeyPatch, error: type[errors.BrokerResponseError], kind: type[LogError]
) -> None:
    with pytest.raises(LogError, match=f"the topic audit.events cannot be looked up: {error.__name__}") as told:
        await ids(monkeypatch, {"audit.raw.cloudtrail": 0, "audit.events": error.errno}).of(["audit.events"])
    assert type(told.value) is kind
