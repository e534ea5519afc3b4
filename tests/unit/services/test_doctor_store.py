"""The checks of what is decided with, and of what is kept, see what is wrong and say what to do about it."""

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import StoreError
from schemas.interpretations import Interpretations
from services import doctor_store
from services.doctor import Check
from services.doctor_store import check_mmdb, check_rules, check_store
from services.keys import PSEUDONYM_KEY, SALT_KEY
from services.rulebook_files import read_lock_file
from services.store import Store, statement
from services.store_keys import keys_of
from streams.register_versions import canonical_json, content_sha256
from tests.support.flagged import TRANSFER, flagged_store
from tests.support.mmdb import mmdb
from tests.support.stores import NOW, event, ingest, lines, open_store

LATER = NOW + dt.timedelta(hours=3)


def checks(path: Path, now: dt.datetime = LATER) -> dict[str, Check]:
    return {check.name: check for check in check_store(path, now)}


def test_the_rules_that_come_with_the_program_are_as_locked() -> None:
    assert check_rules().state == "ok"


def test_a_rule_that_differs_from_the_lock_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = read_lock_file()
    lock["XB-STORE"] = lock["XB-STORE"].model_copy(update={"sha256": "0" * 64})
    monkeypatch.setattr(doctor_store, "read_lock_file", lambda: lock)
    check = check_rules()
    assert check.state == "fail"
    assert "1 rule(s)" in check.says


def test_no_mmdb_file_is_fine_and_a_broken_one_is_a_failure(tmp_path: Path) -> None:
    assert check_mmdb(None).state == "ok"
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"no database")
    assert check_mmdb(broken).state == "fail"
    assert check_mmdb(tmp_path / "missing.mmdb").state == "fail"
    good = tmp_path / "good.mmdb"
    good.write_bytes(mmdb({"192.0.2.0/24": {"country": {"iso_code": "JP"}}}))
    assert check_mmdb(good).state == "ok"


def test_no_store_yet_is_no_failure_and_none_is_made(tmp_path: Path) -> None:
    assert checks(tmp_path / "none")["store"].state == "warn"
    assert list(tmp_path.iterdir()) == []


def test_a_store_in_order_passes_every_check(tmp_path: Path) -> None:
    flagged_store(tmp_path, TRANSFER).close()
    found = checks(tmp_path)
    assert {name: check.state for name, check in found.items()} == dict.fromkeys(
        (
            "recording keys",
            "store",
            "fsync",
            "register",
            "interpretations",
            "last record",
            "dead letters",
            "rows of ranges",
            "register gaps",
        ),
        "ok",
    )
    assert "3 hour(s) ago" in found["last record"].says


@pytest.mark.parametrize("lost", [(SALT_KEY,), (SALT_KEY, PSEUDONYM_KEY)])
def test_keys_that_evidence_was_made_with_and_that_are_gone_are_a_failure(
    lost: tuple[str, ...], tmp_path: Path
) -> None:
    flagged_store(tmp_path, TRANSFER).close()
    for name in lost:
        (tmp_path / "keys" / name).unlink()
    with Store.open(tmp_path, now=NOW) as store, pytest.raises(StoreError) as refused:
        keys_of(store)
    check = checks(tmp_path)["recording keys"]
    assert check.state == "fail"
    assert f"{check.says} ({check.todo})" == str(refused.value)
    assert not any((tmp_path / "keys" / name).exists() for name in lost)
    assert "the first `ashiato ingest` makes them" not in repr(checks(tmp_path))


def test_a_key_that_follows_from_the_other_or_lies_elsewhere_is_not_missed(tmp_path: Path) -> None:
    flagged_store(tmp_path, TRANSFER).close()
    (tmp_path / "keys" / PSEUDONYM_KEY).unlink()
    assert checks(tmp_path)["recording keys"].state == "ok"
    elsewhere = (tmp_path / "keys" / SALT_KEY).rename(tmp_path / "mounted")
    found = {check.name: check for check in check_store(tmp_path, LATER, elsewhere)}
    assert found["recording keys"].state == "ok"
    assert list((tmp_path / "keys").iterdir()) == []


def test_a_store_without_evidence_may_get_new_keys(tmp_path: Path) -> None:
    Store.open(tmp_path, now=NOW, create=True).close()
    assert checks(tmp_path)["recording keys"].state == "ok"


def test_a_table_whose_inserts_a_power_cut_would_undo_is_a_failure(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        for table in ("acts", "range_rows"):
            store.client.command(f"ALTER TABLE {table} MODIFY SETTING fsync_after_insert = 0")
    check = checks(tmp_path)["fsync"]
    assert check.state == "fail"
    assert check.says.endswith(": acts, range_rows")
    assert "fsync_after_insert = 1" in check.todo


def test_without_a_register_the_unknown_is_counted(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        (tmp_path / "log").write_text(json.dumps(TRANSFER) + "\n", encoding="utf-8")
        ingest(store, tmp_path / "log")
    found = checks(tmp_path)
    assert found["register"].state == "warn"
    assert "register load" in found["register"].todo
    assert found["register gaps"].says.startswith("1 asset(s) and 1 who act")


def test_an_empty_store_says_that_nothing_is_recorded(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    assert checks(tmp_path)["last record"].state == "warn"


def test_an_old_register_is_to_be_reviewed(tmp_path: Path) -> None:
    flagged_store(tmp_path, TRANSFER).close()
    assert checks(tmp_path, NOW + dt.timedelta(days=400))["register"].state == "warn"


def test_a_clock_that_went_back_is_a_failure(tmp_path: Path) -> None:
    flagged_store(tmp_path, TRANSFER).close()
    assert checks(tmp_path, NOW - dt.timedelta(minutes=1))["last record"].state == "fail"


@pytest.mark.parametrize(("good", "bad", "state"), [(200, 1, "ok"), (50, 1, "warn"), (5, 1, "fail")])
def test_the_share_of_dead_letters_is_judged(good: int, bad: int, state: str, tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        text = lines({**TRANSFER, "id": f"t{number}"} for number in range(good)) + "{\n" * bad
        (tmp_path / "log").write_text(text, encoding="utf-8")
        ingest(store, tmp_path / "log", rows=1000)
    assert checks(tmp_path)["dead letters"].state == state


def recorded(path: Path, events: int = 20, dead: int = 2) -> None:
    """Record events and dead letters in ranges of eight messages."""
    with open_store(path) as store:
        (path / "log").write_text(lines(event(number) for number in range(events)) + "{\n" * dead, encoding="utf-8")
        ingest(store, path / "log")


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("DELETE FROM evidence_rows WHERE `position.offset` = 9", "1 range {}8 to 15 (8 events, 7 there)"),
        ("DELETE FROM evidence_rows WHERE `position.offset` IN (3, 9)", "2 ranges {}0 to 7 (8 events, 7 there)"),
        ("DELETE FROM evidence_rows WHERE kind = 'dead_letter'", "1 range {}16 to 21 (2 dead letters, 0 there)"),
        (
            "DELETE FROM finding_rows WHERE at = 9 AND rule = 'UNKNOWN-ASSET'",
            "1 range {}8 to 15 (40 findings, 39 there)",
        ),
        ("TRUNCATE TABLE evidence_rows", "3 ranges {}0 to 7 (8 events, 0 there)"),
        ("INSERT INTO finding_rows SELECT * FROM finding_rows LIMIT 1", "1 range {}0 to 7 (40 findings, 41 there)"),
    ],
)
def test_records_that_a_range_vouches_for_and_that_are_not_there_are_a_failure(
    sql: str, says: str, tmp_path: Path
) -> None:
    recorded(tmp_path)
    assert checks(tmp_path)["rows of ranges"].state == "ok"
    with open_store(tmp_path) as store:
        (source,) = store.sources()
        store.client.command(sql)
    check = checks(tmp_path)["rows of ranges"]
    assert (check.state, check.says) == ("fail", says.format(f"not whole; the first: {source} partition 0, "))
    assert "backup" in check.todo


def test_more_broken_ranges_than_are_looked_up_are_said_to_be_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(tmp_path)
    with open_store(tmp_path) as store:
        store.client.command("TRUNCATE TABLE evidence_rows")
    monkeypatch.setattr(doctor_store, "MOST_RANGES", 2)
    assert checks(tmp_path)["rows of ranges"].says.startswith("more than 2 ranges not whole")


@pytest.mark.parametrize(("first", "state"), [("last", "ok"), ("last + 1", "fail")])
def test_rows_without_a_range_and_ranges_that_count_in_part_are_not_compared(
    first: str, state: str, tmp_path: Path
) -> None:
    """An interrupted attempt leaves rows without a range; of two attempts at the same positions, one counts in part."""
    recorded(tmp_path)
    attempt = "SELECT * REPLACE ('attempt' AS range_id) FROM evidence_rows LIMIT 1"
    later = (
        f"SELECT * REPLACE ('z' AS id, {first} AS first, last + 9 AS last) FROM range_rows ORDER BY last DESC LIMIT 1"
    )
    with open_store(tmp_path) as store:
        store.client.command(f"INSERT INTO evidence_rows {attempt}")
        store.client.command(f"INSERT INTO range_rows {later}")
    assert checks(tmp_path)["rows of ranges"].state == state


def test_what_is_being_written_meanwhile_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The range may be seen before its rows are: what is not whole is counted a second time."""
    recorded(tmp_path)
    asked = Store.rows
    seen: list[Any] = []

    def rows(store: Store, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        found = asked(store, sql, parameters)
        if sql != statement("missing_rows"):
            return found
        seen.append((parameters or {})["only"])
        return found if seen[1:] else [{"id": "being written"}]

    monkeypatch.setattr(Store, "rows", rows)
    assert checks(tmp_path)["rows of ranges"].state == "ok"
    assert seen == [[], ["being written"]]


def test_settings_other_than_the_defaults_are_named_and_need_their_sign_off(tmp_path: Path) -> None:
    settings = Interpretations().replace("deadline.tba.first_hours", 12)
    unsigned = Interpretations().replace("sui.online_identifier_in_scope", "never")
    with open_store(tmp_path) as store:
        save(store, settings, NOW)
    check = checks(tmp_path)["interpretations"]
    assert (check.state, check.says) == ("ok", "set otherwise than by default: deadline.tba.first_hours")
    with open_store(tmp_path) as store:
        save(store, unsigned, LATER)
    check = checks(tmp_path)["interpretations"]
    assert check.state == "fail"
    assert "sui.online_identifier_in_scope" in check.says


def save(store: Store, settings: Interpretations, now: dt.datetime) -> None:
    store.save_version("interpretations", content_sha256(settings), canonical_json(settings), entries=1, now=now)


def test_a_newer_store_is_a_failure_that_says_what_to_do(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.client.insert("migrations", [["9999_future", "0" * 64, NOW]], ["name", "sha256", "applied_at"])
    (check,) = checks(tmp_path).values()
    assert (check.name, check.state) == ("store", "fail")
    assert "newer" in check.todo


def test_a_store_in_use_is_told_with_its_holder(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    hold = "import fcntl,sys,time;f=open(sys.argv[1],'a+');fcntl.flock(f,fcntl.LOCK_EX);print('held',flush=True);time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", hold, str(tmp_path / "lock")], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        (check,) = checks(tmp_path).values()
        holder.kill()
    assert (check.name, check.state) == ("store", "warn")
    assert "process" in check.says
