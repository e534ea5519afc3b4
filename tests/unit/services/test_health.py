"""Health: what a supervisor, a load balancer and Prometheus are answered."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from schemas.errors import StoreAwayError
from services.gateway_sink import Message, Position
from services.health import Check, Health
from services.http_server import HttpServer, plain_config
from services.log import Partition
from services.metrics import CONTENT_TYPE, Metrics
from services.readiness import StoreAnswers, Taking, register_loaded, sink_takes
from tests.support.stores import NOW, context, open_store

pytestmark = pytest.mark.asyncio


def says(why: str) -> Check:
    async def check() -> str:
        return why

    return check


async def away() -> str:
    raise StoreAwayError("the store is away", why="not told to everybody")


async def never() -> str:
    await asyncio.Event().wait()
    return ""


def health(**checks: Check) -> Health:
    return Health(Metrics(lambda: NOW, process=False), checks)


def client(of: Health) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(of.app()), base_url="http://ops", trust_env=False)


async def test_a_process_that_answers_is_healthy_whatever_it_waits_for() -> None:
    async with client(health(store=away)) as asked:
        answer = await asked.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_a_process_is_ready_when_every_check_holds() -> None:
    async with client(health(store=says(""), register=says(""))) as asked:
        answer = await asked.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "checks": {"store": "ok", "register": "ok"}}


async def test_a_process_that_is_not_ready_says_what_is_missing() -> None:
    async with client(health(store=away, register=says("no register is loaded"), assigned=says(""))) as asked:
        answer = await asked.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "checks": {"store": "the store is away", "register": "no register is loaded", "assigned": "ok"},
    }


async def test_a_check_that_hangs_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.health.CHECK_SECONDS", 0.05)
    async with client(health(store=never)) as asked:
        answer = await asked.get("/readyz")
    assert answer.json()["checks"] == {"store": "no answer within 0.05 s"}


async def test_a_process_that_stops_is_not_ready_but_healthy() -> None:
    of = health(store=says(""))
    of.stopping()
    async with client(of) as asked:
        assert (await asked.get("/readyz")).status_code == 503
        assert (await asked.get("/healthz")).status_code == 200


async def test_metrics_are_shown_with_readiness_among_them() -> None:
    async with client(health(store=away, register=says(""))) as asked:
        answer = await asked.get("/metrics")
    assert answer.headers["content-type"] == CONTENT_TYPE
    assert 'ashiato_ready{check="store"} 0.0' in answer.text
    assert 'ashiato_ready{check="register"} 1.0' in answer.text


async def test_nothing_else_is_there_and_nothing_is_taken() -> None:
    async with client(health()) as asked:
        assert (await asked.get("/")).status_code == 404
        assert (await asked.post("/readyz")).status_code == 405


async def test_it_is_served_on_a_port_of_its_own_until_stopped() -> None:
    server = HttpServer(plain_config(health().app()), "127.0.0.1", 0)
    serving = asyncio.create_task(server.run_until_stopped())
    async with httpx.AsyncClient(trust_env=False) as asked:
        assert (await asked.get(f"http://127.0.0.1:{server.port}/healthz")).status_code == 200
    server.stop()
    await asyncio.wait_for(serving, 10)


async def test_a_recorder_takes_part_once_everything_it_was_given_is_read() -> None:
    taking, one, two = Taking(), Partition("kafka:a", 0, "native"), Partition("kafka:a", 1, "native")
    assert await taking.check() == "no partitions were assigned yet"
    taking.assigned([one, two])
    taking.resumed(one, 0)
    assert await taking.check() == "1 partitions wait to be resumed"
    taking.resumed(two, 5)
    assert await taking.check() == ""
    taking.assigned(())  # it waits for others to leave
    assert await taking.check() == ""


async def test_a_store_that_is_there_answers(tmp_path: Path) -> None:
    with open_store(tmp_path / "data") as store:
        answers = StoreAnswers(store)
        assert await answers.check() == ""
        answers.close()


async def test_an_empty_register_is_none() -> None:
    assert await register_loaded(context)() == "no register is loaded"


async def test_a_sink_tells_why_it_takes_nothing() -> None:
    class Full:
        async def start(self) -> None: ...
        async def close(self) -> None: ...
        async def append(self, messages: Sequence[Message]) -> list[Position]:
            raise NotImplementedError

        def problem(self) -> str:
            return "there is no space left"

    assert await sink_takes(Full())() == "there is no space left"
