"""What the commands share that run until they are told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from schemas.errors import PoisonedError
from services.cli_support import Failed


def run_to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Run a process to its end.

    Raises:
        Failed: it was told to stop twice, or too much could not be read.
        AshiatoError: whatever else ended it.
    """
    try:
        asyncio.run(work)
    except asyncio.CancelledError:
        todo = "start again: it goes on behind what is recorded"
        raise Failed("told to stop twice, so what was begun was given up", todo=todo) from None
    except PoisonedError as error:
        raise Failed(error.what, where=error.where, why=error.why, todo=error.todo) from None
