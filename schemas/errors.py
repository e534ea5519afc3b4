"""The tree of everything that can go wrong, and the text that a person reads.

    AshiatoError
    ├── InputError             what was handed in cannot be used
    │   ├── MessageError       one message of a source (becomes a dead letter)
    │   ├── SourceError        a file or stream as a whole (cut, damaged, replaced, not readable)
    │   │   └── PoisonedError  too much of it cannot be read
    │   ├── RegisterError      the register
    │   ├── InterpretationError  the settings that stand for open legal questions
    │   └── RuleError          a rule, its tests or the version lock
    ├── StoreError             the store cannot be opened, read or written
    │   ├── StoreBusyError     another process holds the data directory
    │   └── StoreAwayError     the store cannot be reached for now: worth trying again
    ├── LogError               the log in front (Kafka, the spool) cannot be read or written
    │   └── LogAwayError       it cannot be reached for now: worth trying again
    ├── EvidenceError          evidence contradicts itself or its source
    └── UsageError             a command was called in a way that has no meaning

Every error says *what* went wrong, *where* (file, line, column, position), *why*, and *what to do*. Values of
personal data never become part of an error text: a text names fields and places, not contents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: a file with a one-based line and column, or a position in a source.

    ``path`` is a file's path or a source's name; ``position`` is the offset in that source.
    """

    path: str = ""
    line: int | None = None
    column: int | None = None
    position: int | None = None

    def __str__(self) -> str:
        """Return ``path:line:column`` as editors understand it, then the position if there is one."""
        parts = [self.path] if self.path else []
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        text = ":".join(parts)
        if self.position is not None:
            text = f"{text} position {self.position}".strip()
        return text


class AshiatoError(Exception):
    """Base of all errors that Ashiato raises on purpose.

    Args:
        what: what went wrong, in one sentence without a full stop.
        where: the place it went wrong at, if it has one.
        why: the reason, as exact as it is known.
        todo: what the reader can do about it.
    """

    def __init__(self, what: str, *, where: Place | None = None, why: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.todo = todo

    def __str__(self) -> str:
        """Return one line for people: ``where: what: why (todo)``."""
        head = f"{self.where}: {self.what}" if self.where and str(self.where) else self.what
        text = f"{head}: {self.why}" if self.why else head
        return f"{text} ({self.todo})" if self.todo else text

    def at(self, where: Place) -> Self:
        """Return the same error with a place, for callers that know more about it than the raiser did."""
        self.where = where
        return self


class InputError(AshiatoError):
    """What was handed in cannot be used as it is."""


class MessageError(InputError):
    """One message cannot be read.

    ``reason`` is the stable slug that dead letters and metrics carry; ``fields`` are the paths of the fields at fault,
    as far as the error lies in fields.
    """

    def __init__(
        self,
        reason: str,
        what: str,
        *,
        where: Place | None = None,
        why: str = "",
        todo: str = "",
        fields: tuple[str, ...] = (),
    ) -> None:
        super().__init__(what, where=where, why=why, todo=todo)
        self.reason = reason
        self.fields = fields


class SourceError(InputError):
    """A file or stream as a whole cannot be read, or is not the one that was read before."""


class PoisonedError(SourceError):
    """So much of a source cannot be read that going on would only fill the dead letters."""


class RegisterError(InputError):
    """The register does not hold together."""


class InterpretationError(InputError):
    """A setting that answers an open legal question is unknown, out of its range, or needs a sign-off."""


class RuleError(InputError):
    """A rule cannot be compiled exactly, fails its own tests, or differs from the version lock."""


class StoreError(AshiatoError):
    """The store cannot be opened, read or written."""


class StoreBusyError(StoreError):
    """Another process holds the data directory."""


class StoreAwayError(StoreError):
    """The store cannot be reached, or cannot take anything for now; what was tried may be tried again."""


class LogError(AshiatoError):
    """The log in front (Kafka, the spool) cannot be read or written."""


class LogAwayError(LogError):
    """The log cannot be reached, or cannot take anything for now; what was tried may be tried again."""


class EvidenceError(AshiatoError):
    """Evidence contradicts itself, or contradicts the source it was taken from."""


class UsageError(AshiatoError):
    """A command was called in a way that has no meaning."""


class ManyErrors(AshiatoError):  # noqa: N818  (it is a list of errors)
    """Several errors found in one pass, so that a person can mend them all at once.

    ``errors`` keeps the order of the places they were found at.
    """

    def __init__(self, what: str, errors: list[AshiatoError]) -> None:
        super().__init__(what)
        self.errors = errors

    def __str__(self) -> str:
        """Return the head line, then one line for each error."""
        return "\n".join([f"{self.what}: {len(self.errors)} error(s)", *(f"  {error}" for error in self.errors)])
