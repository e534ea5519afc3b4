"""How the end of a process becomes an exit code."""

import asyncio

import pytest

from schemas.errors import EvidenceError, PoisonedError, StoreAwayError
from services.cli_support import Failed
from services.process_command import run_to_its_end


async def raises(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (PoisonedError("too much cannot be read"), Failed),
        (asyncio.CancelledError(), Failed),
        (EvidenceError("another log"), EvidenceError),
        (StoreAwayError("away"), StoreAwayError),
    ],
)
def test_the_end_of_a_process_is_told(error: BaseException, outcome: type[Exception]) -> None:
    with pytest.raises(outcome):
        run_to_its_end(raises(error))
