"""The checks of a server tell what is wrong on the way to it, with its version and with its clock."""

import datetime as dt

import pytest

from services.doctor_server import check_clocks, check_server, check_version, check_way
from services.store_settings import StoreSettings
from tests.support.stores import NOW


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("https://clickhouse.example:8443", "ok"),
        ("http://127.0.0.1:8123", "ok"),
        ("http://[::1]:8123", "ok"),
        ("http://localhost:8123", "ok"),
        ("http://clickhouse:8123", "warn"),
        ("http://192.0.2.7:8123", "warn"),
        ("http://localhost.example:8123", "warn"),
    ],
)
def test_a_way_that_others_could_listen_on_is_told(url: str, state: str) -> None:
    check = check_way(StoreSettings(url=url))
    assert check.state == state
    assert bool(check.todo) == (state == "warn")


@pytest.mark.parametrize(
    ("version", "state"),
    [("26.9.2.1", "ok"), ("26.10.1", "ok"), ("27.1.1.1", "ok"), ("26.8.9.9", "warn"), ("9.9", "warn")],
)
def test_a_version_older_than_what_is_tested_is_told(version: str, state: str) -> None:
    check = check_version(version, "analyst", "https://clickhouse.example")
    assert check.state == state
    assert check.says.startswith(f"ClickHouse {version} at https://clickhouse.example, as analyst")


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        (0, "ok", "at most 2 seconds"),
        (3, "ok", "at most 2 seconds"),
        (-2, "ok", "at most 2 seconds"),
        (-3, "warn", "3 seconds behind"),
        (4, "warn", "3 seconds ahead of"),
        (-3600, "fail", "3,600 seconds behind"),
        (3601, "fail", "3,600 seconds ahead of"),
    ],
)
def test_a_server_with_another_time_is_told_whatever_the_answer_took(seconds: int, state: str, words: str) -> None:
    check = check_clocks(NOW, NOW + dt.timedelta(seconds=seconds), NOW + dt.timedelta(seconds=1))
    assert check.state == state
    assert words in check.says


def test_a_server_that_is_away_ends_the_checks_and_nothing_is_made(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("keys") / "none"
    settings = StoreSettings(url="http://127.0.0.1:1", connect_seconds=1)
    checks = list(check_server(settings, path, lambda: NOW))
    assert [(check.name, check.state) for check in checks] == [("connection", "ok"), ("server", "fail")]
    assert "it refuses connections" in checks[1].says
    assert not path.exists()
