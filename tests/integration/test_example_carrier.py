"""The small carrier of examples/: the same day always, ordinary work raises nothing, the story raises what it should."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from examples.carrier import generate
from schemas.events import Event
from services.interpretation_files import read_interpretations
from services.register_files import survey_register

CARRIER = Path(generate.__file__).parent


def messages_of(path: Path) -> list[Any]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in raw.splitlines()]
    found: list[Any] = json.loads(raw)["Records"]
    return found


def digests(paths: list[Path]) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return generate.write(tmp_path_factory.mktemp("day"), count=2000)


def test_the_same_arguments_give_the_same_bytes(day: list[Path], tmp_path: Path) -> None:
    assert digests(generate.write(tmp_path, count=2000)) == digests(day)


def test_another_seed_gives_another_day(day: list[Path], tmp_path: Path) -> None:
    assert digests(generate.write(tmp_path, count=2000, seed=7)) != digests(day)


@pytest.mark.parametrize("count", [0, 1, 999, 2000])
def test_ordinary_work_has_exactly_as_many_messages_as_asked_for(count: int) -> None:
    entries = list(generate.ordinary(1, count, generate.DEFAULT_DAY))
    assert len(entries) == count
    assert entries == sorted(entries, key=lambda entry: entry.at)


def test_a_default_day_has_at_least_twenty_thousand_events_in_both_forms() -> None:
    kinds = Counter(
        entry.file.endswith(".ndjson") for entry in generate.messages(1, generate.DEFAULT_EVENTS, generate.DEFAULT_DAY)
    )
    assert kinds.total() >= 20_000
    assert kinds[True] > 10_000
    assert kinds[False] > 1_000


def test_every_native_message_keeps_the_contract(day: list[Path]) -> None:
    contract: TypeAdapter[object] = TypeAdapter(Event)
    for path in day:
        if path.suffix == ".ndjson":
            for line in path.read_bytes().splitlines():
                contract.validate_json(line)


def test_every_message_lies_within_the_day_in_japan(day: list[Path]) -> None:
    for path in day:
        for message in messages_of(path):
            time = dt.datetime.fromisoformat(message.get("time") or message["eventTime"])
            assert time.astimezone(generate.TOKYO).date() == generate.DEFAULT_DAY


def test_another_day_is_played_on_that_day() -> None:
    other = dt.date(2027, 2, 1)
    assert {entry.at.date() for entry in generate.messages(1, 200, other)} == {other}


def test_identities_repeat_only_where_the_story_says_so(day: list[Path]) -> None:
    seen = Counter((m.get("source"), m.get("id") or m["eventID"]) for path in day for m in messages_of(path))
    repeated = {name for (_, name), times in seen.items() if times > 1}
    assert repeated == {"crm-twice", "crm-reused"}


def test_the_register_has_no_error_and_one_warning_which_is_part_of_the_story() -> None:
    found = survey_register([CARRIER / "register"])
    assert found.errors == []
    assert ["ct-suzume-2023" in str(warning) for warning in found.warnings] == [True]


def test_the_carrier_is_as_large_as_it_says() -> None:
    register = survey_register([CARRIER / "register"]).register
    assert len(register.services) == 12
    assert len(register.assets) >= 25
    assert len(register.parties) >= 15
    assert len(register.identities) >= 40
    assert len(register.countries) == 8
    assert all(line.url and line.anchor for line in register.policy)


def test_the_settings_can_be_read_and_differ_in_one_point() -> None:
    settings = read_interpretations(CARRIER / "interpretations.yaml")
    assert [setting.name for setting in settings.overridden()] == ["deadline.tba.first_hours"]
