"""The small carrier of examples/: the same day always, ordinary work raises nothing, the story raises what it should."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import io
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from rich.console import Console

from examples.carrier import generate
from schemas.errors import UsageError
from schemas.events import Event
from schemas.records import Versions
from services.context import builtin_rulebook
from services.demo import Played, example_carrier, play
from services.demo_report import WIDTH, report
from services.interpretation_files import read_interpretations
from services.register_files import survey_register
from streams.batch import RawBatch
from streams.commit import Keys
from streams.pipeline import Context, run
from streams.register_index import RegisterIndex
from tests.support.stores import counts, open_store

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


@pytest.mark.parametrize("wanted", [0, 1, 999, 2000])
def test_ordinary_work_has_exactly_as_many_messages_as_asked_for(wanted: int) -> None:
    entries = list(generate.ordinary(1, wanted, generate.DEFAULT_DAY))
    assert len(entries) == wanted
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


# What each chapter of the story must raise: (rule, asset, party). Names that the register does not know are shown by
# the word before their pseudonym.
EXPECTED: dict[str, set[tuple[str, str, str | None]]] = {
    "A subcontractor's staff in Viet Nam are given access, and use it": {
        ("GRANT-FOREIGN", "crm-db", "minato-systems"),
        ("GRANT-SUBCONTRACTOR", "crm-db", "minato-systems"),
        ("SC-EXCESS", "crm-db", "minato-systems"),
        ("SC-OUT-OF-SCOPE", "crm-db", "minato-systems"),
        ("XB-OUTSOURCE", "crm-db", "minato-systems"),
    },
    "A re-subcontractor works on invoices without approval": {("SC-RESUB", "billing-db", "kaede-works")},
    "A data check of two hours on a server in Singapore": {("XB-STORE", "crm-db", "aws")},
    "Marketing takes a new country into use: Thailand": {
        ("XB-NEW-COUNTRY", "ad-segments", "aws"),
        ("XB-STORE", "ad-segments", "aws"),
    },
    "A bucket with advertising segments is made public for forty minutes": {
        ("EXPOSURE-PUBLIC", "ad-segments", "tsubame")
    },
    "One account is handed to a foreign government": {
        ("APPI-28", "account-store", "gov-us"),
        ("GOV-PROVISION", "account-store", "gov-us"),
    },
    "The printer goes on printing after its contract has ended": {
        ("SC-NO-CONTRACT", "billing-db", "suzume-print"),
        ("SC-OUT-OF-SCOPE", "billing-db", "suzume-print"),
    },
    "Shortly before midnight a log is switched off for twenty minutes": {("TRAIL-TAMPERED", "audit-trail", "tsubame")},
    "A sender delivers a message twice, which is no offence": set(),
    "The same message id comes again with other content": {("TRAIL-ID-REUSED", "crm-db", "tsubame")},
    "A research company that nobody has reviewed for more than a year": {
        ("SC-STALE-REVIEW", "crm-db", "akebono-research")
    },
    "A company that was never selected on record": {("SC-NOT-SELECTED", "crm-db", "kawabe-entry")},
    "Subcontractors do more than their contracts allow": {
        ("SC-EXCESS", "crm-db", "luzon-cs"),
        ("SC-OUT-OF-SCOPE", "billing-db", "hayabusa-shops"),
    },
    "A company that the register does not know": {
        ("SC-UNREGISTERED", "crm-db", "unknown"),
        ("UNKNOWN-COUNTRY", "crm-db", "unknown"),
        ("UNKNOWN-PARTY", "crm-db", "unknown"),
    },
    "Reports from India, whose assessment is out of date": {("FS-UNASSESSED", "billing-db", "deccan-bi")},
    "The new subsidiary in Korea reads messages, and keeps a copy": {
        ("APPI-28", "talk-store", "tsubame-kr"),
        ("FS-NO-SOURCE", "talk-store", "tsubame-kr"),
        ("XB-SUBSIDIARY", "talk-store", "tsubame-kr"),
        ("FS-NO-SOURCE", "talk-replica-seoul", "tsubame-kr"),
        ("POL-UMU-MISMATCH", "talk-replica-seoul", "tsubame-kr"),
        ("XB-OUTSOURCE", "talk-replica-seoul", "tsubame-kr"),
    },
    "Pictures go to a British provider's region in Tokyo": {("XB-CLOUD", "talk-store", "kestrel-cloud")},
    "The same provider's staff open what they said they would never touch": {
        ("CLOUD-EXC-CONTRADICTED", "talk-media", "kestrel-cloud"),
        ("XB-CLOUD", "talk-media", "kestrel-cloud"),
    },
    "Addresses go to a service that does not say where it keeps them": {
        ("UNKNOWN-COUNTRY", "crm-db", "blossom-saas"),
        ("XB-STORE-UNKNOWN", "crm-db", "blossom-saas"),
    },
    "Messages pass through Singapore without being kept there": {("XB-TRANSIT", "talk-store", "aws")},
    "Buckets are opened to every account, and to one that nobody knows": {
        ("EXPOSURE-ANY-ACCOUNT", "data-lake", "tsubame"),
        ("EXPOSURE-UNKNOWN-PARTY", "ad-segments", "unknown"),
        ("UNKNOWN-COUNTRY", "ad-segments", "unknown"),
    },
    "What the register has gaps about": {
        ("UNKNOWN-ASSET", "unregistered", None),
        ("UNKNOWN-CATEGORY", "unregistered", None),
        ("UNKNOWN-CATEGORY", "survey-2019", "tsubame"),
        ("UNKNOWN-COUNTRY", "crm-db", "unknown"),
        ("UNKNOWN-PARTY", "crm-db", "unknown"),
        ("UNKNOWN-PERSON", "crm-db", "tsubame"),
        ("UNKNOWN-REGION", "unregistered", None),
    },
}
REVIEWED = {"TRAIL-ID-REUSED"}  # shows only among all events, so only the whole way raises it


def word(key: str | None) -> str | None:
    return key if key is None else key.partition(":")[0]


@pytest.fixture(scope="module")
def context() -> Context:
    register = survey_register([CARRIER / "register"]).register
    settings = read_interpretations(CARRIER / "interpretations.yaml")
    versions = Versions(
        register_sha256="0" * 64, rulebook_sha256="0" * 64, interpretations_sha256="0" * 64, program="test"
    )
    keys = Keys(salt_key="1" * 64, pseudonym_key="2" * 64)
    return Context(RegisterIndex(register, settings), builtin_rulebook(), keys, versions)


def raised(entries: Iterable[generate.Entry], context: Context) -> set[tuple[str, str, str | None]]:
    found: set[tuple[str, str, str | None]] = set()
    by_format = defaultdict(list)
    for entry in entries:
        by_format["native" if entry.file.endswith(".ndjson") else "cloudtrail"].append(json.dumps(entry.body).encode())
    for form, messages in by_format.items():
        batch = RawBatch("test", 0, form, list(range(len(messages))), messages, 0, len(messages) - 1)
        recorded = run(batch, context)
        assert recorded.dead_letters.is_empty()
        for rule, asset, party in recorded.findings.select("rule", "asset", "party").iter_rows():
            found.add((rule, str(word(asset)), word(party)))
    return found


def test_every_chapter_of_the_story_is_expected_to_raise_something_known() -> None:
    assert [chapter["title"] for chapter in generate.chapters()] == list(EXPECTED)


@pytest.mark.parametrize("chapter", generate.chapters(), ids=lambda chapter: chapter["title"])
def test_a_chapter_raises_exactly_what_it_should(chapter: dict[str, Any], context: Context) -> None:
    expected = {found for found in EXPECTED[chapter["title"]] if found[0] not in REVIEWED}
    assert raised(generate.story(1, generate.DEFAULT_DAY, [chapter]), context) == expected


@pytest.mark.parametrize("seed", [generate.DEFAULT_SEED, 1])
def test_ordinary_work_raises_nothing(seed: int, context: Context) -> None:
    assert raised(generate.ordinary(seed, 8_000, generate.DEFAULT_DAY), context) == set()


def test_the_story_reaches_every_rule(context: Context) -> None:
    assert {rule for found in EXPECTED.values() for rule, _, _ in found} == {rule.id for rule in context.rulebook}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Path]:
    data_dir = tmp_path_factory.mktemp("demo")
    ids = (f"{number:04d}" for number in count())
    now = dt.datetime(2026, 11, 3, tzinfo=dt.UTC)
    return play(
        example_carrier(), data_dir, events=1500, who="tester", now=lambda: now, new_id=lambda: next(ids)
    ), data_dir


def test_the_whole_way_flags_the_story_and_nothing_else(played: tuple[Played, Path]) -> None:
    flags = {(flag["rule"], word(flag["asset"]), word(flag["party"])) for flag in played[0].day.flags}
    assert flags == set().union(*EXPECTED.values())


def test_a_message_delivered_twice_counts_once(played: tuple[Played, Path]) -> None:
    events = played[0].day.events
    assert events["events"] - events["different"] == 1


def test_the_day_played_again_adds_nothing(played: tuple[Played, Path]) -> None:
    first, data_dir = played
    said: list[str] = []
    now = dt.datetime(2026, 11, 4, tzinfo=dt.UTC)
    again = play(
        example_carrier(), data_dir, events=1500, who="tester", now=lambda: now, new_id=lambda: "again", say=said.append
    )
    assert again.day == first.day
    assert "recorded before" in said[-1]


def test_a_day_of_another_size_is_refused_before_anything_is_written(played: tuple[Played, Path]) -> None:
    now = dt.datetime(2026, 11, 4, tzinfo=dt.UTC)
    logs = digests(sorted((played[1] / "logs").iterdir()))
    with pytest.raises(UsageError, match="another day"):
        play(example_carrier(), played[1], events=700, who="tester", now=lambda: now, new_id=lambda: "other")
    assert digests(sorted((played[1] / "logs").iterdir())) == logs


def test_the_demo_is_not_played_into_evidence_of_ones_own(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        before = counts(store)
    now = dt.datetime(2026, 11, 4, tzinfo=dt.UTC)
    with pytest.raises(UsageError, match="evidence of your own"):
        play(example_carrier(), tmp_path, events=50, who="tester", now=lambda: now, new_id=lambda: "x")
    assert not (tmp_path / "logs").exists()
    with open_store(tmp_path) as store:
        assert counts(store) == before


def test_logs_that_changed_under_the_evidence_are_told(tmp_path: Path) -> None:
    now = dt.datetime(2026, 11, 4, tzinfo=dt.UTC)
    ids = (f"{number:04d}" for number in count())
    play(example_carrier(), tmp_path, events=50, who="tester", now=lambda: now, new_id=lambda: next(ids))
    shutil.rmtree(tmp_path / "logs")
    with pytest.raises(UsageError, match="another day"):
        play(example_carrier(), tmp_path, events=51, who="tester", now=lambda: now, new_id=lambda: next(ids))


def test_the_report_names_every_rule_that_fired_the_worst_ten_and_the_gaps(played: tuple[Played, Path]) -> None:
    console = Console(width=WIDTH, file=io.StringIO(), highlight=False)
    for part in report(played[0].day, played[0].rulebook, Path("here")):
        console.print(part)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert [rule.id for rule in played[0].rulebook if rule.id not in text] == []
    assert text.count("Told in full by: ashiato explain ") == 10
    for name in ("tmp-migration", "tsubame-export-tmp", "kitano-analytics", "xx-edge-1"):
        assert name in text
    assert max(len(line) for line in text.splitlines()) <= WIDTH
