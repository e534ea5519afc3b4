"""Processes open the store that their settings name, however long that takes."""

from pathlib import Path

import pytest

from services.recorder_process import open_store
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
