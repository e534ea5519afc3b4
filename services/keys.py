"""Keys on disk: salt key and pseudonym key, 32 random bytes each as hexadecimal text, readable by their owner."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from schemas.errors import InputError, Place, StoreError
from streams.commit import Keys, derive_pseudonym_key

SALT_KEY: Final = "salt.key"
PSEUDONYM_KEY: Final = "pseudonym.key"
_LONGEST_KEY_FILE: Final = 1024  # bytes; a key is 64


def load_keys(directory: Path, salt_key_file: Path | None = None) -> Keys:
    """Return the keys of a data directory; make what is not there yet.

    The pseudonym key follows from the first salt key and is then kept in its own file: a later salt key does not change
    anybody's pseudonym, and the same first salt key gives the same pseudonyms on any machine.

    Args:
        directory: where the keys lie, ``<data-dir>/keys``.
        salt_key_file: a salt key that lies elsewhere, for example a mounted secret; it is not copied.

    Raises:
        InputError: a key file does not hold a key, or others may read it.
        StoreError: a key file cannot be read or written.
    """
    salt_key = _read(salt_key_file) if salt_key_file else _own(directory / SALT_KEY, secrets.token_hex(32))
    pseudonym_key = _own(directory / PSEUDONYM_KEY, derive_pseudonym_key(salt_key))
    try:
        return Keys(salt_key=salt_key, pseudonym_key=pseudonym_key)
    except InputError as error:
        raise error.at(Place(str(salt_key_file or directory))) from None


def _own(path: Path, fresh: str) -> str:
    """Return the key in a file of the data directory; write ``fresh`` there if there is none.

    Of several processes that find none at the same time, one writes it and all use that one.
    """
    if not path.exists():
        _write(path, fresh)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise _unusable(path, error) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(
            "the key may be read by others", where=Place(str(path)), why=f"its mode is {stat.S_IMODE(mode):04o}",
            todo=f"chmod 600 {path}",
        )  # fmt: skip
    return _read(path)


def _read(path: Path) -> str:
    """Return the text of a key file without blanks around it."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_KEY_FILE).decode("ascii", "replace").strip()
    except OSError as error:
        raise _unusable(path, error) from None


def _write(path: Path, key: str) -> None:
    """Write a key so that a crash leaves either no key or a whole one: salts made with half a key would be lost."""
    draft = path.with_suffix(f".{os.getpid()}.new")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: renaming would put ours in place of its key
            os.link(draft, path)
        draft.unlink()
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: OSError) -> StoreError:
    """Return the error for a key file that cannot be read or written; it never holds the key."""
    return StoreError("the key file cannot be used", where=Place(str(path)), why=error.strerror or "")
