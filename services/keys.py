"""Keys on disk: salt key and pseudonym key, 32 random bytes each as hexadecimal text, readable by their owner."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.errors import InputError, Place, StoreError
from streams.commit import Keys, derive_pseudonym_key, keyed_hex

SALT_KEY: Final = "salt.key"
PSEUDONYM_KEY: Final = "pseudonym.key"
_LONGEST_KEY_FILE: Final = 1024  # bytes; a key is 64
_RESTORE_SALT: Final = (
    "restore the file from a backup; if the key was destroyed on purpose, make another with `openssl rand -hex 32` and "
    "give it with --salt-key"
)
_RESTORE_BOTH: Final = (
    "restore the files of the directory from a backup; the pseudonym key follows from the first salt key too, so that "
    "one given with --salt-key is enough"
)
COPY_KEY: Final = (
    "name a data directory that has it with --data-dir, or copy keys/pseudonym.key out of the recorders' one (mode "
    "0600); where nothing was recorded yet, start a recorder first"
)
"""What to do on a machine without the key of a store that is a server."""


@dataclass(frozen=True, slots=True)
class Made:
    """What evidence tells of the keys that it was made with.

    Attributes:
        salt_key_id: id of the salt key of the first range; None if there is no range.
        act: text of the first act, and its keyed hash; None if there is no act.
    """

    salt_key_id: str | None = None
    act: tuple[str, str] | None = None

    @property
    def any(self) -> bool:
        """Whether keys have been used at all."""
        return self.salt_key_id is not None or self.act is not None

    def came_from(self, keys: Keys) -> bool:
        """Return whether these are the first salt key and the pseudonym key that follows from it."""
        if self.act is not None and keyed_hex("text", self.act[0], keys) != self.act[1]:
            return False
        return self.salt_key_id in {None, keys.salt_key_id}


def nothing_made() -> Made:
    """Return what a store tells in which nothing is."""
    return Made()


def load_keys(directory: Path, salt_key_file: Path | None = None, made: Callable[[], Made] = nothing_made) -> Keys:
    """Return the keys of a data directory; make what is not there yet, unless evidence was made with it.

    The pseudonym key follows from the first salt key and is then kept in its own file: a later salt key does not change
    anybody's pseudonym, and the same first salt key gives the same pseudonyms on any machine. With another pseudonym
    key nobody would be found again, and every file would seem to be another than the recorded one.

    Args:
        directory: where the keys lie, ``<data-dir>/keys``.
        salt_key_file: a salt key that lies elsewhere, for example a mounted secret; it is not copied.
        made: tells what evidence says of its keys; asked only if a key is missing.

    Raises:
        InputError: a key file does not hold a key, or others may read it.
        StoreError: a key file cannot be read or written, or is missing though there is evidence.
    """
    return _loaded(directory, salt_key_file, made, _own)


def check_keys_there(
    directory: Path, salt_key_file: Path | None = None, made: Callable[[], Made] = nothing_made
) -> None:
    """Raise what `load_keys` would raise, and make nothing."""
    _loaded(directory, salt_key_file, made, lambda path, fresh: _private(path) if path.exists() else fresh)


def _loaded(
    directory: Path, salt_key_file: Path | None, made: Callable[[], Made], own: Callable[[Path, str], str]
) -> Keys:
    """Return the keys; ``own`` returns the key in a file of the data directory, and a fresh one where there is none."""
    salt_path, pseudonym_path = directory / SALT_KEY, directory / PSEUDONYM_KEY
    no_salt, no_pseudonym = salt_key_file is None and not salt_path.exists(), not pseudonym_path.exists()
    evidence = made() if no_salt or no_pseudonym else Made()
    if no_pseudonym and evidence.any and no_salt:
        raise _lost("pseudonym key", pseudonym_path, _RESTORE_BOTH)
    if no_salt and evidence.salt_key_id is not None:
        raise _lost(f"salt key {evidence.salt_key_id}", salt_path, _RESTORE_SALT)
    salt_key = _read(salt_key_file) if salt_key_file else own(salt_path, secrets.token_hex(32))
    try:
        derived = Keys(salt_key=salt_key, pseudonym_key=derive_pseudonym_key(salt_key))
        if no_pseudonym and not evidence.came_from(derived):
            raise _lost("pseudonym key", pseudonym_path, _RESTORE_BOTH)
        return Keys(salt_key=salt_key, pseudonym_key=own(pseudonym_path, derived.pseudonym_key))
    except InputError as error:
        raise error.at(error.where or Place(str(salt_key_file or directory))) from None


def load_reading_keys(directory: Path, made: Callable[[], Made] = nothing_made) -> Keys:
    """Return keys for whoever makes pseudonyms but no salts: the salt key may be with the recorder alone.

    Where there is no pseudonym key yet, this is `load_keys`; else the salt key in it is one that nobody keeps.

    Raises:
        InputError: a key file does not hold a key, or others may read it.
        StoreError: a key file cannot be read or written, or is missing though there is evidence.
    """
    path = directory / PSEUDONYM_KEY
    if not path.exists():
        return load_keys(directory, made=made)
    try:
        return Keys(salt_key=secrets.token_hex(32), pseudonym_key=_private(path))
    except InputError as error:
        raise error.at(error.where or Place(str(path))) from None


def _own(path: Path, fresh: str) -> str:
    """Return the key in a file of the data directory; write ``fresh`` there if there is none.

    Of several processes that find none at the same time, one writes it and all use that one.
    """
    if not path.exists():
        _write(path, fresh)
    return _private(path)


def _private(path: Path) -> str:
    """Return the key in a file that nobody else may read."""
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


def _lost(key: str, path: Path, todo: str) -> StoreError:
    return StoreError(
        f"the {key} is missing", where=Place(str(path)),
        why="evidence in the store was made with it, and a new one would not fit", todo=todo,
    )  # fmt: skip
