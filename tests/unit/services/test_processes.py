"""What processes share: opening the store, and how their end becomes an exit code."""

import asyncio
from pathlib import Path

import pytest

from schemas.errors import EvidenceError, PoisonedError, StoreAwayError, UsageError
from services.cli_support import Failed
from services.process_command import run_to_its_end
from services.processes import gateway_settings, open_store
from services.settings import Settings
from services.store_settings import StoreSettings


class EnoughError(Exception):
    """Ends a test that would wait for ever."""


def test_a_server_that_is_away_is_waited_for_longer_each_time(tmp_path: Path) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 9:
            raise EnoughError

    settings = Settings(data_dir=tmp_path, store=StoreSettings(url="http://127.0.0.1:1"))
    with pytest.raises(EnoughError):
        open_store(settings, sleep)
    assert waits == [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30]


def test_an_embedded_store_is_made(tmp_path: Path) -> None:
    with open_store(Settings(data_dir=tmp_path / "data")) as store:
        assert store.ranges() == []


def test_a_gateway_needs_to_know_its_producers() -> None:
    with pytest.raises(UsageError, match="producers_file is not set"):
        gateway_settings(Settings())


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
