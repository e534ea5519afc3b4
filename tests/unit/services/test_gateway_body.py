import asyncio
import json
from pathlib import Path

import pytest

from tests.support.gateways import BEARER, EVENTS, PATIENCE, Running, events, running, spool_in

pytestmark = pytest.mark.asyncio


def request(body: bytes, length: str) -> bytes:
    token = BEARER["authorization"].encode()
    head = b"POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/cloudevents+json\r\nconnection: close\r\n"
    return head + b"authorization: %b\r\n%b\r\n\r\n" % (token, length.encode()) + body


async def seen(gateway: Running, count: int) -> list[str]:
    """Return the problems that the gateway told of, once there are so many."""
    async with asyncio.timeout(PATIENCE):
        while len(gateway.handled) < count:  # noqa: ASYNC110  (the gateway tells after its answer)
            await asyncio.sleep(0.01)
    return [one.problem for one in gateway.handled]


async def test_a_body_that_trickles_in_is_given_up_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    event = json.dumps(events(1)[0]).encode()
    async with running(tmp_path, spool, body_seconds=0.3) as gateway:
        whole = request(event, f"content-length: {len(event) + 1}")
        answer = await asyncio.wait_for(gateway.say(whole), PATIENCE)

        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"application/problem+json" in answer
        assert await seen(gateway, 1) == ["request-timeout"]
        assert spool.end(EVENTS) == 0


@pytest.mark.parametrize("missing", [1, 100])
async def test_a_client_that_goes_away_in_the_middle_leaves_nothing_behind(tmp_path: Path, missing: int) -> None:
    spool = spool_in(tmp_path)
    event = json.dumps(events(1)[0]).encode()
    async with running(tmp_path, spool) as gateway:
        _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(request(event, f"content-length: {len(event) + missing}"))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

        assert await seen(gateway, 1) == ["client-gone"]
        assert spool.end(EVENTS) == 0
        assert gateway.gateway.pending_bytes == 0


async def test_a_chunked_body_without_its_last_chunk_is_no_body(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    event = json.dumps(events(1)[0]).encode()
    async with running(tmp_path, spool) as gateway:
        chunk = b"%x\r\n%b\r\n" % (len(event), event)
        await gateway.say(request(chunk, "transfer-encoding: chunked"), end=True)
        assert await seen(gateway, 1) == ["client-gone"]
        assert spool.end(EVENTS) == 0

        whole = await gateway.say(request(chunk + b"0\r\n\r\n", "transfer-encoding: chunked"))
        assert whole.startswith(b"HTTP/1.1 202 ")
        assert spool.end(EVENTS) == 1


async def test_a_length_above_the_limit_is_refused_before_the_body_is_asked_for(tmp_path: Path) -> None:
    async with running(tmp_path, spool_in(tmp_path)) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(request(b"", "content-length: 999999999\r\nexpect: 100-continue"))
        answer = await asyncio.wait_for(reader.readline(), PATIENCE)
        writer.close()

        assert answer.startswith(b"HTTP/1.1 413 ")


async def test_what_requests_held_is_given_back_however_they_end(tmp_path: Path) -> None:
    async with running(tmp_path, spool_in(tmp_path)) as gateway:
        await gateway.post(events(1)[0])
        await gateway.post({})
        await gateway.post(b" " * 2_000_000)
        await gateway.post(events(3), "application/cloudevents-batch+json")

        assert gateway.gateway.pending_bytes == 0
