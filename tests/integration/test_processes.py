"""``ashiato run recorder`` and ``ashiato run gateway`` as processes: what an operator sees of them, and how they end."""

import asyncio
import json
import signal
import time
from pathlib import Path

import httpx
import pytest

from services.store import Store
from services.topics import INPUTS
from tests.support.clickhouse_front import Fault, running_front
from tests.support.gateways import BATCH, BEARER, EVENTS, producers_file
from tests.support.judging import register_file
from tests.support.kafka.broker import Broker
from tests.support.kafka.topics import create_topic, read, send
from tests.support.programs import PATIENCE, Program, program
from tests.support.recorders import messages
from tests.support.stores import NOW, counts, event, open_store

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180)]
OUT = ("audit.findings", "audit.findings.restricted", "audit.activity", "audit.deadletter")


async def sees(client: httpx.AsyncClient, path: str, *lines: str, status: int = 200) -> str:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                answer = await client.get(path)
            except httpx.TransportError:
                answer = httpx.Response(0)
            if answer.status_code == status and all(line in answer.text for line in lines):
                return answer.text
            await asyncio.sleep(0.05)


async def client_of(one: Program, message: str) -> httpx.AsyncClient:
    port = (await one.says(message))["port"]
    url = f"http://127.0.0.1:{port}"
    return httpx.AsyncClient(base_url=url, headers=BEARER, trust_env=False, timeout=PATIENCE)


async def test_a_recorder_is_watched_changed_and_stopped(broker: Broker, tmp_path: Path) -> None:
    for topic in (*INPUTS, *OUT):
        await create_topic(broker.bootstrap, topic, partitions=2)
    settings = {
        "ASHIATO_DATA_DIR": str(tmp_path / "data"),
        "ASHIATO_KAFKA__BOOTSTRAP": broker.bootstrap,
        "ASHIATO_OPS__PORT": "0",
        "ASHIATO_PATHS__REGISTER": str(register_file(tmp_path)),
    }
    await send(broker.bootstrap, EVENTS, messages(range(100)))
    async with program("run", "recorder", folder=tmp_path, **settings) as one:
        async with await client_of(one, "health and metrics") as client:
            ready = json.loads(await sees(client, "/readyz"))
            assert ready["checks"] == {"assigned": "ok", "store": "ok", "register": "ok"}
            counted = f'ashiato_events_total{{source="kafka:{EVENTS}"}}'
            await sees(client, "/metrics", f"{counted} 100.0", f"ashiato_partitions {2 * len(INPUTS)}.0")

            register_file(tmp_path, name="Changed")
            one.process.send_signal(signal.SIGHUP)
            await one.says("another version is in use")
            await send(broker.bootstrap, EVENTS, messages(range(100, 110)))
            await sees(client, "/metrics", f"{counted} 110.0")
        assert await one.stop() == 0
        assert "user-" not in json.dumps(one.lines())
    with open_store(tmp_path / "data") as store:
        used = store.rows("SELECT register_sha256 AS r, sum(messages) AS n FROM ranges GROUP BY r ORDER BY n")
    assert [row["n"] for row in used] == [10, 100]


async def test_a_recorder_writes_to_a_server(broker: Broker, tmp_path: Path) -> None:
    for topic in (*INPUTS, *OUT):
        await create_topic(broker.bootstrap, topic)
    await send(broker.bootstrap, EVENTS, messages(range(30)))
    with running_front(tmp_path / "clickhouse") as front:
        server = front.settings()
        Store.connect(server, tmp_path / "data", now=NOW, create=True).close()
        settings = {
            "ASHIATO_DATA_DIR": str(tmp_path / "data"),
            "ASHIATO_KAFKA__BOOTSTRAP": broker.bootstrap,
            "ASHIATO_OPS__PORT": "0",
            "ASHIATO_STORE__URL": server.url,
            "ASHIATO_STORE__USER": server.user,
        }
        if server.password:
            settings["ASHIATO_STORE__PASSWORD"] = server.password.get_secret_value()
        async with program("run", "recorder", folder=tmp_path, **settings) as one:
            async with await client_of(one, "health and metrics") as client:
                await sees(client, "/metrics", f'ashiato_events_total{{source="kafka:{EVENTS}"}} 30.0')
                checks = json.loads(await sees(client, "/readyz", status=503))["checks"]
                assert checks == {"assigned": "ok", "store": "ok", "register": "no register is loaded"}
                front.kill()
                await sees(client, "/readyz", '"store": "the store cannot be read"', status=503)
                assert (await client.get("/healthz")).status_code == 200
                front.start()
                await sees(client, "/readyz", '"store": "ok"', status=503)
            assert await one.stop() == 0
        with Store.connect(server, tmp_path / "data", now=NOW) as store:
            assert counts(store)["events"] == 30


@pytest.mark.parametrize("signals", [1, 2])
async def test_a_recorder_ends_in_time_though_its_store_hangs(broker: Broker, tmp_path: Path, signals: int) -> None:
    for topic in (*INPUTS, *OUT):
        await create_topic(broker.bootstrap, topic)
    grace = 1 if signals == 1 else 60
    with running_front(tmp_path / "clickhouse") as front:
        server = front.settings()
        assert server.password
        Store.connect(server, tmp_path / "data", now=NOW, create=True).close()
        settings = {
            "ASHIATO_DATA_DIR": str(tmp_path / "data"),
            "ASHIATO_KAFKA__BOOTSTRAP": broker.bootstrap,
            "ASHIATO_OPS__PORT": "0",
            "ASHIATO_RECORDER__GRACE_SECONDS": str(grace),
            "ASHIATO_STORE__URL": server.url,
            "ASHIATO_STORE__USER": server.user,
            "ASHIATO_STORE__PASSWORD": server.password.get_secret_value(),
        }
        front.faults(Fault("hang", "INTO evidence_rows", seconds=60))
        async with program("run", "recorder", folder=tmp_path, **settings) as one:
            await send(broker.bootstrap, EVENTS, messages(range(30)))
            async with asyncio.timeout(PATIENCE):
                while not any("INTO evidence_rows" in said for said in front.seen()):  # noqa: ASYNC110  (a process outside changes it)
                    await asyncio.sleep(0.05)
            begin = time.monotonic()
            one.process.send_signal(signal.SIGTERM)
            await one.says("told to stop")
            if signals == 2:
                one.process.send_signal(signal.SIGTERM)
            assert await one.ends() == 1
            assert time.monotonic() - begin < 20
            assert "something still hangs" in one.lines()[-1]["message"]
        front.faults()
        async with program("run", "recorder", folder=tmp_path, **settings, ASHIATO_KAFKA__GROUP="next") as one:
            async with await client_of(one, "health and metrics") as client:
                await sees(client, "/metrics", f'ashiato_events_total{{source="kafka:{EVENTS}"}} 30.0')
            assert await one.stop() == 0
        with Store.connect(server, tmp_path / "data", now=NOW) as store:
            assert counts(store)["events"] == 30


async def test_a_gateway_takes_in_for_kafka_and_answers_for_itself(broker: Broker, tmp_path: Path) -> None:
    await create_topic(broker.bootstrap, EVENTS, partitions=2)
    settings = {
        "ASHIATO_KAFKA__BOOTSTRAP": broker.bootstrap,
        "ASHIATO_GATEWAY__PORT": "0",
        "ASHIATO_GATEWAY__PRODUCERS_FILE": str(producers_file(tmp_path, source_prefix="urn:app")),
    }
    events = [event(number) for number in range(20)]
    async with program("run", "gateway", folder=tmp_path, **settings) as one:
        async with await client_of(one, "taking events in") as client:
            assert json.loads(await sees(client, "/readyz"))["checks"] == {"log": "ok"}
            answer = await client.post("/v1/events", content=json.dumps(events), headers={"content-type": BATCH})
            assert answer.status_code == 202
            await sees(client, "/metrics", 'ashiato_gateway_events_total{producer="crm"} 20.0')
        assert await one.stop() == 0
    assert len(await read(broker.bootstrap, EVENTS)) == 20


async def test_a_gateway_whose_kafka_is_away_lives_and_says_that_it_is_not_ready(tmp_path: Path) -> None:
    settings = {
        "ASHIATO_KAFKA__BOOTSTRAP": "127.0.0.1:1",
        "ASHIATO_GATEWAY__PORT": "0",
        "ASHIATO_GATEWAY__PRODUCERS_FILE": str(producers_file(tmp_path)),
    }
    async with program("run", "gateway", folder=tmp_path, **settings) as one:
        async with await client_of(one, "taking events in") as client:
            assert "there is no connection to Kafka" in await sees(client, "/readyz", status=503)
            assert (await client.get("/healthz")).status_code == 200
        assert await one.stop() == 0


async def test_a_producer_that_is_taken_off_the_file_is_let_in_no_more(tmp_path: Path) -> None:
    file = producers_file(tmp_path)
    settings = {
        "ASHIATO_KAFKA__BOOTSTRAP": "127.0.0.1:1",
        "ASHIATO_GATEWAY__PORT": "0",
        "ASHIATO_GATEWAY__PRODUCERS_FILE": str(file),
    }
    async with program("run", "gateway", folder=tmp_path, **settings) as one:
        async with await client_of(one, "taking events in") as client:
            assert (await client.post("/v1/events")).status_code == 415  # let in, and asked for another body
            file.write_text("producers: [{name: crm}]\n")
            one.process.send_signal(signal.SIGHUP)
            await sees(client, "/metrics", 'ashiato_reload_refused{what="producers"} 1.0')
            assert (await client.post("/v1/events")).status_code == 415
            file.write_text("producers: []\n")
            one.process.send_signal(signal.SIGHUP)
            await sees(client, "/metrics", 'ashiato_reload_refused{what="producers"} 0.0')
            assert (await client.post("/v1/events")).status_code == 401
        assert await one.stop() == 0


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = {
        "ASHIATO_GATEWAY__PORT": str(port), "ASHIATO_GATEWAY__PRODUCERS_FILE": str(producers_file(tmp_path)),
    }  # fmt: skip
    async with server, program("run", "gateway", folder=tmp_path, **settings) as one:
        assert await one.ends() == 2
    assert f"127.0.0.1:{port}: the address cannot be listened at" in one.lines()[-1]["said"]
