"""Fixtures: one broker for a whole test run, topics of one test, a broker of one test.

The workers of a run share one broker: the first that needs it starts it, the process that runs the run ends it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.support.kafka.broker import Broker
from tests.support.kafka.topics import create_topic, delete_topics

SETTING: Final = "ASHIATO_TEST_KAFKA"
ON_THIS_MACHINE: Final = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\]):\d{1,5}")
FOLDER: Final = pytest.StashKey[Path]()
GIVEN: Final = pytest.StashKey[str | None]()


def pytest_configure(config: pytest.Config) -> None:
    """Agree on a folder for the whole run, and on the broker that a person names, if one does."""
    given = os.environ.get(SETTING)
    if given and not ON_THIS_MACHINE.fullmatch(given):
        raise pytest.UsageError(f"{SETTING} is host:port of a broker on this machine, like 127.0.0.1:9092, not {given}")
    config.stash[GIVEN] = given or None
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    mine = Path(tempfile.gettempdir(), f"ashiato-kafka-{secrets.token_hex(8)}")
    config.stash[FOLDER] = Path(worker["kafka"]) if worker else mine


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of the folder."""
    node.workerinput["kafka"] = str(node.config.stash[FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the shared broker with the run."""
    if hasattr(config, "workerinput"):
        return
    folder = config.stash[FOLDER]
    if (state := folder / "state.json").exists():
        os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> str:
    """Return the address of the broker that the whole run shares. Nobody stops it; topics on it have names of their own."""
    return pytestconfig.stash[GIVEN] or _shared(pytestconfig)


def _shared(config: pytest.Config) -> str:
    folder = config.stash[FOLDER]
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = folder / "state.json"
        if not state.exists():
            run = os.getppid() if hasattr(config, "workerinput") else os.getpid()
            broker = Broker(folder / "broker", owner=run).start()
            state.write_text(json.dumps({"bootstrap": broker.bootstrap, "pid": broker.leave()}))
        return str(json.loads(state.read_text())["bootstrap"])


class Topics:
    """Makes topics under names that no other test uses."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._made: list[str] = []

    def name(self, of: str) -> str:
        """Return a name that no other test uses, without a topic behind it."""
        return f"{of}-{secrets.token_hex(6)}"

    async def create(self, of: str, *, partitions: int = 1, config: Mapping[str, str] | None = None) -> str:
        """Make a topic; return its name."""
        name = self.name(of)
        await create_topic(self.bootstrap, name, partitions=partitions, config=config)
        self._made.append(name)
        return name

    async def remove(self) -> None:
        """Remove what was made."""
        if self._made:
            await delete_topics(self.bootstrap, *self._made)


@pytest_asyncio.fixture
async def topics(kafka: str) -> AsyncIterator[Topics]:
    """Make topics on the shared broker; they are gone after the test."""
    made = Topics(kafka)
    yield made
    await made.remove()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Return a started broker that belongs to this test alone, to be stopped, killed and frozen."""
    with Broker(tmp_path / "kafka") as mine:
        yield mine
