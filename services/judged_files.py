"""What events are judged with, as it stands in files or in the store: register, interpretations, rulebook."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.events import ActKind
from schemas.interpretations import Interpretations
from schemas.register import Register
from services.context import builtin_rulebook, current_interpretations
from services.interpretation_files import read_interpretations
from services.register_files import files_of, read_register
from services.register_store import current_register
from services.rulebook_files import read_rulebook
from services.settings import PathsSection
from services.store import Store, VersionKind
from streams.register_versions import (
    canonical_json,
    content_sha256,
    entries,
    interpretations_from_json,
    register_from_json,
)
from streams.rules import SUFFIX, Rulebook, load_rulebook

ACTS: Final[dict[VersionKind, ActKind]] = {
    "register": "register_loaded",
    "interpretations": "interpretation_changed",
    "rulebook": "rulebook_changed",
}
"""What somebody does who changes one of them."""


@dataclass(frozen=True, slots=True)
class Version:
    """One thing to judge with.

    Attributes:
        value: a `Register`, `Interpretations` or `Rulebook`.
        sha256: names it in ranges and findings.
        entries: how many entries, settings or rules.
        content: its canonical text.
    """

    value: Any
    sha256: str
    entries: int
    content: str


@dataclass(frozen=True, slots=True)
class Watched:
    """One thing to judge with, and where it comes from.

    Attributes:
        kind: which of the three.
        fingerprint: changes whenever the thing does; whatever is wrong with files, it tells no error.
        read: returns the thing, or raises an `AshiatoError`.
        restore: returns the thing from its canonical text.
        files: whether it comes from files; else from the store, where others may have put another.
    """

    kind: VersionKind
    fingerprint: Callable[[], str]
    read: Callable[[], Version]
    restore: Callable[[str], Version]
    files: bool


def watched(paths: PathsSection, store: Store) -> tuple[Watched, Watched, Watched]:
    """Return register, interpretations and rulebook as the settings say where they are."""
    return _register(paths.register_files, store), _interpretations(paths.interpretations, store), _rules(paths.rules)


def _register(files: tuple[Path, ...], store: Store) -> Watched:
    if files:
        return Watched(
            "register", lambda: _hash(lambda: files_of(files)), lambda: _of_register(read_register(files)),
            lambda text: _of_register(register_from_json(text)), files=True,
        )  # fmt: skip
    return Watched(
        "register", lambda: store.current_version("register") or "", lambda: _of_register(current_register(store)),
        lambda text: _of_register(register_from_json(text)), files=False,
    )  # fmt: skip


def _interpretations(file: Path | None, store: Store) -> Watched:
    if file:
        return Watched(
            "interpretations", lambda: _hash(lambda: [file]), lambda: _of_interpretations(read_interpretations(file)),
            lambda text: _of_interpretations(interpretations_from_json(text)), files=True,
        )  # fmt: skip
    return Watched(
        "interpretations", lambda: "", lambda: _of_interpretations(current_interpretations(store)),
        lambda text: _of_interpretations(interpretations_from_json(text)), files=False,
    )  # fmt: skip


def _rules(folder: Path | None) -> Watched:
    def rule_files() -> list[Path]:
        return sorted(path for path in folder.iterdir() if path.suffix == SUFFIX) if folder else []

    def read() -> Version:
        return _of_rulebook(read_rulebook(folder) if folder else builtin_rulebook())

    return Watched(
        "rulebook", lambda: _hash(rule_files), read, lambda text: _of_rulebook(load_rulebook(json.loads(text))),
        files=folder is not None,
    )  # fmt: skip


def _of_register(register: Register) -> Version:
    count = sum(1 for _ in entries(register))
    return Version(register, content_sha256(register), count, canonical_json(register))


def _of_interpretations(settings: Interpretations) -> Version:
    return Version(settings, content_sha256(settings), len(Interpretations.model_fields), canonical_json(settings))


def _of_rulebook(rulebook: Rulebook) -> Version:
    return Version(rulebook, rulebook.sha256, len(rulebook), rulebook.canonical_json())


def _hash(files: Callable[[], Iterable[Path]]) -> str:
    """Return a hash over names and bytes of files; what cannot be read is part of it by its error's number."""
    total = hashlib.sha256()
    try:
        for path in files():
            total.update(f"{path}\n".encode(errors="surrogateescape"))
            total.update(hashlib.sha256(path.read_bytes()).digest())
    except OSError as error:
        total.update(f"error {error.errno}".encode())
    return total.hexdigest()
