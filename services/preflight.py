"""Preflight: what would be said of an event, without recording anything: no directory, no key, no row is written."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from pathlib import Path
from typing import Final

import msgspec

from schemas.errors import Place, UsageError
from schemas.interpretations import Interpretations
from schemas.register import Register
from services.context import current_interpretations
from services.data_dir import DataDir
from services.geo import Geo
from services.register_store import current_register
from services.rulebook_files import read_rulebook
from services.store import Store
from services.store_settings import StoreSettings
from streams.adapt import NATIVE, adapter_of, detect
from streams.batch import RawBatch
from streams.commit import Keys
from streams.preflight import Against
from streams.register_index import RegisterIndex, no_geo
from streams.register_versions import EMPTY_REGISTER

MAX_BYTES: Final = 64 << 20
MAX_MESSAGES: Final = 1_000
"""Preflight is for the few events of one intention; logs go through `ingest`."""


def batch_of(content: bytes, where: Place, form: str | None) -> RawBatch:
    """Return what was handed over as a batch.

    Args:
        content: the bytes; see `messages_in`.
        where: where they come from, for errors.
        form: name of the log format; None: found out from the first message.

    Raises:
        UsageError: there is no event, too many, or no such format.
    """
    if form not in {None, NATIVE}:
        adapter_of(str(form))
    messages, lines = messages_in(content, where)
    last = len(messages) - 1
    return RawBatch(where.path, 0, form or detect(messages[0]), list(range(last + 1)), messages, 0, last, lines)


def current_versions(
    data_dir: Path, now: dt.datetime, server: StoreSettings | None = None
) -> tuple[Register, Interpretations]:
    """Return the register and the settings that a store uses; the empty one and the defaults if there is no store.

    Makes nothing.

    Args:
        data_dir: where the store is, unless a server holds it.
        now: UTC.
        server: the server that holds it.

    Raises:
        StoreBusyError: another process holds the data directory.
        StoreAwayError: the server cannot be reached for now.
        StoreError: the store cannot be opened.
    """
    if server is None and not DataDir(data_dir).store.is_dir():
        return EMPTY_REGISTER, Interpretations()
    with Store.connect(server, data_dir, now=now) if server else Store.open(data_dir, now=now) as store:
        return current_register(store), current_interpretations(store)


def against(register: Register, interpretations: Interpretations, mmdb: Path | None = None) -> Against:
    """Return what events are judged with; its keys are thrown away with it."""
    keys = Keys(salt_key=secrets.token_hex(32), pseudonym_key=secrets.token_hex(32))
    index = RegisterIndex(register, interpretations, Geo(mmdb) if mmdb else no_geo)
    return Against(index, read_rulebook(), keys)


def messages_in(content: bytes, where: Place) -> tuple[list[bytes], list[int] | None]:
    """Return the messages in what was handed over, and the lines they are on where each is on one of its own.

    They are one JSON value, an array of them, or one on each line.

    What is no JSON at all is one message, so that reading it says exactly what is wrong.

    Args:
        content: the bytes.
        where: where they come from, for errors.

    Raises:
        UsageError: there is nothing, or more than preflight is for.
    """
    messages, lines = _split(content)
    if not messages:
        raise no_event(where)
    if len(content) > MAX_BYTES or len(messages) > MAX_MESSAGES:
        why = f"at most {MAX_MESSAGES:,} events in {MAX_BYTES >> 20} MiB are looked at"
        raise UsageError("these are too many events", where=where, why=why, todo="use `ashiato ingest` for logs")
    return messages, lines


def no_event(where: Place) -> UsageError:
    """Return the error for what holds no event: a gate must not let through what it has not seen."""
    return UsageError("there is no event", where=where, todo="hand over one event as JSON")


def _split(content: bytes) -> tuple[list[bytes], list[int] | None]:
    stripped = content.strip()
    if not stripped:
        return [], None
    if stripped.startswith(b"[") and (elements := _elements(stripped)) is not None:
        return elements, None
    # As `ashiato ingest` takes lines apart: at line feeds only.
    lines = [(number, line.strip()) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    if len(lines) > 1 and _is_json(lines[0][1]):
        return [line for _, line in lines], [number for number, _ in lines]
    return [stripped], None


def _elements(content: bytes) -> list[bytes] | None:
    """Return the elements of a JSON array as they stand; None if it is none."""
    try:
        return [bytes(element) for element in msgspec.json.decode(content, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
