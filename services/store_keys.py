"""The keys of a store: those in its data directory, held against what its evidence was made with."""

from __future__ import annotations

from pathlib import Path

from schemas.errors import Place, StoreError
from services.keys import COPY_KEY, PSEUDONYM_KEY, Made, check_keys_there, load_keys, load_reading_keys
from services.store import Store, statement
from streams.commit import Keys


def keys_of(store: Store, salt_key_file: Path | None = None) -> Keys:
    """Return the keys to record with; a store without evidence gets new ones. See `services.keys.load_keys`."""
    store.directory.make_for_keys()
    return load_keys(store.directory.keys, salt_key_file, lambda: _made(store))


def check_keys_of(store: Store, salt_key_file: Path | None = None) -> None:
    """Raise what `keys_of` would raise, and make nothing."""
    check_keys_there(store.directory.keys, salt_key_file, lambda: _made(store))


def reading_keys_of(store: Store) -> Keys:
    """Return the keys that make pseudonyms: to record acts and to look events up again, not to record events.

    For a server none are made here: a recorder could not go on beside an act under another key.

    Raises:
        InputError: a key file does not hold a key, or others may read it.
        StoreError: the key is missing.
    """
    key = store.directory.keys / PSEUDONYM_KEY
    if not store.connector.has_keys and not key.exists():
        why = "without it nobody can tell later who read what, so nothing is read"
        raise StoreError("there is no pseudonym key here", where=Place(str(key)), why=why, todo=COPY_KEY)
    return load_reading_keys(store.directory.keys, lambda: _made(store))


def _made(store: Store) -> Made:
    """Return what the evidence of a store tells of its keys."""
    (row,) = store.rows(statement("made_with"))
    act = (row["act_text"], row["act_subject"]) if row["acts"] else None
    return Made(row["salt_key_id"] if row["ranges"] else None, act)
