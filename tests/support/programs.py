"""``ashiato`` as a process of its own: started as people start it, watched through its log, ended as machines end it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from services.cli import main
from tests.support.forked import Forked

PATIENCE: Final = 60.0
"""Seconds after which a test gives up waiting."""


class Program:
    """One running command; its log is in a file.

    Args:
        arguments: of ``ashiato``.
        folder: for its log; the command runs there.
        settings: variables of its environment.
        forked: fork it from a process that has loaded the program, which takes less than a start.
    """

    def __init__(self, arguments: list[str], folder: Path, settings: Mapping[str, str], *, forked: bool) -> None:
        environment = _environment(settings)
        self._log = folder / f"log-{len(list(folder.glob('log-*')))}.ndjson"
        self.process: subprocess.Popen[bytes] | Forked
        if forked:
            given = json.dumps([arguments, str(folder), environment])
            self.process = Forked(_command, given, out=self._log, err=self._log)
            return
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.cli", *arguments],
                cwd=folder, env=environment, stdout=log, stderr=log,
            )  # fmt: skip

    def log(self) -> str:
        """Return the log so far."""
        return self._log.read_text()

    def lines(self) -> list[dict[str, Any]]:
        """Return its lines; a last word that is no JSON is ``{"said": …}``."""
        return [_line(text) for text in self.log().splitlines()]

    async def says(self, message: str, times: int = 1) -> dict[str, Any]:
        """Wait until the log has a message for the so-manieth time; return its line."""
        async with asyncio.timeout(PATIENCE):
            while len(found := [line for line in self.lines() if line.get("message") == message]) < times:
                if (code := self.process.poll()) is not None:
                    raise AssertionError(f"it ended with {code}: {self.log()}")
                await asyncio.sleep(0.05)
        return found[times - 1]

    async def ends(self) -> int:
        """Wait for its end; return the exit code."""
        return await asyncio.wait_for(asyncio.to_thread(self.process.wait), PATIENCE)

    async def stop(self) -> int:
        """Tell it to stop; return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await self.ends()

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        await self.ends()


@asynccontextmanager
async def program(*arguments: str, folder: Path, **settings: str) -> AsyncIterator[Program]:
    """Lend a running command, started as people start it; one that a test leaves behind is killed."""
    async with _lent(Program(list(arguments), folder, settings, forked=False)) as one:
        yield one


@asynccontextmanager
async def forked_program(*arguments: str, folder: Path, **settings: str) -> AsyncIterator[Program]:
    """Lend the same, forked: for tests that kill many."""
    async with _lent(Program(list(arguments), folder, settings, forked=True)) as one:
        yield one


@asynccontextmanager
async def _lent(one: Program) -> AsyncIterator[Program]:
    try:
        yield one
    finally:
        if one.process.poll() is None:
            await one.kill()


def run_forked(*arguments: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in a forked process; what it says is in new files of the folder too."""
    number = len(list(folder.glob("command-*.out")))
    out, err = folder / f"command-{number}.out", folder / f"command-{number}.err"
    given = json.dumps([arguments, str(folder), _environment(settings)])
    code = Forked(_command, given, out=out, err=err).ended(PATIENCE)
    return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a command: of this process's those that are none of ours, then the settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ASHIATO_")}
    return {**clean, "PYTHONPATH": str(Path.cwd()), **settings}


def _command(argument: str) -> None:
    """Run a command in a forked process. The argument is JSON: ``[arguments, folder, environment]``."""
    arguments, folder, environment = json.loads(argument)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["ashiato", *arguments]
    main()


async def ran(*arguments: str, folder: Path) -> str:
    """Run a command to its good end; return what it printed."""
    one = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.cli", *arguments, cwd=folder, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await asyncio.wait_for(one.communicate(), PATIENCE)
    assert one.returncode == 0, printed.decode()
    return printed.decode()


def _line(text: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        return {"said": text}
    return found
