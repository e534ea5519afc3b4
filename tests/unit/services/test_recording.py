"""The step from messages to evidence: what is asked again and what is not, and when it ends unfinished."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import LogError, StoreError
from services.recording import Prepared, Recording
from streams.batch import RawBatch
from streams.decode import decode_all
from tests.support.moody_store import MoodyStore, moody
from tests.support.recorders import Told, messages, recording
from tests.support.stores import counts

pytestmark = pytest.mark.asyncio


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MoodyStore]:
    with moody(tmp_path / "data") as store:
        yield store


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.recording.FIRST_WAIT", 0.001)


def prepared(step: Recording, *, count: int = 5, number: int = 0) -> Prepared:
    batch = RawBatch("kafka:t", number, "native", list(range(count)), messages(range(count)), 0, count - 1)
    return step.prepare([batch], decode_all([batch]))[0]


async def test_rows_that_may_have_been_written_are_never_vouched_for(store: MoodyStore) -> None:
    step = recording(store, Told().publish)
    one = prepared(step)
    store.moods["personal_long_rows"] = ["away after writing"]
    assert await step.commit([one])

    assert counts(store)["long"] == 5
    assert store.rows("SELECT count() AS n, uniqExact(range_id) AS ids FROM personal_long_rows") == [
        {"n": 10, "ids": 2}
    ]
    assert [of.id for of in store.ranges()] != [one.range.id]


async def test_a_range_that_may_have_been_written_is_written_again_under_its_name(store: MoodyStore) -> None:
    step = recording(store, Told().publish)
    one = prepared(step)
    store.moods["range_rows"] = ["away after writing"]
    assert await step.commit([one])

    assert [of.id for of in store.ranges()] == [one.range.id] * 2
    assert store.rows("SELECT count() AS n FROM ranges") == [{"n": 1}]
    assert counts(store)["events"] == 5


@pytest.mark.parametrize(
    ("until", "written"), [("rows", set()), ("acknowledged", {"evidence_rows"}), ("ranges", {"evidence_rows"})]
)
async def test_once_it_is_not_wanted_any_more_no_further_step_is_taken(
    store: MoodyStore, until: str, written: set[str]
) -> None:
    told = Told()
    wanted = {"rows": 0, "acknowledged": 1, "ranges": 2}[until]
    asked = iter(range(100))
    step = recording(store, told.publish)
    assert not await step.commit([prepared(step)], wanted=lambda: next(asked) < wanted)

    assert set(store.inserts) & {"evidence_rows", "range_rows"} == written
    assert bool(told.messages) == (until == "ranges")
    assert counts(store)["events"] == 0


async def test_what_the_store_or_kafka_refuse_for_good_is_an_error_at_once(
    store: MoodyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: object) -> None:
        raise LogError("no such topic")

    step = recording(store, refuse)
    with pytest.raises(LogError):
        await step.commit([prepared(step)])

    def full(*_: object) -> None:
        raise StoreError("no space left for writing")

    monkeypatch.setattr(store, "insert", full)
    with pytest.raises(StoreError):
        await step.commit([prepared(step)])
    assert counts(store)["events"] == 0
