"""Acts: what people do in Ashiato itself, recorded like evidence and durable before it takes effect."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os
from collections.abc import Callable
from typing import Final

import polars as pl

from schemas.events import ActKind
from schemas.records import RECORD_VERSION
from services.store import Store
from services.store_keys import reading_keys_of
from streams.commit import Keys, keyed_hex
from streams.merkle import leaf_hash

PSEUDONYM_HEX_DIGITS: Final = 16


def record_read(store: Store, what: str, rows: int, *, now: dt.datetime, new_id: Callable[[], str]) -> None:
    """Record that the user of this machine read evidence: what was asked, how many rows were given.

    Call it before the rows are shown; what cannot be recorded is not shown.

    Args:
        store: where it was read.
        what: the SQL, or the command with its arguments.
        rows: how many rows it gave.
        now: when, UTC.
        new_id: names the act.

    Raises:
        StoreError: the act cannot be written.
    """
    record_done(store, "evidence_read", what, rows, now=now, new_id=new_id)


def record_done(
    store: Store, kind: ActKind, what: str, rows: int, *, now: dt.datetime, new_id: Callable[[], str]
) -> None:
    """Record that the user of this machine does something; call it before it takes effect.

    Args:
        store: where it is done.
        kind: what kind of act.
        what: in words, or the command with its arguments.
        rows: how many rows or messages it is about.
        now: when, UTC.
        new_id: names the act.

    Raises:
        StoreError: the act cannot be written.
    """
    keys = reading_keys_of(store)
    record_act(store, kind=kind, who=user_name(), text=what, rows=rows, keys=keys, now=now, new_id=new_id)


def user_name() -> str:
    """Return the name of the user of the operating system; its number where it has none, as in many containers."""
    try:
        return getpass.getuser()
    except OSError:
        return str(os.getuid())


def record_act(
    store: Store,
    *,
    kind: str,
    who: str,
    text: str,
    rows: int,
    keys: Keys,
    now: dt.datetime,
    new_id: Callable[[], str],
) -> None:
    """Record an act.

    The record names the person by pseudonym and the text by a keyed hash; the text itself, which may name somebody,
    stands beside the record.

    Args:
        store: where.
        kind: one of `schemas.events.ActKind`.
        who: the user of the operating system.
        text: what was asked or done, in words or SQL.
        rows: how many rows it gave.
        keys: for pseudonyms.
        now: when, UTC.
        new_id: names the act.

    Raises:
        StoreError: the act cannot be written, so what it stands for must not happen.
    """
    act = {
        "v": RECORD_VERSION,
        "record": "act",
        "id": new_id(),
        "at": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "kind": kind,
        "actor": keyed_hex("actor", who, keys)[:PSEUDONYM_HEX_DIGITS],
        "subject": keyed_hex("text", text, keys),
        "rows": rows,
    }
    record = json.dumps(act, separators=(",", ":"), ensure_ascii=False)
    row = {name: act[name] for name in ("id", "kind", "actor", "subject", "rows")}
    row |= {"at": now, "text": text, "record": record, "leaf_hash": leaf_hash(record.encode())}
    store.insert("acts", pl.DataFrame([row], schema_overrides={"at": pl.Datetime("us", "UTC")}))
