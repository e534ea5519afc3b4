"""Checks of the installation: the program and its packages, the data directory and its keys, the clock.

A check looks and says; it changes nothing. What is inside the store is checked in `services.doctor_store`.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from schemas.errors import AshiatoError
from services.keys import COPY_KEY, PSEUDONYM_KEY, check_keys_there, load_reading_keys

State = Literal["ok", "warn", "fail"]

LEAST_PYTHON: Final = (3, 11)
EMBEDDED: Final = "chdb"
GIBIBYTE: Final = 1 << 30
LEAST_FREE_BYTES: Final = GIBIBYTE
GOOD_FREE_BYTES: Final = 10 * GIBIBYTE
BUILT_YEAR: Final = 2026
"""No clock that is right shows an earlier year to this program."""
FARTHEST_YEAR: Final = BUILT_YEAR + 50


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found: a short name, its state, what it saw, and what to do about it."""

    name: str
    state: State
    says: str
    todo: str = ""


def check_machine(data_dir: Path, now: dt.datetime, *, server: bool = False) -> Iterator[Check]:
    """Yield the checks that need no store: program, packages, data directory, keys, clock.

    Args:
        data_dir: the data directory, which need not exist.
        now: the machine's idea of the time, UTC.
        server: the store is a server, so that the directory is for keys alone and no engine is needed here.
    """
    yield check_python()
    yield check_packages()
    if not server:
        yield check_embedded()
    yield check_clock(now)
    yield check_data_dir(data_dir, server=server)
    if not server:
        yield check_space(data_dir)
    if data_dir.is_dir():
        yield check_keys(data_dir / "keys", server=server)


def check_python() -> Check:
    """Tell whether this Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < LEAST_PYTHON:
        return Check("python", "fail", version, f"install Python {'.'.join(map(str, LEAST_PYTHON))} or newer")
    return Check("python", "ok", version)


def check_packages() -> Check:
    """Tell the versions of the packages that Ashiato needs, and which are missing."""
    found, missing = [], []
    for name in needed_packages():
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check("packages", "fail", f"missing: {', '.join(missing)}", "install Ashiato again: pip install ashiato")
    return Check("packages", "ok", ", ".join([f"ashiato {metadata.version('ashiato')}", *found]))


def needed_packages() -> list[str]:
    """Return the names of the packages that every installation needs, in the order of their declaration."""
    requirements = [text for text in metadata.requires("ashiato") or [] if "extra ==" not in text]
    return [re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0] for text in requirements]


def check_embedded() -> Check:
    """Tell whether the embedded store is installed."""
    try:
        return Check("embedded store", "ok", f"{EMBEDDED} {metadata.version(EMBEDDED)}")
    except metadata.PackageNotFoundError:
        return Check("embedded store", "fail", f"{EMBEDDED} is not installed", "pip install 'ashiato[embedded]'")


def check_clock(now: dt.datetime) -> Check:
    """Tell the machine's time and zone; a year that cannot be is a failure, for every deadline hangs on it."""
    local = now.astimezone()
    says = f"{now.astimezone(dt.UTC):%Y-%m-%d %H:%M:%SZ}, local zone {local:%Z} ({local:%z})"
    if not BUILT_YEAR <= now.year <= FARTHEST_YEAR:
        return Check("clock", "fail", says, "set the machine's clock, and let it follow a time server")
    return Check("clock", "ok", says)


def check_data_dir(data_dir: Path, *, server: bool = False) -> Check:
    """Tell whether the data directory can be used, and whether only its owner can read it."""
    if not data_dir.exists():
        todo = COPY_KEY if server else "the first `ashiato ingest` makes it"
        return Check("data directory", "warn", f"{data_dir} does not exist", todo)
    if not data_dir.is_dir():
        return Check("data directory", "fail", f"{data_dir} is a file", "name another one with --data-dir")
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        todo = "run as its owner, or name another one with --data-dir"
        return Check("data directory", "fail", f"{data_dir} cannot be read and written by this user", todo)
    mode = stat.S_IMODE(data_dir.stat().st_mode)
    if mode & 0o007:
        says = f"{data_dir} is open to every user of this machine (mode {mode:04o}); it holds personal data"
        return Check("data directory", "warn", says, f"chmod 700 {data_dir}")
    return Check("data directory", "ok", f"{data_dir} (mode {mode:04o})")


def check_space(data_dir: Path) -> Check:
    """Tell the space left where the data directory is, or will be."""
    there = next(path for path in (data_dir.absolute(), *data_dir.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    says = f"{free / GIBIBYTE:.1f} GiB free"
    if free < LEAST_FREE_BYTES:
        return Check("disk space", "fail", says, "free some: a full disk stops recording")
    if free < GOOD_FREE_BYTES:
        return Check("disk space", "warn", says, f"keep {GOOD_FREE_BYTES // GIBIBYTE} GiB free")
    return Check("disk space", "ok", says)


def check_keys(keys: Path, *, server: bool = False) -> Check:
    """Tell whether each key file belongs to this user, is closed to all others and holds a key.

    Whether evidence was made with others is asked in the store: `services.doctor_store`.

    Args:
        keys: the directory of the keys.
        server: the store is a server, for which the pseudonym key has to be here.
    """
    files = sorted(path for path in keys.glob("*") if path.is_file()) if keys.is_dir() else []
    if server and keys / PSEUDONYM_KEY not in files:
        return Check("keys", "warn", "no pseudonym key: commands that read evidence are refused", COPY_KEY)
    if not files:
        todo = "where nothing is recorded, the first `ashiato ingest` makes them; else restore them from a backup"
        return Check("keys", "warn", "no key here", todo)
    foreign = [path.name for path in files if path.stat().st_uid != os.geteuid()]
    if foreign:
        says = f"of another user: {', '.join(foreign)}"
        return Check("keys", "fail", says, f"run as the owner of {keys}, or give the files to this user")
    opened = [path.name for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if opened:
        return Check("keys", "fail", f"readable by others: {', '.join(opened)}", f"chmod 600 {keys}/*")
    try:
        (load_reading_keys if server else check_keys_there)(keys)
    except AshiatoError as error:
        return failed(error, "keys", place=True)
    return Check("keys", "ok", f"{len(files)} file(s), mode 0600")


def failed(error: AshiatoError, name: str, *, place: bool = False) -> Check:
    """Return the check that an error ended; with the place, where the name does not tell it."""
    says = ": ".join(part for part in (str(error.where or "") if place else "", error.what, error.why) if part)
    return Check(name, "fail", says, error.todo)
