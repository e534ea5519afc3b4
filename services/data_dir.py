"""The data directory: what lies where, and that one process holds its store at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from schemas.errors import Place, StoreBusyError, StoreError, UsageError
from services.written_parts import WrittenParts

MODE = 0o700
"""Evidence and keys are nobody else's to read."""


class DataDir:
    """Paths within one data directory, and its lock.

    The lock is the kernel's: it falls with the process, however that ends, and a file left behind locks nobody out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = path / "store"
        self.keys = path / "keys"
        self.temporary = path / "tmp"
        self.front = path / "front.json"
        """Where the process that holds the directory lets others in, if it does (`services.local_front`)."""
        self.written = WrittenParts(Place(str(path)))
        """What all that insert into the store here have in common."""
        self._lock: IO[str] | None = None

    def hold(self, *, create: bool) -> None:
        """Take the directory for this process.

        Args:
            create: make it if it does not exist.

        Raises:
            UsageError: it does not exist and is not to be made, or the path is not a directory.
            StoreBusyError: another process holds it.
            StoreError: it cannot be made or written to.
        """
        where = Place(str(self.path))
        if not create and not self.store.exists():
            raise UsageError(
                "there is no evidence here", where=where, why="the data directory does not exist or is empty",
                todo="run `ashiato ingest` or `ashiato demo` first, or name another one with --data-dir",
            )  # fmt: skip
        self._make(self.path, self.store, self.keys, self.temporary)
        try:
            lock = (self.path / "lock").open("a+", encoding="ascii")
        except OSError as error:
            raise _unusable(where, error) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(lock, where) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock
        self._sweep()

    def make_for_keys(self) -> None:
        """Make the directory for keys alone: the store is a server. Any number of processes may share it.

        Raises:
            UsageError: the path is not a directory.
            StoreError: it cannot be made or written to.
        """
        self._make(self.path, self.keys)

    def release(self) -> None:
        """Let the directory go."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _make(self, *directories: Path) -> None:
        where = Place(str(self.path))
        try:
            for directory in directories:
                directory.mkdir(mode=MODE, parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise UsageError("not a directory", where=where, todo="name another path with --data-dir") from None
        except OSError as error:
            raise _unusable(where, error) from None

    def _sweep(self) -> None:
        """Remove what a killed process left: its unfinished inserts hold personal data in the clear."""
        self.front.unlink(missing_ok=True)
        for left in self.temporary.iterdir():
            left.unlink(missing_ok=True)


def _unusable(where: Place, error: OSError) -> StoreError:
    return StoreError(
        "the data directory cannot be used", where=where, why=error.strerror or str(error),
        todo="give this user write permission, or name another one with --data-dir",
    )  # fmt: skip


def _busy(lock: IO[str], where: Place) -> StoreBusyError:
    """Return the error that names the process that holds the directory."""
    with lock:
        lock.seek(0)
        holder = lock.read(20).strip()
    return StoreBusyError(
        "another process holds the data directory",
        where=where,
        why=f"process {holder} is working with it" if holder.isdigit() else "it is locked",
        todo="wait until it has finished, or name another one with --data-dir",
    )
