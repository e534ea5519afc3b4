"""One Apache Kafka broker, controller included (KRaft), on loopback, with its log in a folder of its own."""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.support.kafka.jars import HERE, JARS, archive, require

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
STARTED: Final = "Kafka Server started"
CLUSTER: Final = "YXNoaWF0by10ZXN0cy0xMQ"
PORTS: Final = range(20_000, 30_000)
"""Below the ports that outgoing connections take: no client can sit on the broker's port while it is down."""
JAVA_OPTIONS: Final = ("-Xms128m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""A small heap, and code that is compiled soon rather than well."""
FORMATTED: Final = JARS.with_name("kafka-formatted")
PLACES: Final = ("listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs")
"""Settings of which nothing is in the folder that is made for a new broker."""
GUARD: Final = 'while kill -0 "$1" && kill -0 "$2"; do sleep 1; done; kill -9 "$2"'
"""Ends the broker when the process that it serves has died without doing so."""


class Broker:
    """A broker that can be started, stopped, killed, frozen and started again at the same address.

    Args:
        folder: for its settings, its messages and what it says; made when it is not there.
        settings: broker settings, over those of ``_settings``.
        owner: process that it ends with, however that one ends; this one unless it is given.
        java_options: for the Java machine.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        owner: int | None = None,
        java_options: tuple[str, ...] = JAVA_OPTIONS,
    ) -> None:
        self.folder = folder
        self.port, controller = _free_ports(2)
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._owner = owner or os.getpid()
        self._starts = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        java, classes = _tools()
        logging = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
        self._java = [java, *java_options, *classes, logging, "-cp", f"{JARS}/*"]
        self._file = folder / "server.properties"
        folder.mkdir(parents=True, exist_ok=True)
        self._settings = _settings(self.port, controller, folder / "data") | dict(settings or {})
        self._file.write_text("".join(f"{name}={value}\n" for name, value in self._settings.items()))

    @property
    def pid(self) -> int:
        """Its process."""
        return self._running().pid

    @property
    def formatted(self) -> Path:
        """Where the folder that Kafka makes for a new broker like this is kept; Kafka's jars and the settings decide."""
        settings = sorted((name, value) for name, value in self._settings.items() if name not in PLACES)
        jars = (HERE / "jars.sha256").read_bytes()
        return FORMATTED / hashlib.sha256(jars + repr((CLUSTER, settings)).encode()).hexdigest()

    def start(self) -> Self:
        """Start it; it takes requests when this returns.

        Raises:
            RuntimeError: it did not start; the text ends with what it said.
        """
        if not (self.folder / "data").exists():
            self._format()
        log = self.folder / f"broker-{next(self._starts)}.log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [*self._java, "kafka.Kafka", str(self._file)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        try:
            self._guard()
            self._wait_for_start(log)
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self) -> None:
        """End it in order: it says goodbye to its clients and closes its log."""
        process = self._running()
        process.terminate()
        process.wait(STOP_SECONDS)
        self._process = None

    def kill(self) -> None:
        """End it at once, wherever it is."""
        process = self._running()
        process.kill()
        process.wait(STOP_SECONDS)
        self._process = None

    def restart(self) -> None:
        """End it in order and start it again."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Let it stand still: connections stay open, nothing is answered."""
        self._running().send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)  # until then one of its threads may still answer

    def thaw(self) -> None:
        """Let it go on."""
        self._running().send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """End it if it runs, and remove its folder."""
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def leave(self) -> int:
        """Leave it to somebody else to end; return its process."""
        process, self._process = self._running(), None
        process.returncode = 0  # else Popen warns that nobody waited for it
        return process.pid

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the broker does not run")
        return self._process

    def _format(self) -> None:
        """Make the folder of messages, as every new broker in KRaft mode needs it.

        It takes a Java machine of its own and comes out the same for the same Kafka and settings, so the first is kept.
        """
        if self.formatted.exists():
            shutil.copytree(self.formatted, self.folder / "data")
            return
        self._make_folder()
        FORMATTED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FORMATTED) as mine, suppress(OSError):  # another was first
            shutil.copytree(self.folder / "data", Path(mine, "data")).rename(self.formatted)

    def _make_folder(self) -> None:
        """Let Kafka make the folder.

        Raises:
            RuntimeError: it cannot; the text ends with what it said.
        """
        command = [*self._java, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(self._file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the broker's folder cannot be made: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def _guard(self) -> None:
        """See to it that the broker does not outlive its owner."""
        subprocess.run(
            ["sh", "-c", f"({GUARD}) </dev/null >/dev/null 2>&1 &", "guard", str(self._owner), str(self.pid)],
            start_new_session=True, check=True,
        )  # fmt: skip

    def _wait_for_start(self, log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while STARTED not in log.read_text(errors="replace"):
            if self._running().poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the broker did not start: {log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.05)


@cache
def _tools() -> tuple[str, tuple[str, ...]]:
    """Return the command of Java and its options for the classes that it has loaded before, once they are looked at."""
    java, _ = require()
    classes = archive(java)
    return java, (f"-XX:SharedArchiveFile={classes}", "-Xshare:auto") if classes.exists() else ()


def _settings(port: int, controller: int, data: Path) -> dict[str, str]:
    """Return settings of a single node that is quick to start and quick to compact."""
    return {
        "node.id": "1",
        "process.roles": "broker,controller",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",  # a mistyped topic is an error
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "2",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",  # tests of members that fall silent need not wait long
        "log.cleaner.backoff.ms": "200",
        "log.cleaner.dedupe.buffer.size": "2097152",  # 128 MiB of heap otherwise
        "log.segment.delete.delay.ms": "1000",
    }


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    ports: list[int] = []
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError(f"no free port between {PORTS.start} and {PORTS.stop}")
