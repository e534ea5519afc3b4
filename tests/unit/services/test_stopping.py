"""A stop in good order."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from schemas.errors import EvidenceError
from services.stopping import Stopping, together

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def test_a_signal_is_passed_on_to_all_once() -> None:
    stopping, told = Stopping(), list[str]()
    stopping.when(lambda: told.append("a"))
    stopping.when(lambda: told.append("b"))
    stopping.listen()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0.05)
    stopping.stop()
    assert told == ["a", "b"]


async def test_who_comes_after_the_signal_is_told_at_once() -> None:
    stopping, told = Stopping(), list[str]()
    stopping.stop()
    stopping.when(lambda: told.append("late"))
    assert told == ["late"]


async def test_a_second_signal_gives_up_what_was_begun() -> None:
    async def endless() -> None:
        Stopping().listen()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    task = asyncio.create_task(endless())
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)


async def test_what_still_hangs_when_the_grace_period_is_over_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.stopping.LEAVE_SECONDS", 0.2)
    left = threading.Event()
    stopping = Stopping(leave=left.set)
    with stopping.at_most(0.1):
        assert not await asyncio.to_thread(left.wait, 0.5), "nobody has told it to stop"
        stopping.stop()
        assert not await asyncio.to_thread(left.wait, 0.15)
        assert await asyncio.to_thread(left.wait, 5)


async def test_who_ends_in_time_is_not_left_alone_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.stopping.LEAVE_SECONDS", 0.1)
    left = threading.Event()
    stopping = Stopping(leave=left.set)
    with stopping.at_most(0.1):
        stopping.stop()
    assert not await asyncio.to_thread(left.wait, 0.5)


async def test_a_hangup_calls_and_ends_nothing() -> None:
    heard, stopping = asyncio.Event(), Stopping()
    stopping.at_hangup(heard.set)
    stopping.listen()
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.wait_for(heard.wait(), 5)
    assert not stopping.told


async def test_what_runs_beside_the_work_ends_with_it() -> None:
    stopping, ended = Stopping(), list[str]()
    done = asyncio.Event()
    stopping.when(done.set)

    async def work(name: str) -> None:
        await done.wait()
        ended.append(name)

    async def beside() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("beside")

    task = asyncio.create_task(together([work("a"), work("b")], [beside()], stopping))
    await asyncio.sleep(0.01)
    stopping.stop()
    await asyncio.wait_for(task, 5)
    assert ended == ["a", "b", "beside"]


@pytest.mark.parametrize("where", ["work", "beside"])
async def test_an_error_ends_everything_in_good_order_and_is_told(where: str) -> None:
    stopping, ended = Stopping(), list[str]()
    done = asyncio.Event()
    stopping.when(done.set)

    async def works() -> None:
        await done.wait()
        await asyncio.sleep(0.01)
        ended.append("works")

    async def fails() -> None:
        raise EvidenceError("the log is another one")

    work, beside = ([works(), fails()], []) if where == "work" else ([works()], [fails()])
    with pytest.raises(EvidenceError, match="another one"):
        await asyncio.wait_for(together(work, beside, stopping), 5)
    assert ended == ["works"]
