"""Reads the rules from their folder, and keeps the version lock beside them."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

from schemas.errors import Place, RuleError
from schemas.rules import LockedRule
from streams.rule_lock import lock_text, read_lock
from streams.rules import SUFFIX, Rulebook, load_rulebook

LOCK_NAME: Final = "rulebook.lock"
MAX_RULES: Final = 10_000


def rulebook_folder() -> Path:
    """Return the folder of the rules that come with the program."""
    return Path(str(resources.files("streams"))) / "rulebook"


def read_rulebook(folder: Path | None = None) -> Rulebook:
    """Return the rulebook of a folder: every ``*.yml`` in it, not below it.

    Args:
        folder: where the rules are; None for those that come with the program.

    Raises:
        RuleError: no such folder, no rule in it, a file that cannot be read, or the only error of a rule.
        ManyErrors: all errors of all rules, each with file, line and column.
    """
    return load_rulebook(rule_texts(folder))


def rule_texts(folder: Path | None = None) -> dict[str, str]:
    """Return the text of each rule file by its name.

    Rules that come with the program are called ``rulebook/<id>.yml`` wherever it is installed, so that the same rules
    are the same bytes in evidence on every machine.
    """
    place = folder or rulebook_folder()
    if not place.is_dir():
        raise RuleError("There are no rules", where=Place(str(place)), why="it is no folder", todo="name another one")
    files = sorted(path for path in place.iterdir() if path.suffix == SUFFIX)
    if not 0 < len(files) <= MAX_RULES:
        why = f"{len(files)} files end in {SUFFIX}; from 1 to {MAX_RULES} are read"
        raise RuleError("The rulebook cannot be read", where=Place(str(place)), why=why, todo="name another folder")
    return {(f"rulebook/{path.name}" if folder is None else str(path)): _text(path) for path in files}


def read_lock_file(folder: Path | None = None) -> dict[str, LockedRule]:
    """Return the lock of a folder; an empty one if it has none.

    Raises:
        RuleError: the lock cannot be read.
    """
    path = lock_path(folder)
    return read_lock(_text(path), str(path)) if path.exists() else {}


def write_lock_file(lock: dict[str, LockedRule], folder: Path | None = None) -> None:
    """Write the lock of a folder.

    Raises:
        RuleError: the file cannot be written.
    """
    path = lock_path(folder)
    try:
        path.write_text(lock_text(lock), encoding="utf-8", newline="\n")
    except OSError as error:
        raise RuleError("The lock cannot be written", where=Place(str(path)), why=error.strerror or "") from error


def lock_path(folder: Path | None = None) -> Path:
    """Return where the lock of a folder is."""
    return (folder or rulebook_folder()) / LOCK_NAME


def _text(path: Path) -> str:
    """Return a file's text, its line ends as they are: the hash is over the bytes."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1} is no UTF-8"
        raise RuleError(
            "A rule file cannot be read", where=Place(str(path)), why=why, todo="save it as UTF-8"
        ) from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise RuleError("A rule file cannot be read", where=Place(str(path)), why=why) from error
