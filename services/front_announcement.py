"""How a process that holds a data directory lets others of the same user in: a file tells address and token."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from schemas.errors import Place, StoreBusyError
from services.data_dir import DataDir
from services.store_connectors import Remote
from services.store_settings import StoreSettings


class Announcement(NamedTuple):
    """Where the front listens, and what it wants to hear."""

    url: str
    token: str


def announce(directory: DataDir, announcement: Announcement) -> None:
    """Tell where the front of this process is; only the directory's owner may read it."""
    draft = directory.front.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(announcement._asdict(), file)
    draft.rename(directory.front)


def announced(directory: DataDir) -> Announcement | None:
    """Return where the front of a data directory is; None if nobody has announced one."""
    try:
        found = json.loads(directory.front.read_text(encoding="ascii"))
        return Announcement(url=str(found["url"]), token=str(found["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def serving(directory: DataDir, busy: StoreBusyError) -> Remote:
    """Return the way through the process that holds a data directory.

    Raises:
        StoreBusyError: ``busy``, if that process lets nobody in.
    """
    found = announced(directory)
    if found is None:
        raise busy
    settings = StoreSettings(url=found.url, compression="none")
    return Remote(settings, directory, token=found.token, where=Place(str(directory.path)))
