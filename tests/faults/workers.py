"""Processes under a test's hand: started, killed, frozen, asked how far they have come."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tests.faults.program import Plan, run
from tests.support.forked import Forked

PATIENCE: Final = 90.0
"""Seconds after which a test gives up waiting."""
_numbers = itertools.count()


class Worker:
    """A recorder process.

    Args:
        plan: what it is to do.
        folder: for what it says.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        number = next(_numbers)
        self._out = folder / f"worker-{number}.out"
        self._err = folder / f"worker-{number}.err"
        self._process = Forked(run, plan.to_json(), out=self._out, err=self._err)

    @property
    def said(self) -> list[dict[str, Any]]:
        """What it has told so far; a line that was cut by its death is none."""
        whole, _, _ = self._out.read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines()]

    @property
    def error(self) -> str:
        """What it wrote to standard error."""
        return self._err.read_text()

    @property
    def exit_code(self) -> int | None:
        """None as long as it runs."""
        return self._process.poll()

    async def says(self, what: str) -> None:
        """Wait until it has told of something."""
        await until(lambda: self._has_said(what))

    def _has_said(self, what: str) -> bool:
        assert self.exit_code is None, f"it ended by itself: {self.error}"
        return any(line["what"] == what for line in self.said)

    def next_offsets(self) -> dict[tuple[str, int], int]:
        """Return, by source and partition, the offset up to which everything is recorded, as far as it has told."""
        found: dict[tuple[str, int], int] = {}
        for line in self.said:
            if line["what"] in {"resumed", "recorded"}:
                key = line["source"], line["partition"]
                found[key] = max(found.get(key, 0), line["next"])
        return found

    def kill(self) -> None:
        """End it at once; it must have been running."""
        assert self.exit_code is None, f"it ended by itself: {self.error}"
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    @property
    def memory(self) -> int:
        """The most memory that it has had, in bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) << 10

    async def frozen(self) -> None:
        """Wait until it has stopped itself."""
        stat = Path(f"/proc/{self._process.pid}/stat")
        await until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")

    def freeze(self) -> None:
        """Let it stand still."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    async def ended(self) -> int:
        """Wait until it has ended by itself; return its exit code."""
        await until(lambda: self.exit_code is not None)
        return self._process.wait()

    async def stop(self) -> None:
        """End it in order; anything but exit code 0 is an error of the test."""
        await until(lambda: len(self.said) > 1 or self.exit_code is not None)  # before that a signal just ends it
        self._process.send_signal(signal.SIGTERM)
        assert await self.ended() == 0, self.error

    def remove(self) -> None:
        """End it if it still runs."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


class Crew:
    """All recorder processes of one test.

    Args:
        plan: what each does, unless it is told otherwise.
        folder: for what they say.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.all: list[Worker] = []
        self._folder = folder

    def start(self, **changes: Any) -> Worker:
        """Start one more."""
        worker = Worker(replace(self.plan, **changes), self._folder)
        self.all.append(worker)
        return worker

    def next_offsets(self) -> dict[tuple[str, int], int]:
        """Return how far they have come together."""
        found: dict[tuple[str, int], int] = {}
        for worker in self.all:
            for key, offset in worker.next_offsets().items():
                found[key] = max(found.get(key, 0), offset)
        return found

    async def reach(self, goals: Mapping[tuple[str, int], int], *, alive: Sequence[Worker] = ()) -> None:
        """Wait until everything before these offsets is recorded; those that should be alive stay so.

        However long a backlog is: patience ends when nothing comes of it any more.
        """
        offsets: dict[tuple[str, int], int] = {}

        def further() -> bool:
            for worker in alive:
                assert worker.exit_code is None, f"it ended by itself: {worker.error}"
            return self.next_offsets() != offsets

        while not all(offsets.get(key, 0) >= goal for key, goal in goals.items()):
            await until(further)
            offsets = self.next_offsets()

    def retries(self) -> int:
        """Return how often one of them has told that it tries again."""
        return sum(line["what"] == "retried" for worker in self.all for line in worker.said)

    async def retried(self, times: int) -> None:
        """Wait until they have told so often that they try again."""

        def there() -> bool:
            for worker in self.all:
                assert worker.exit_code is None, f"it ended by itself: {worker.error}"
            return self.retries() >= times

        await until(there)

    def remove(self) -> None:
        """End whoever is left."""
        for worker in self.all:
            worker.remove()


async def until(true: Callable[[], bool], *, patience: float = PATIENCE) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(patience):
        while not true():  # noqa: ASYNC110  (a process outside changes it)
            await asyncio.sleep(0.02)
