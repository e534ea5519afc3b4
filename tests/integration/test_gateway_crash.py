"""kill -9 and a full disk under load: what was answered with 202 is in the spool, whole, once, in order."""

import json
import os
import random
import signal
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.report import keep_numbers, share
from tests.support.gateway_process import GatewayProcess
from tests.support.gateways import BATCH, BEARER, STRUCTURED, events
from tests.support.programs import PATIENCE

ROUNDS = share(4)
SENDERS = 4


class Sender(threading.Thread):
    """Sends until the gateway is gone; remembers what was accepted and what got no answer."""

    def __init__(self, url: str, name: str, *, batch: int, purpose: str = "x") -> None:
        super().__init__(name=name)
        self._url, self._batch, self._purpose = url, batch, purpose
        self.accepted: list[str] = []
        self.asked: list[str] = []
        self.refused: list[int] = []
        self.begun = threading.Event()  # something was accepted

    def run(self) -> None:
        with httpx.Client(headers=BEARER, trust_env=False, timeout=PATIENCE) as client:
            for number in range(100_000):
                found = [one | {"id": f"{self.name}/{number}/{one['id']}"} for one in self._some()]
                names = [one["id"] for one in found]
                self.asked += names
                try:
                    answer = client.post(f"{self._url}/v1/events", json=found, headers={"content-type": BATCH})
                except httpx.TransportError:
                    return
                if answer.status_code != 202:
                    self.refused.append(answer.status_code)
                    return
                self.accepted += names
                self.begun.set()

    def _some(self) -> list[dict[str, Any]]:
        return events(self._batch, purpose=self._purpose)


def _ids(messages: list[bytes]) -> list[str]:
    return [json.loads(one)["id"] for one in messages]


@pytest.mark.timeout(120 + 30 * ROUNDS)
def test_what_was_acknowledged_survives_kill_9_at_any_instant(tmp_path: Path) -> None:
    process = GatewayProcess(tmp_path)
    accepted, asked = list[str](), list[str]()
    for attempt in range(ROUNDS):
        with process:
            senders = [Sender(process.url, f"{attempt}.{number}", batch=1 + 7 * number) for number in range(SENDERS)]
            for sender in senders:
                sender.start()
            time.sleep(random.uniform(0.3, 1.2))  # noqa: S311  (any instant will do)
            senders[0].begun.wait(PATIENCE)  # on a slow machine that takes longer than the instant that was chosen
            process.signal(signal.SIGKILL)
            for sender in senders:
                sender.join(60)
            assert process.wait() == -signal.SIGKILL
        accepted += [one for sender in senders for one in sender.accepted]
        asked += [one for sender in senders for one in sender.asked]
        assert any(sender.accepted for sender in senders), "nothing was accepted: the test did not test it"

    kept = _ids(process.kept())
    assert len(kept) == len(set(kept))
    assert set(accepted) <= set(kept) <= set(asked)
    order = {name: place for place, name in enumerate(asked)}
    for of_sender in _by(kept, parts=1).values():
        assert of_sender == sorted(of_sender, key=order.__getitem__), "the order of a sender was changed"
    whole = _by(asked, parts=2)
    for request, of_request in _by(kept, parts=2).items():
        assert of_request == whole[request], "a part of a request was kept"
    keep_numbers("gateway killed (kill -9) under load", ROUNDS, messages=len(kept), events=len(kept))


def _by(names: list[str], *, parts: int) -> dict[str, list[str]]:
    """Group ids by their sender (one part) or by their request (two)."""
    groups = defaultdict[str, list[str]](list)
    for name in names:
        groups["/".join(name.split("/")[:parts])].append(name)
    return groups


def _posted(url: str) -> httpx.Response:
    """Return the answer to one event of its own."""
    headers = {"content-type": STRUCTURED, **BEARER}
    return httpx.post(f"{url}/v1/events", json=events(1)[0], headers=headers, trust_env=False, timeout=PATIENCE)


@pytest.mark.timeout(120 + 30 * share(1))
def test_a_full_disk_refuses_with_503_and_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    kept = 0
    for attempt in range(share(1)):
        (folder := tmp_path / str(attempt)).mkdir()
        kept += _fill(folder)
    keep_numbers("the disk of the spool is full", share(1), messages=kept, events=kept)


def _fill(tmp_path: Path) -> int:
    """Send until the disk is full, make room, send again; return how many messages are kept."""
    with GatewayProcess(tmp_path, file_bytes=3_000_000) as process:
        sender = Sender(process.url, "s", batch=50, purpose=os.urandom(1000).hex())
        sender.start()
        sender.join(120)
        assert sender.refused == [503]
        assert sender.accepted
        again = _posted(process.url)
        assert again.status_code in {202, 503}  # one small event may still fit
        process.signal(signal.SIGTERM)
        process.wait()
    kept = _ids(process.kept())
    assert kept[: len(sender.accepted)] == sender.accepted

    with GatewayProcess(tmp_path) as process:
        more = _posted(process.url)
        assert more.status_code == 202
    assert _ids(process.kept())[: len(kept)] == kept
    return len(process.kept())
