"""The gateway: CloudEvents over HTTP into the durable log. ``202 Accepted`` means that every event is durable.

A request goes one way: who sends it, whether its rate allows it, its body, its messages, the verdict on each, the log.
A request of many events is accepted as a whole or not at all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute

from schemas.errors import MessageError
from services.gateway_bindings import media_type, messages_of, mode_of
from services.gateway_body import read_body
from services.gateway_checks import check_events, check_raw
from services.gateway_limits import SECOND, Account, Monotonic, Pending, Rates
from services.gateway_openapi import EVENTS_DOC, RAW_DOC
from services.gateway_problems import MEDIA_TYPE, Fault, Problem, of_faults, of_status
from services.gateway_producers import Peer, Producer, Producers
from services.gateway_protocol import PEER
from services.gateway_settings import GatewaySettings
from services.gateway_sink import Message, Sink, SinkError, TooLargeError
from services.handled import Handled

_INLINE_BYTES: Final = 1 << 15
"""A larger request is judged in a thread: it would keep the others waiting."""
_GONE: Final = 499  # the client went away; nobody reads the answer


def _unobserved(handled: Handled) -> None:
    """Do nothing with what became of a request."""


class Gateway:
    """Takes requests and appends their messages to a sink.

    Attributes:
        producers: who may send; may be replaced by others while it runs.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        sink: Sink,
        producers: Producers,
        *,
        clock: Monotonic = time.monotonic_ns,
        observe: Callable[[Handled], None] = _unobserved,
    ) -> None:
        self.producers = producers
        self._settings = settings
        self._sink = sink
        self._rates = Rates(settings, clock)
        self._pending = Pending(settings.max_pending_bytes)
        self._clock = clock
        self._observe = observe

    @property
    def pending_bytes(self) -> int:
        """Bytes of the requests that are being read or are not durable yet."""
        return self._pending.bytes

    async def events(self, request: Request) -> Response:
        """Answer ``POST /v1/events``."""
        return await self._answer(request, self._native)

    async def raw(self, request: Request) -> Response:
        """Answer ``POST /v1/raw/<format>``."""
        return await self._answer(request, self._foreign)

    async def _answer(self, request: Request, take: Callable[..., Any]) -> Response:
        begin, name, accepted, kind = self._clock(), "", 0, ""
        with self._pending.account() as account:
            try:
                producer = self._producer(request)
                name = producer.name
                self._count(producer, 1)
                accepted = await take(request, producer, account)
                response: Response = JSONResponse({"accepted": accepted}, 202)
            except Problem as problem:
                kind = problem.kind
                response = problem_response(problem)
            except ClientDisconnect:
                kind = "client-gone"
                response = Response(status_code=_GONE)
            held = account.bytes
        self._observe(Handled(name, response.status_code, kind, accepted, held, (self._clock() - begin) / SECOND))
        return response

    async def _native(self, request: Request, producer: Producer, account: Account) -> int:
        headers: list[tuple[bytes, bytes]] = request.scope["headers"]
        mode = mode_of(headers)
        limit = self._settings.max_batch_bytes if mode == "batch" else self._settings.max_event_bytes
        body = await read_body(request, account, limit, self._settings.body_seconds)
        try:
            values = messages_of(mode, headers, body, self._settings.max_batch_events)
        except MessageError as error:
            raise of_faults([Fault.of(error, None if mode == "batch" else 0)], 1) from None
        self._count(producer, len(values) - 1)
        check = partial(check_events, values, producer, self._settings.max_event_bytes)
        messages, faults = check() if len(body) < _INLINE_BYTES else await asyncio.to_thread(check)
        if faults:
            raise of_faults(faults, len(values))
        await self._append(messages)
        return len(messages)

    async def _foreign(self, request: Request, producer: Producer, account: Account) -> int:
        format_name = request.path_params["format_name"]
        if format_name not in producer.formats:
            raise Problem("not-allowed", "this producer may not send this log format")
        if media_type(request.scope["headers"]).name != "application/json":
            raise Problem("unsupported-media-type", "send application/json")
        body = await read_body(request, account, self._settings.max_event_bytes, self._settings.body_seconds)
        messages, faults = await asyncio.to_thread(check_raw, body, format_name, producer)
        if faults:
            raise of_faults(faults, 1)
        await self._append(messages)
        return len(messages)

    def _producer(self, request: Request) -> Producer:
        """Return who sends a request: by bearer token (RFC 6750), by client certificate, or by both if they agree."""
        given = request.headers.getlist("authorization")
        peer: Peer | None = getattr(request.state, PEER, None)
        found = set[Producer | None]()
        if given:
            scheme, _, token = given[0].partition(" ")
            usable = len(given) == 1 and scheme.lower() == "bearer"
            found.add(self.producers.by_token(token.strip().encode()) if usable else None)
        if peer is not None:
            found.add(self.producers.by_certificate(peer))
        if len(found) != 1 or None in found:
            detail = "the credentials are not known, or those of two producers" if found else "there are no credentials"
            raise Problem("not-authenticated", detail, headers={"www-authenticate": "Bearer"})
        return found.pop()  # type: ignore[return-value]

    def _count(self, producer: Producer, events: int) -> None:
        wait = self._rates.take(producer, events) if events > 0 else 0
        if wait:
            raise Problem("rate-limited", "slow down, or send more at once and less often", retry_after=wait)

    async def _append(self, messages: Sequence[Message]) -> None:
        """Return once the messages are durable; otherwise say when to come again."""
        if not messages:
            return
        try:
            async with asyncio.timeout(self._settings.append_seconds):
                await self._sink.append(messages)
        except TooLargeError as error:
            fault = Fault(error.index, "message-too-large", (), error.what)
            raise of_faults([fault], len(messages)) from error
        except SinkError as error:
            raise Problem("unavailable", error.what, retry_after=error.retry_after) from error
        except TimeoutError as error:
            raise Problem("unavailable", "the log does not acknowledge in time", retry_after=5) from error


def create_app(gateway: Gateway, sink: Sink, extra_routes: Sequence[BaseRoute] = ()) -> FastAPI:
    """Return the application: the gateway's routes, and others beside them (health, metrics).

    It starts the sink when the server starts, and closes it when the last request has been answered.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await sink.start()
        try:
            yield
        finally:
            await sink.close()

    app = FastAPI(
        title="Ashiato gateway", version="1", lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url="/v1/openapi.json",
    )  # fmt: skip
    app.add_api_route("/v1/events", gateway.events, methods=["POST"], **EVENTS_DOC)
    app.add_api_route("/v1/raw/{format_name}", gateway.raw, methods=["POST"], **RAW_DOC)
    app.router.routes.extend(extra_routes)
    app.add_exception_handler(HTTPException, _framework_problem)
    app.add_exception_handler(Exception, _internal_problem)
    return app


def problem_response(problem: Problem) -> Response:
    """Return a problem as an HTTP answer (RFC 9457)."""
    return Response(problem.body(), problem.status, problem.headers, MEDIA_TYPE)


async def _framework_problem(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return problem_response(of_status(error.status_code, error.headers))


async def _internal_problem(_: Request, __: Exception) -> Response:
    return problem_response(Problem("internal-error", "this is a defect of the gateway; its log says more"))
