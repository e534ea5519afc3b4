import asyncio
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.gateways import EVENTS, PATIENCE, events, running, spool_in

pytestmark = pytest.mark.asyncio
LIMITS: dict[str, Any] = {"header_seconds": 0.4, "body_seconds": 0.4}
HEAD = b"POST /v1/events HTTP/1.1\r\nhost: x\r\n"
BEARER = b"authorization: Bearer correct horse battery staple\r\n"


async def test_a_head_that_trickles_in_ends_the_connection(tmp_path: Path) -> None:
    async with running(tmp_path, spool_in(tmp_path), **LIMITS) as gateway:
        trickle = (HEAD[index : index + 1] for index in range(9))
        answer = await asyncio.wait_for(gateway.say(*trickle, pause=0.05), PATIENCE)

        assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_connection_that_says_nothing_is_closed(tmp_path: Path) -> None:
    async with running(tmp_path, spool_in(tmp_path), **LIMITS) as gateway:
        assert (await asyncio.wait_for(gateway.say(), PATIENCE)).startswith(b"HTTP/1.1 408 ")


async def test_a_second_head_on_the_same_connection_has_no_more_time_than_the_first(tmp_path: Path) -> None:
    async with running(tmp_path, spool_in(tmp_path), **LIMITS) as gateway:
        whole = b"GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n"
        answer = await asyncio.wait_for(gateway.say(whole, HEAD, pause=0.1), PATIENCE)

        assert answer.startswith(b"HTTP/1.1 404 ")
        assert answer.count(b"HTTP/1.1 408 ") == 1


async def test_the_body_of_a_request_that_was_answered_early_must_come_in_time(tmp_path: Path) -> None:
    async with running(tmp_path, spool_in(tmp_path), **LIMITS) as gateway:
        begin = time.monotonic()
        answer = await asyncio.wait_for(
            gateway.say(HEAD + b"content-length: 100000\r\n\r\n", b"x", pause=0.05), PATIENCE
        )

        assert answer.startswith(b"HTTP/1.1 401 ")
        assert time.monotonic() - begin >= 0.4


async def test_a_request_that_was_answered_early_does_not_disturb_the_next_on_its_connection(tmp_path: Path) -> None:
    async with running(tmp_path, spool_in(tmp_path)) as gateway:  # in time, however long the pauses get
        early = HEAD + b"content-length: 5\r\n\r\n"
        answer = await gateway.say(
            early, b"hello", b"GET /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", pause=0.1
        )

        assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"401", b"404"]


async def test_a_connection_is_not_held_for_ever_after_a_request_that_was_answered_early(tmp_path: Path) -> None:
    async with running(tmp_path, spool_in(tmp_path), **LIMITS) as gateway:
        answer = await asyncio.wait_for(gateway.say(HEAD + b"content-length: 5\r\n\r\n", b"hello", pause=0.1), PATIENCE)

        assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"401", b"408"]


async def test_slow_work_behind_does_not_count_against_the_client(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    async with running(tmp_path, spool, header_seconds=0.4) as gateway:
        # A body in three parts, over a longer time than a head may take.
        body = b'{"specversion":"1.0"}'
        head = HEAD + BEARER + b"content-type: application/cloudevents+json\r\nconnection: close\r\n"
        answer = await gateway.say(head + b"content-length: 21\r\n\r\n", body[:9], body[9:], pause=0.5)

        assert answer.startswith(b"HTTP/1.1 400 ")


async def test_more_connections_than_allowed_are_told_to_come_again(tmp_path: Path) -> None:
    async with running(tmp_path, spool_in(tmp_path), max_connections=2) as gateway:
        held = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(2)]
        await asyncio.sleep(0.1)
        crowded = await gateway.say()
        assert crowded.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 5" in crowded
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        await asyncio.sleep(0.1)
        assert (await gateway.post(events(1)[0])).status_code == 202


async def test_what_is_no_http_is_answered_and_the_next_is_served(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    async with running(tmp_path, spool) as gateway:
        assert (await gateway.say(b"\x16\x03\x01 not http \r\n\r\n")).startswith(b"HTTP/1.1 400 ")
        assert (await gateway.say(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000)).startswith(b"HTTP/1.1 400 ")
        both = b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
        assert b" 202 " not in await gateway.say(HEAD + BEARER + b"connection: close\r\n" + both, end=True)
        assert (await gateway.post(events(1)[0])).status_code == 202
        assert spool.end(EVENTS) == 1
