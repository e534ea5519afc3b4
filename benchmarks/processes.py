"""A process that is measured: started, looked at through the kernel's files, and ended in order."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

END_SECONDS: Final = 60
MEBIBYTE: Final = 1 << 20
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Measured:
    """A child whose memory and CPU time are read from /proc (Linux).

    Args:
        command: its program and arguments.
        environment: its variables.
        log: file for what it says on stderr, and on stdout unless ``piped``.
        piped: whether stdout is read by the caller.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path, *, piped: bool = False
    ) -> None:
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                command, env=environment, stderr=out, stdout=subprocess.PIPE if piped else out
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def check(self) -> None:
        """See that it still runs.

        Raises:
            RuntimeError: it does not; the text ends with what it said last.
        """
        if self.process.poll() is not None:
            raise RuntimeError(f"it ended by itself: {self.log.read_text('utf-8', 'replace')[-4000:]}")

    def rss(self) -> int:
        """Return the bytes of memory that it holds now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def cpu(self) -> float:
        """Return its CPU seconds so far, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


class Course:
    """How many events a process has done, and what that took, over time."""

    def __init__(self) -> None:
        self.points: list[tuple[float, int, float]] = []
        self.memory: list[int] = []

    def add(self, events: int, of: Measured, at: float | None = None) -> None:
        """Note a moment; only those count at which it has done more than before."""
        self.memory.append(of.rss())
        if events and (not self.points or events > self.points[-1][1]):
            self.points.append((time.monotonic() if at is None else at, events, of.cpu()))

    @property
    def rate(self) -> float:
        """Events a second between the first and the last moment that counted."""
        (start, first, _), (end, last, _) = self.points[0], self.points[-1]
        return (last - first) / (end - start)

    @property
    def cpu_us(self) -> float:
        """CPU microseconds per event in the same time."""
        (_, first, before), (_, last, after) = self.points[0], self.points[-1]
        return (after - before) / (last - first) * 1e6

    def memory_told(self) -> dict[str, int]:
        """Return MiB at most, and in the middle of each quarter of the time: what is steady does not rise."""
        size = max(1, len(self.memory) // 4)
        quarters = [self.memory[first : first + size] for first in range(0, 4 * size, size)]
        told = {f"quarter_{number}_mib": _mib(statistics.median(one)) for number, one in enumerate(quarters, 1) if one}
        return {"peak_mib": _mib(max(self.memory)), **told}


def _mib(size: float) -> int:
    return round(size / MEBIBYTE)
