"""An HTTP server within a loop: where it listens, how it answers, how it ends."""

import asyncio
import socket
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from schemas.errors import UsageError
from services.http_server import HttpServer, plain_config

pytestmark = pytest.mark.asyncio


async def _hello(_: object) -> PlainTextResponse:
    return PlainTextResponse("hello")


def server() -> HttpServer:
    return HttpServer(plain_config(Starlette(routes=[Route("/", _hello)])), "127.0.0.1", 0)


async def test_both_parts_of_an_answer_are_sent_at_once() -> None:
    """Where Nagle's algorithm is on, the second part waits for the client, who acknowledges the first after 40 ms."""
    one = server()
    running = asyncio.create_task(one.run_until_stopped())
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        connections: list[Any] = list(one.server_state.connections)
        accepted = [each.transport.get_extra_info("socket") for each in connections]
        assert [each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in accepted] == [1]
        writer.close()
        await writer.wait_closed()
    finally:
        one.stop()
        await running


async def test_an_address_that_is_taken_is_an_error_that_names_it() -> None:
    first = server()
    with pytest.raises(UsageError) as error:
        HttpServer(first.config, "127.0.0.1", first.port)
    assert f"127.0.0.1:{first.port}" in str(error.value)
    running = asyncio.create_task(first.run_until_stopped())
    await asyncio.sleep(0)
    first.stop()
    await running
