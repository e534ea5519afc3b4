"""Stores, contexts and files of events for tests that run the real way into a real store."""

from __future__ import annotations

import atexit
import datetime as dt
import itertools
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from schemas.records import Versions
from services.arrow_streams import HAS_MEMFD
from services.context import builtin_rulebook
from services.ingest import Ingest, Summary
from services.keys import PSEUDONYM_KEY, SALT_KEY
from services.sources import BatchLimits
from services.store import Store
from streams.pipeline import Context
from streams.register_index import RegisterIndex
from streams.register_versions import DEFAULT_INTERPRETATIONS, EMPTY_REGISTER, content_sha256
from tests.support.evidence import KEYS

LINUX: Final = pytest.mark.skipif(not HAS_MEMFD, reason="the system has no files without a name")
NOW: Final = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
COUNTS: Final = """
    SELECT
        (SELECT count() FROM evidence WHERE kind = 'event') AS events,
        (SELECT count() FROM evidence WHERE kind = 'dead_letter') AS dead_letters,
        (SELECT count() FROM findings) AS findings,
        (SELECT count() FROM flags) AS flags,
        (SELECT count() FROM personal_short) AS short,
        (SELECT count() FROM personal_long) AS long
"""


def context() -> Context:
    """Return this thread's context with an empty register, the defaults, all rules and fixed keys."""
    return _context_of(threading.get_ident())


@cache
def _context_of(_thread: int) -> Context:
    rulebook = builtin_rulebook()
    versions = Versions(
        register_sha256=content_sha256(EMPTY_REGISTER),
        rulebook_sha256=rulebook.sha256,
        interpretations_sha256=content_sha256(DEFAULT_INTERPRETATIONS),
        mmdb_sha256=None,
        program="0.1.0",
    )
    return Context(RegisterIndex(EMPTY_REGISTER, DEFAULT_INTERPRETATIONS), rulebook, KEYS, versions)


def open_store(path: Path) -> Store:
    """Return a new or existing store at a path; in a new one lie the keys that `context` records with.

    A new one is a copy of one that was made in the real way: to make its tables takes three times as long.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree(_made_before(), path.with_name(f".{path.name}-{os.getpid()}"), symlinks=True)
        copy.rename(path)  # in one step: whoever looks in between sees nothing or all
    return made_store(path)


def made_store(path: Path) -> Store:
    """Return the same, made without a copy: for processes that are killed, which would leave what they copy from."""
    store = Store.open(path, now=NOW, create=True)
    for name, key in ((SALT_KEY, KEYS.salt_key), (PSEUDONYM_KEY, KEYS.pseudonym_key)):
        file = store.directory.keys / name
        if not file.exists():
            file.touch(0o600)
            file.write_text(key, encoding="ascii")
    return store


@cache
def _made_before() -> Path:
    """Return an empty store that nobody holds; it goes when this process ends."""
    folder = tempfile.TemporaryDirectory(prefix="ashiato-store-")
    atexit.register(folder.cleanup)
    path = Path(folder.name, "data")
    made_store(path).close()
    return path


def event(number: int, **data: Any) -> dict[str, Any]:
    """Return an access event; ``data`` goes over its data."""
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "urn:app",
        "type": "io.ashiato.access.v1",
        "time": f"2026-11-01T00:00:{number % 60:02}Z",
        "data": {
            "actor": {"issuer": "idp", "subject": f"user-{number % 7}", "kind": "person"},
            "origin": {"ip": f"192.0.2.{number % 250}", "country": "JP"},
            "asset": {"locator": f"db/crm/{number % 3}"},
            "action": "read",
            "operation": "SELECT",
            "outcome": "success",
            "records": {"count": number, "fields": ["name"], "users": [f"u{number % 11}"]},
            **data,
        },
    }


def lines(events: Iterable[dict[str, Any]]) -> str:
    """Return events as NDJSON."""
    return "".join(json.dumps(one) + "\n" for one in events)


def names(prefix: str = "r") -> Callable[[], str]:
    """Return a source of rising names."""
    count = itertools.count()
    return lambda: f"{prefix}{next(count):06}"


def ingest(store: Store, *paths: Path, rows: int = 8, prefix: str = "r", as_new: bool = False) -> Summary:
    """Record files in small batches at a fixed time, under names that begin with ``prefix``."""
    prefix = f"{prefix}{len(store.rows('SELECT id FROM range_rows')):04}-"
    run = Ingest(store, context(), now=lambda: NOW, new_id=names(prefix), limits=BatchLimits(rows=rows))
    return run.files(list(paths), as_new=as_new)


def counts(store: Store) -> dict[str, int]:
    """Return what the views show, in numbers."""
    return store.rows(COUNTS)[0]


def evidence(store: Store) -> list[tuple[Any, ...]]:
    """Return position, record and leaf hash of everything that counts."""
    rows = store.rows(
        "SELECT `position.offset`, `position.part`, record, leaf_hash FROM evidence "
        "ORDER BY `position.source`, `position.offset`, `position.part`"
    )
    return [tuple(row.values()) for row in rows]


def finding_records(store: Store) -> list[str]:
    """Return the records of all findings that count, in order."""
    return sorted(row["record"] for row in store.rows("SELECT record FROM findings"))
