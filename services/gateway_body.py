"""Reading the body of a request: within its size, its time and the bytes that may be pending."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from services.gateway_limits import Account
from services.gateway_problems import Problem


async def read_body(request: Request, account: Account, limit: int, seconds: float) -> bytes:
    """Return the whole body.

    Args:
        request: the request, of whose body nothing has been read.
        account: what it holds of the pending bytes; grows with the body.
        limit: most bytes of a body.
        seconds: time for it to arrive.

    Raises:
        Problem: it is too large (413), too slow (408), or there is no room for it now (503).
        starlette.requests.ClientDisconnect: the client went away before its end.
    """
    announced = request.headers.get("content-length")
    if announced is not None and int(announced) > limit:
        raise _too_large(limit)
    chunks, size = list[bytes](), 0
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                if not account.add(len(chunk)):
                    raise Problem("unavailable", "too many requests are under way", retry_after=1, close=True)
                chunks.append(chunk)
    except TimeoutError:
        raise Problem("request-timeout", f"the body must arrive within {seconds:g} seconds", close=True) from None
    return b"".join(chunks)


def _too_large(limit: int) -> Problem:
    return Problem("too-large", f"the request has more than the {limit:,} bytes that are allowed")
