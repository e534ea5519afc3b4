"""The guards in tests/conftest.py hold."""

import datetime as dt
import os
import socket

import pytest
from hypothesis import settings


def test_no_test_reaches_another_machine() -> None:
    with socket.socket() as outside, pytest.raises(PermissionError, match="this machine only"):
        outside.connect(("192.0.2.1", 9))


def test_no_test_looks_up_another_machine() -> None:
    with pytest.raises(PermissionError, match="this machine only"):
        socket.create_connection(("example.invalid", 9))


def test_loopback_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_local_time_is_neither_utc_nor_tokyo() -> None:
    offset = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).astimezone().utcoffset()
    assert offset == dt.timedelta(hours=-3, minutes=-30)


def test_no_setting_of_the_person_who_runs_the_tests_is_seen() -> None:
    assert not [name for name in os.environ if name.startswith("ASHIATO_")]


def test_no_hypothesis_profile_has_a_deadline() -> None:
    assert settings().deadline is None
