"""All of compose.yaml without containers: its broker's file, its accounts, its commands, its environment, as processes.

Names of hosts and paths inside containers are replaced by those of this machine; nothing else is changed.
"""

from __future__ import annotations

import asyncio
import json
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from deploy.healthcheck import why_not
from services.clock import utc_now
from services.store import Store
from tests.support.clickhouse_front import Front, running_front
from tests.support.deployed import ROOT, clickhouse_as, compose, made_secrets
from tests.support.front_login import PASSWORD, USER
from tests.support.kafka.broker import Broker
from tests.support.programs import PATIENCE, Program, program
from tests.support.stores import event

pytestmark = pytest.mark.asyncio
SERVICES: Final[dict[str, dict[str, Any]]] = compose()["services"]
PORTS: Final = {"recorder": "ASHIATO_OPS__PORT", "gateway": "ASHIATO_GATEWAY__PORT"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def properties() -> dict[str, str]:
    """Return the broker's settings of deploy/kafka."""
    text = (ROOT / "deploy" / "kafka" / "server.properties").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[str]:
    """Run the broker with the settings of deploy/kafka, at ports and in a folder of this test; return its address."""
    port, controller, folder = free_port(), free_port(), tmp_path / "kafka"
    settings = properties() | {
        "listeners": f"INTERNAL://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"INTERNAL://127.0.0.1:{port}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "log.dirs": str(folder / "data"),
    }
    with Broker(folder, settings=settings):
        yield f"127.0.0.1:{port}"


class Machine:
    """What the containers have, on this machine.

    Args:
        folder: for everything.
        kafka: address of the broker.
    """

    def __init__(self, folder: Path, kafka: str) -> None:
        self.folder = folder
        self.secrets = made_secrets(folder / "secrets")
        (self.secrets / "front_password").write_text(PASSWORD)
        self.ports = {name: free_port() for name in PORTS}
        self._kafka = kafka

    def settings(self, name: str, front: Front | None = None) -> dict[str, str]:
        """Return the environment that compose gives a service, as it has to be here."""
        places = {
            "kafka:9092": self._kafka,
            "http://clickhouse:8123": front.url if front else "http://127.0.0.1:1",
            "/run/secrets/producers": str(self.secrets / "producers.yaml"),
            "/run/secrets": str(self.secrets),
            "/etc/ashiato/carrier": str(ROOT / "examples" / "carrier"),
            "0.0.0.0": "127.0.0.1",  # noqa: S104
        }
        found = {variable: _replaced(value, places) for variable, value in SERVICES[name]["environment"].items()}
        if front:  # its one user; what that user may do is what the account of deploy/clickhouse may
            found["ASHIATO_STORE__USER"] = USER
            found["ASHIATO_STORE__PASSWORD_FILE"] = str(self.secrets / "front_password")
        if name in self.ports:
            found[PORTS[name]] = str(self.ports[name])
        return {**found, "ASHIATO_DATA_DIR": str(self.folder / "keys")}

    async def job(self, name: str, front: Front | None = None) -> None:
        """Run a service that ends by itself, to its good end."""
        async with program(*SERVICES[name]["command"], folder=self.folder, **self.settings(name, front)) as one:
            assert await one.ends() == 0, one.lines()

    def url(self, name: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    async def send(self, events: list[Any]) -> int:
        """Send events as the first producer; return the status."""
        token = (self.secrets / "producer_token").read_text().strip()
        headers = {"content-type": "application/cloudevents-batch+json", "authorization": f"Bearer {token}"}
        return await asyncio.to_thread(_post, self.url("gateway", "/v1/events"), json.dumps(events).encode(), headers)


def _replaced(text: str, places: Mapping[str, str]) -> str:
    for old, new in places.items():
        text = text.replace(old, new)
    return text


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(url, body, dict(headers))  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return int(answer.status)


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310
        return str(answer.read().decode())


async def well(machine: Machine, name: str, one: Program) -> None:
    """Wait until the image's own health check says that a process is well, and it says that it takes part."""
    async with asyncio.timeout(PATIENCE):
        for path in ("/healthz", "/readyz"):
            while await asyncio.to_thread(why_not, machine.url(name, path)):
                assert one.process.poll() is None, one.lines()
                await asyncio.sleep(0.2)


def recorded(front: Front, keys: Path) -> tuple[int, int]:
    """Return how many events are evidence, and how many partitions have accepted ranges."""
    store = Store.connect(front.settings(), keys, now=utc_now())
    try:
        events = store.rows("SELECT count() AS n FROM evidence WHERE kind = 'event'")[0]["n"]
        partitions = store.rows("SELECT uniqExact(source, partition) AS n FROM ranges")[0]["n"]
    finally:
        store.close()
    return int(events), int(partitions)


@pytest.mark.timeout(300)  # seven programs, one after the other
async def test_what_the_first_producer_sends_becomes_evidence(kafka: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path, kafka)
    await machine.job("topics")
    with running_front(tmp_path / "store", config=clickhouse_as("migrator", machine.secrets, tmp_path)) as front:
        await machine.job("migrate", front)
    with running_front(tmp_path / "store", config=clickhouse_as("recorder", machine.secrets, tmp_path)) as front:
        recorder = program(*SERVICES["recorder"]["command"], folder=tmp_path, **machine.settings("recorder", front))
        gateway = program(*SERVICES["gateway"]["command"], folder=tmp_path, **machine.settings("gateway"))
        async with recorder as records, gateway as takes:
            await well(machine, "recorder", records)
            await well(machine, "gateway", takes)
            events = [{**event(number), "source": "//first/crm"} for number in range(50)]
            assert await machine.send(events) == 202
            async with asyncio.timeout(PATIENCE):
                while (await asyncio.to_thread(recorded, front, tmp_path / "keys"))[0] < 50:
                    assert records.process.poll() is None, records.lines()
                    await asyncio.sleep(0.2)
            metrics = await asyncio.to_thread(_get, machine.url("recorder", "/metrics"))
            assert 'ashiato_events_total{source="kafka:audit.events"} 50.0' in metrics
            metrics = await asyncio.to_thread(_get, machine.url("gateway", "/metrics"))
            assert 'ashiato_gateway_events_total{producer="first"} 50.0' in metrics
            assert [await takes.stop(), await records.stop()] == [0, 0]
        events_now, partitions = recorded(front, tmp_path / "keys")
        assert events_now == 50
        assert partitions > 1  # the topic has its partitions as designed, and the gateway uses them
