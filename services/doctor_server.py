"""Checks of a store that is a server: the way to it, what it is, what we may do there, its clock; then what is inside.

Reads versions, grants and one text of an act that is compared and not shown, so no act is recorded.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from schemas.errors import AshiatoError
from services.data_dir import DataDir
from services.doctor import Check, failed
from services.doctor_store import check_inside
from services.keys import COPY_KEY, PSEUDONYM_KEY
from services.store import Store
from services.store_connectors import Remote
from services.store_errors import TROUBLE
from services.store_keys import reading_keys_of
from services.store_settings import StoreSettings
from streams.commit import keyed_hex

TESTED: Final = (26, 9)
"""The version that the embedded store and the tests have inside, and that compose.yaml runs."""
GOOD_CLOCK: Final = dt.timedelta(seconds=2)
BAD_CLOCK: Final = dt.timedelta(seconds=60)
_SERVER: Final = "SELECT version() AS version, currentUser() AS user, now64(6, 'UTC') AS now"
_LAST_ACT: Final = "SELECT text, subject FROM acts WHERE text != '' ORDER BY at DESC, id DESC LIMIT 1"
_DANGEROUS: Final = ("ALTER UPDATE", "ALTER DELETE", "TRUNCATE", "DROP TABLE")


def check_server(settings: StoreSettings, data_dir: Path, clock: Callable[[], dt.datetime]) -> Iterator[Check]:
    """Yield the checks of a server and of what is inside; makes and changes nothing.

    Args:
        settings: the server, and who we are to it.
        data_dir: where the keys lie, if they do.
        clock: this machine's, UTC.
    """
    yield check_way(settings)
    try:
        yield from _told_by(Remote(settings, DataDir(data_dir)), settings.url, clock)
    except AshiatoError as error:
        yield failed(error, "server")
        return
    try:
        with Store.connect(settings, data_dir, now=clock()) as store:
            yield _account(store)
            if (store.directory.keys / PSEUDONYM_KEY).is_file():
                yield _pseudonyms(store)
            yield from check_inside(store, clock())
    except AshiatoError as error:
        yield failed(error, "store")


def check_way(settings: StoreSettings) -> Check:
    """Tell whether others on the way to the server could read along."""
    if settings.is_https:
        return Check("connection", "ok", f"TLS to {settings.host}")
    if _is_here(settings.host):
        return Check("connection", "ok", f"without TLS, on this machine alone ({settings.host})")
    says = f"without TLS: whoever is between here and {settings.host} can read evidence and password"
    return Check("connection", "warn", says, "name an https address in store.url, and who signed it in store.ca_file")


def _is_here(host: str) -> bool:
    """Return whether a host is this machine by its very name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _told_by(remote: Remote, url: str, clock: Callable[[], dt.datetime]) -> Iterator[Check]:
    """Yield what a server tells of itself, whatever is in it."""
    client = remote.client(database=None, settings={})
    try:
        before = clock()
        (row,) = client.query(_SERVER).named_results()
        after = clock()
    except TROUBLE as error:
        raise remote.failed("the server cannot be asked", error) from None
    finally:
        client.close()
        remote.close()
    yield check_version(row["version"], row["user"], url)
    yield check_clocks(before, row["now"], after)


def check_version(version: str, user: str, url: str) -> Check:
    """Tell where the server is, which version it is and as whom it knows us."""
    says = f"ClickHouse {version} at {url}, as {user}"
    found = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if found < TESTED:
        least = ".".join(map(str, TESTED))
        return Check("server", "warn", f"{says}; older than {least}", f"upgrade it: {least} is what is tested")
    return Check("server", "ok", says)


def check_clocks(before: dt.datetime, server: dt.datetime, after: dt.datetime) -> Check:
    """Tell how far the server's clock is from this machine's.

    Args:
        before: when it was asked, by this machine.
        server: its answer.
        after: when that was here.
    """
    apart = max(before - server, server - after, dt.timedelta(0))
    if apart <= GOOD_CLOCK:
        return Check("server clock", "ok", f"at most {GOOD_CLOCK.seconds} seconds from this machine's")
    says = f"{apart.total_seconds():,.0f} seconds {'behind' if server < before else 'ahead of'} this machine's"
    todo = "let both follow a time server: deadlines and the order of acts hang on it"
    return Check("server clock", "fail" if apart > BAD_CLOCK else "warn", says, todo)


def _account(store: Store) -> Check:
    """Tell whether the account may read evidence and leave acts, and whether it may do harm."""
    if not _may(store, "SELECT", "evidence"):
        todo = "read with an account that deploy/clickhouse/users.xml calls analyst, or with the recorder's"
        return Check("account", "warn", "it may not read evidence", todo)
    if not _may(store, "INSERT", "acts"):
        todo = "GRANT INSERT ON its table acts: what cannot be recorded is not shown"
        return Check("account", "fail", "it may read evidence and may not leave acts, so that reading is refused", todo)
    if harm := [privilege for privilege in _DANGEROUS if _may(store, privilege, "evidence_rows")]:
        todo = "reading takes SELECT, and INSERT on acts; see deploy/clickhouse/users.xml"
        return Check("account", "warn", f"it may change or remove evidence: {', '.join(harm)}", todo)
    return Check("account", "ok", "it may read evidence and leave acts, and neither change nor remove evidence")


def _may(store: Store, privilege: str, table: str) -> bool:
    """Return whether the account has a privilege; all words are our own, the database's name is checked settings."""
    try:
        return str(store.client.command(f"CHECK GRANT {privilege} ON `{store.database}`.{table}")).strip() == "1"
    except TROUBLE as error:
        raise store.failed("the account's grants cannot be asked for", error) from None


def _pseudonyms(store: Store) -> Check:
    """Tell whether the pseudonym key here is the one that acts are recorded with."""
    try:
        keys = reading_keys_of(store)
    except AshiatoError as error:
        return failed(error, "pseudonym key")
    acts = store.rows(_LAST_ACT)
    if acts and keyed_hex("text", acts[0]["text"], keys) != acts[0]["subject"]:
        return Check("pseudonym key", "fail", "another one than the last act was recorded with", COPY_KEY)
    return Check("pseudonym key", "ok", "the one that acts are recorded with" if acts else "no act to compare it with")
