"""``ashiato`` as a process of its own: started as people start it, watched through its log, ended as machines end it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

PATIENCE: Final = 60.0
"""Seconds after which a test gives up waiting."""


class Program:
    """One running command; its log is in a file.

    Args:
        arguments: of ``ashiato``.
        folder: for its log; the command runs there.
        settings: variables of its environment.
    """

    def __init__(self, arguments: list[str], folder: Path, settings: Mapping[str, str]) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ASHIATO_")}
        self._log = folder / f"log-{len(list(folder.glob('log-*')))}.ndjson"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.cli", *arguments],
                cwd=folder, env={**clean, "PYTHONPATH": str(Path.cwd()), **settings}, stdout=log, stderr=log,
            )  # fmt: skip

    def lines(self) -> list[dict[str, Any]]:
        """Return the log so far; a last word that is no JSON is ``{"said": …}``."""
        return [_line(text) for text in self._log.read_text().splitlines()]

    async def says(self, message: str, times: int = 1) -> dict[str, Any]:
        """Wait until the log has a message for the so-manieth time; return its line."""
        async with asyncio.timeout(PATIENCE):
            while len(found := [line for line in self.lines() if line.get("message") == message]) < times:
                if self.process.poll() is not None:
                    raise AssertionError(f"it ended with {self.process.returncode}: {self._log.read_text()}")
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
        self.process.kill()
        await self.ends()


@asynccontextmanager
async def program(*arguments: str, folder: Path, **settings: str) -> AsyncIterator[Program]:
    """Lend a running command; one that a test leaves behind is killed."""
    one = Program(list(arguments), folder, settings)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            await one.kill()


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
