"""Checks of what is decided with, and of what is kept: rules, settings, register, store, last records.

Reads counts and versions only; nothing of what evidence says is shown, so no act is recorded.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from schemas.errors import AshiatoError, InputError, ManyErrors, RuleError, StoreBusyError
from services import migrations
from services.amounts import counted
from services.context import current_interpretations
from services.data_dir import DataDir
from services.doctor import Check, failed
from services.geo import Geo
from services.rulebook_files import lock_path, read_lock_file, read_rulebook
from services.store import Store, statement
from services.store_keys import check_keys_of
from streams.rule_lock import lock_errors

OLD_REGISTER_DAYS: Final = 365
"""The yearly evaluation (TBA 27-9) looks at what the register says; one that nobody touched for longer is stale."""
MANY_DEAD_PERCENT: Final = 1
TOO_MANY_DEAD_PERCENT: Final = 10
MOST_RANGES: Final = 1_000
"""So many ranges whose rows are not whole are counted; where there are more, that is said."""

_RECORDS: Final = {"events": "event", "dead_letters": "dead letter", "findings": "finding"}
_LAST: Final = """
    SELECT count() AS ranges, max(recorded_at) AS last, sum(events) AS events, sum(dead_letters) AS dead FROM ranges
"""
_TABLES: Final = """
    SELECT name, engine_full FROM system.tables
    WHERE database = {database:String} AND engine LIKE '%MergeTree' ORDER BY name
"""
_FSYNC: Final = re.compile(r"\bfsync_after_insert = (?:1|true)\b")
_UNKNOWN: Final = """
    SELECT
        uniqExactIf(`asset.key`, startsWith(ifNull(`asset.key`, ''), 'unregistered:')) AS assets,
        uniqExactIf(`party.key`, startsWith(ifNull(`party.key`, ''), 'unknown:')) AS parties
    FROM evidence
    WHERE kind = 'event'
"""


def check_rules() -> Check:
    """Tell whether the rules compile and are those that the version lock names."""
    try:
        rulebook = read_rulebook()
        errors = lock_errors(rulebook, read_lock_file(), str(lock_path()))
    except (RuleError, ManyErrors) as error:
        return Check("rules", "fail", str(error), "install Ashiato again, or see: ashiato rules check")
    if errors:
        says = f"{len(errors)} rule(s) differ from rulebook.lock"
        return Check("rules", "fail", says, "install Ashiato again, or see: ashiato rules lock --check")
    return Check("rules", "ok", f"{counted(len(rulebook), 'rule')} compiled, rulebook {rulebook.sha256[:12]} as locked")


def check_mmdb(path: Path | None) -> Check:
    """Tell whether the operator's file of addresses and countries can be read."""
    if path is None:
        says = "none: the country of an address is known from the register's networks and the event only"
        return Check("MMDB file", "ok", says)
    try:
        geo = Geo(path)
    except InputError as error:
        says = f"{path} cannot be used: {error.why}"
        return Check("MMDB file", "fail", says, "name another file with --mmdb or ASHIATO_MMDB")
    return Check("MMDB file", "ok", f"{path}, SHA-256 {geo.sha256[:12]}")


def check_store(data_dir: Path, now: dt.datetime, salt_key: Path | None = None) -> Iterator[Check]:
    """Yield the checks inside the store of a data directory; makes none.

    Args:
        data_dir: the data directory.
        now: UTC.
        salt_key: file of a salt key outside the data directory.
    """
    if not DataDir(data_dir).store.is_dir():
        yield Check("store", "warn", "no evidence yet", "ashiato ingest FILE, or to look around: ashiato demo")
        return
    try:
        with Store.open(data_dir, now=now) as store:
            yield _keys(store, salt_key)
            yield from check_inside(store, now)
    except StoreBusyError as error:
        yield Check("store", "warn", f"{error.why or error.what}; what is inside was not looked at", error.todo)
    except AshiatoError as error:
        yield failed(error, "store")


def check_inside(store: Store, now: dt.datetime) -> Iterator[Check]:
    """Yield the checks inside an open store, wherever it is.

    Args:
        store: one whose tables are those of this program; else it would not have been opened.
        now: UTC.

    Raises:
        StoreError: it cannot be read.
    """
    yield Check("store", "ok", f"tables are current ({migrations.known()[-1].name})")
    yield _durable(store)
    yield _register(store, now)
    yield _interpretations(store)
    yield from _recorded(store, now)
    yield _whole(store)
    yield _gaps(store)


def _keys(store: Store, salt_key: Path | None) -> Check:
    """Tell whether recording could go on: evidence is made with the keys that it was begun with, or not at all."""
    try:
        check_keys_of(store, salt_key)
    except AshiatoError as error:
        return failed(error, "recording keys", place=True)
    return Check("recording keys", "ok", "recording has, or can make, the keys that it needs")


def _durable(store: Store) -> Check:
    """Tell whether an insert is on the disk when it returns: tables may have been altered, or made by hand."""
    tables = store.rows(_TABLES, {"database": store.database})
    open_ones = [row["name"] for row in tables if not _FSYNC.search(row["engine_full"])]
    if open_ones:
        says = f"a power cut may take rows that were acknowledged in: {', '.join(open_ones)}"
        return Check("fsync", "fail", says, "ALTER TABLE … MODIFY SETTING fsync_after_insert = 1, for each of them")
    return Check("fsync", "ok", f"{len(tables)} tables: an insert is on the disk when it returns")


def _register(store: Store, now: dt.datetime) -> Check:
    """Tell which register counts, and how old it is."""
    versions = store.versions("register")
    if not versions:
        says = "none is loaded: every asset, party and country is unknown"
        return Check("register", "warn", says, "ashiato register load FOLDER; to begin one: ashiato register gaps")
    last = versions[-1]
    days = (now - last["recorded_at"]).days
    says = (
        f"{last['sha256'][:12]} with {counted(last['entries'], 'entry', 'entries')}, loaded {counted(days, 'day')} ago"
    )
    if days > OLD_REGISTER_DAYS:
        return Check("register", "warn", says, "review it, and load it again")
    return Check("register", "ok", says)


def _interpretations(store: Store) -> Check:
    """Tell which open legal questions are answered otherwise than by default."""
    settings = current_interpretations(store)
    changed = ", ".join(setting.name for setting in settings.overridden())
    if unsigned := settings.unsigned():
        says = f"without the sign-off that they need: {', '.join(setting.name for setting in unsigned)}"
        return Check("interpretations", "fail", says, "record the decision; see: ashiato interpretation show")
    return Check("interpretations", "ok", f"set otherwise than by default: {changed}" if changed else "all at default")


def _recorded(store: Store, now: dt.datetime) -> Iterator[Check]:
    """Tell when something was recorded last, and how much of it could not be read."""
    (found,) = store.rows(_LAST)
    if not found["ranges"]:
        yield Check("last record", "warn", "nothing has been recorded", "ashiato ingest FILE")
        return
    ago = now - found["last"]
    if ago < dt.timedelta(0):
        says = f"the last range was recorded at {found['last']:%Y-%m-%d %H:%M:%SZ}, which is still to come"
        yield Check("last record", "fail", says, "the machine's clock went back, or was ahead: set it right")
    else:
        says = f"{counted(found['ranges'], 'range')}, {counted(found['events'], 'event')}; the last {_span(ago)} ago"
        yield Check("last record", "ok", says)
    yield _dead_letters(found["events"], found["dead"])


def _whole(store: Store) -> Check:
    """Tell whether every range still has the records that it vouches for; only counts are compared."""
    rows = _not_whole(store)
    if not rows:
        return Check("rows of ranges", "ok", "every range has as many records as it vouches for")
    more = "more than " if len(rows) > MOST_RANGES else ""
    says = f"{more}{counted(min(len(rows), MOST_RANGES), 'range')} not whole; the first: {_differing(rows[0])}"
    todo = (
        "rows were taken out or put in (or a row policy hides some): compare with a backup, ask who may change tables"
    )
    return Check("rows of ranges", "fail", says, todo)


def _not_whole(store: Store) -> list[dict[str, Any]]:
    """Return ranges that have other numbers of records than they vouch for, one more than `MOST_RANGES` at most.

    They are counted twice: of what was being written at the first time, the range may be seen and its rows not yet.
    """
    sql, limit = statement("missing_rows"), MOST_RANGES + 1
    only = [row["id"] for row in store.rows(sql, {"only": [], "limit": limit})]
    return store.rows(sql, {"only": only, "limit": limit}) if only else []


def _differing(row: dict[str, Any]) -> str:
    """Return which range it is, and which numbers differ."""
    differ = [
        f"{counted(row[name], noun)}, {row[f'{name}_here']:,} there"
        for name, noun in _RECORDS.items()
        if row[name] != row[f"{name}_here"]
    ]
    return f"{row['source']} partition {row['partition']}, {row['first']:,} to {row['last']:,} ({'; '.join(differ)})"


def _dead_letters(events: int, dead: int) -> Check:
    """Tell the share of messages that could not be read."""
    percent = 100 * dead / (events + dead) if dead else 0
    says = f"{dead:,} of {events + dead:,} ({percent:.2g} %)"
    if percent <= MANY_DEAD_PERCENT:
        return Check("dead letters", "ok", says)
    todo = "see why: ashiato query 'SELECT reason, count() FROM dead_letters GROUP BY reason'"
    return Check("dead letters", "fail" if percent > TOO_MANY_DEAD_PERCENT else "warn", says, todo)


def _gaps(store: Store) -> Check:
    """Tell how many assets and parties of the evidence the register did not know when they were judged."""
    (found,) = store.rows(_UNKNOWN)
    if not found["assets"] + found["parties"]:
        return Check("register gaps", "ok", "the register knew every asset and party of the evidence")
    says = f"{found['assets']:,} asset(s) and {found['parties']:,} who act were unknown when they were judged"
    return Check("register gaps", "warn", says, "enter them: ashiato register gaps")


def _span(ago: dt.timedelta) -> str:
    """Return a span of time as people say it."""
    if ago.days:
        return f"{ago.days} day(s)"
    hours, seconds = divmod(ago.seconds, 3600)
    return f"{hours} hour(s)" if hours else f"{seconds // 60} minute(s)"
