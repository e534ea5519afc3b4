"""Health: ``/healthz``, ``/readyz`` and ``/metrics``, alone on ``ops.port`` or beside the routes of the gateway.

``/healthz`` says that the process lives and that its loop answers: a supervisor restarts it otherwise. ``/readyz``
says whether it takes part, and if not, what is missing; nobody restarts it for that: a store that is away is waited
for.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from schemas.errors import AshiatoError
from services.metrics import CONTENT_TYPE, Metrics

CHECK_SECONDS: Final = 2.0
"""A check that takes longer does not hold."""
_NO_STORE: Final = {"cache-control": "no-store"}

Check = Callable[[], Awaitable[str]]
"""Returns why something is not ready, in words that name nobody; empty if it is."""


class Health:
    """What the three paths answer.

    Args:
        metrics: what ``/metrics`` shows.
        checks: what has to hold for the process to be ready, by name.
    """

    def __init__(self, metrics: Metrics, checks: Mapping[str, Check]) -> None:
        self._metrics = metrics
        self._checks = dict(checks)
        self._stopping = False

    def stopping(self) -> None:
        """Say from now on that the process is not ready, so that nobody sends it anything more."""
        self._stopping = True

    def routes(self) -> list[BaseRoute]:
        """Return the routes, to be added to those of another application."""
        paths = {"/healthz": self._healthz, "/readyz": self._readyz, "/metrics": self._show}
        return [Route(path, answer, methods=["GET"]) for path, answer in paths.items()]

    def app(self) -> Starlette:
        """Return an application of these routes alone."""
        return Starlette(routes=self.routes())

    async def look(self) -> dict[str, str]:
        """Return each check with the reason why it does not hold, empty if it does."""
        reasons = await asyncio.gather(*(_reason(check) for check in self._checks.values()))
        found = dict(zip(self._checks, reasons, strict=True))
        if self._stopping:
            found["running"] = "the process is stopping"
        self._metrics.ready(found)
        return found

    async def _healthz(self, _: Request) -> Response:
        return Response("ok\n", media_type="text/plain", headers=_NO_STORE)

    async def _readyz(self, _: Request) -> Response:
        found = await self.look()
        ready = not any(found.values())
        text = json.dumps({"ready": ready, "checks": {name: why or "ok" for name, why in found.items()}})
        return Response(text, 200 if ready else 503, _NO_STORE, "application/json")

    async def _show(self, _: Request) -> Response:
        await self.look()
        return Response(self._metrics.text(), headers=_NO_STORE, media_type=CONTENT_TYPE)


async def _reason(check: Check) -> str:
    """Return why a check does not hold; an error of ours is its reason, and so is silence."""
    try:
        return await asyncio.wait_for(check(), CHECK_SECONDS)
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} s"
    except AshiatoError as error:
        return error.what
