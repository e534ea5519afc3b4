"""What holds for every test: hypothesis profiles, a strange time zone, no network beyond this machine."""

import gc
import ipaddress
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.support.kafka.fixtures", "tests.support.order"]

# How long one example takes says more about the machine than about the code, so no profile has a deadline.
_SLOW_MACHINE = [HealthCheck.too_slow]
settings.register_profile("dev", max_examples=40, deadline=None, suppress_health_check=_SLOW_MACHINE)
settings.register_profile(
    "ci",  # the same examples in every run: a red run is then due to the change; `make fuzz` looks for new ones
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=_SLOW_MACHINE,
)
settings.register_profile(
    "fuzz", max_examples=20_000, deadline=None, print_blob=True, suppress_health_check=_SLOW_MACHINE
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _stay_on_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse, as an audit hook, to look up or reach any host but this one; local socket files stay open."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if isinstance(host, str) and not _is_this_machine(host):
        raise PermissionError(f"a test tried to reach {host}; tests use this machine only")


sys.addaudithook(_stay_on_this_machine)


def pytest_collection_finish() -> None:
    """Leave out, when garbage is looked for, what is there before the first test: all tests, all that they import."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _strange_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run each test far from both UTC and Tokyo and without settings of the person who runs it."""
    for name in [name for name in os.environ if name.startswith("ASHIATO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TZ", "America/St_Johns")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
