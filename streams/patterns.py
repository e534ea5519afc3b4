"""Patterns with ``*`` (any run of characters, none included) and ``?`` (exactly one): how logs name assets and people.

Matching is case-sensitive and over the whole text. Of several patterns that match one text the most specific wins:
the one with more literal characters, then more ``?``, then fewer ``*``. A pattern that matches a true subset of what
another matches is always the more specific of the two, so an exact name wins over every pattern. Two patterns *tie*
if they are equally specific and some text matches both; the register refuses ties.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, Generic, TypeVar

T = TypeVar("T")
Specificity = tuple[int, int, int]
"""Literal characters, ``?``, and minus the number of runs that ``*`` stands for. Greater is more specific."""

_WILD: Final = re.compile(r"[*?]+")


def normal_form(pattern: str) -> str:
    """Return the one way to write what ``pattern`` matches: of adjacent wildcards all ``?`` first, then one ``*``."""
    return _WILD.sub(lambda run: "?" * run[0].count("?") + "*" * ("*" in run[0]), pattern)


def is_exact(pattern: str) -> bool:
    """Return whether the pattern is a plain text without wildcards."""
    return "*" not in pattern and "?" not in pattern


def specificity(pattern: str) -> Specificity:
    """Return how specific a pattern is; greater is more specific. Add two of them up to rank pairs of patterns."""
    pattern = normal_form(pattern)
    ones, runs = pattern.count("?"), pattern.count("*")
    return len(pattern) - ones - runs, ones, -runs


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a regular expression for ``fullmatch`` whose time is bounded by length of text times length of pattern.

    The shortest way to the next literal is always good enough for ``*``, so each step is atomic and never tried again.
    """
    head, *rest = (re.escape(part).replace(r"\?", ".") for part in normal_form(pattern).split("*"))
    if not rest:
        return re.compile(head, re.DOTALL)
    *middle, tail = rest
    steps = "".join(f"(?>.*?{part})" for part in middle)
    return re.compile(f"{head}{steps}.*{tail}", re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """Return whether ``pattern`` matches the whole of ``text``."""
    return compiled(pattern).fullmatch(text) is not None


def intersect(a: str, b: str) -> bool:
    """Return whether some text matches both patterns."""
    b = normal_form(b)
    # reachable[j]: some text is matched by the part of `a` read so far and by b[:j].
    reachable = _skip_stars([True, *[False] * len(b)], b)
    for sign in normal_form(a):
        if sign == "*":
            # Whatever b still asks for, the run can provide it.
            first = reachable.index(True) if True in reachable else len(reachable)
            reachable = [j >= first for j in range(len(b) + 1)]
        else:
            step = [False] * (len(b) + 1)
            for j, wanted in enumerate(b):
                if wanted == "*":
                    step[j] = step[j] or reachable[j]
                elif reachable[j] and (sign == wanted or "?" in {sign, wanted}):
                    step[j + 1] = True
            reachable = _skip_stars(step, b)
    return reachable[-1]


def _skip_stars(reachable: list[bool], b: str) -> list[bool]:
    """Let each ``*`` of ``b`` stand for nothing."""
    for j, sign in enumerate(b):
        if sign == "*" and reachable[j]:
            reachable[j + 1] = True
    return reachable


def ties(a: str, b: str) -> bool:
    """Return whether the two patterns are equally specific and some text matches both."""
    return specificity(a) == specificity(b) and intersect(a, b)


def tied(patterns: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield the index pairs (lower first) of patterns that tie; far from all pairs are compared."""
    groups: dict[Specificity, list[tuple[str, int, str]]] = defaultdict(list)
    for index, pattern in enumerate(patterns):
        groups[specificity(pattern)].append((_prefix(pattern), index, pattern))
    for group in groups.values():
        group.sort()
        for at, (prefix, index, pattern) in enumerate(group):
            # In sorted order, whatever can agree with this prefix follows it directly.
            for other_prefix, other_index, other in group[at + 1 :]:
                if not other_prefix.startswith(prefix):
                    break
                if intersect(pattern, other):
                    yield min(index, other_index), max(index, other_index)


def _prefix(pattern: str) -> str:
    """Return the literal text that every match begins with."""
    found = _WILD.search(pattern)
    return pattern[: found.start()] if found else pattern


class PatternIndex(Generic[T]):
    """Finds, among many patterns, those that match a text, the most specific first.

    Plain names are looked up in one step; of the patterns only those are tried whose literal beginning the text has.

    Args:
        entries: pairs of pattern and what it stands for. Equal patterns are kept in the order given, so that one
            index can hold the history of a register: the caller picks the first that is valid.
    """

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._exact: dict[str, list[T]] = defaultdict(list)
        self._wild: dict[str, list[tuple[Specificity, re.Pattern[str], T]]] = defaultdict(list)
        for pattern, value in entries:
            if is_exact(pattern):
                self._exact[pattern].append(value)
            else:
                self._wild[_prefix(pattern)].append((specificity(pattern), compiled(pattern), value))
        self._lengths = sorted({len(prefix) for prefix in self._wild})

    def ranked(self, text: str) -> list[tuple[Specificity, T]]:
        """Return specificity and value of each matching pattern, the most specific first."""
        found = [((len(text), 0, 0), value) for value in self._exact.get(text, ())]
        wild = [
            (rank, value)
            for length in self._lengths
            if length <= len(text)
            for rank, pattern, value in self._wild.get(text[:length], ())
            if pattern.fullmatch(text)
        ]
        wild.sort(key=lambda pair: pair[0], reverse=True)
        return found + wild

    def find_all(self, text: str) -> list[T]:
        """Return what the matching patterns stand for, the most specific first."""
        return [value for _, value in self.ranked(text)]

    def find(self, text: str) -> T | None:
        """Return what the most specific matching pattern stands for, or None."""
        found = self.ranked(text)
        return found[0][1] if found else None


class IdentityIndex(Generic[T]):
    """Finds identities by issuer, subject and, where an entry asks for one, role; the most specific first.

    Issuer and subject are ranked together (their specificities added up); among equals an entry that asks for the
    role wins over one that does not.

    Args:
        entries: issuer pattern, subject pattern, role pattern or None, and what they stand for.
    """

    def __init__(self, entries: Iterable[tuple[str, str, str | None, T]]) -> None:
        by_issuer: dict[str, list[tuple[str, tuple[str | None, T]]]] = defaultdict(list)
        for issuer, subject, role, value in entries:
            by_issuer[issuer].append((subject, (role, value)))
        self._issuers = PatternIndex((issuer, PatternIndex(subjects)) for issuer, subjects in by_issuer.items())

    def find_all(self, issuer: str, subject: str, role: str | None = None) -> list[T]:
        """Return what the matching entries stand for, the most specific first."""
        found = [
            (identity_specificity(issuer_rank, subject_rank, wanted), value)
            for issuer_rank, subjects in self._issuers.ranked(issuer)
            for subject_rank, (wanted, value) in subjects.ranked(subject)
            if wanted is None or (role is not None and matches(wanted, role))
        ]
        found.sort(key=lambda pair: pair[0], reverse=True)
        return [value for _, value in found]

    def find(self, issuer: str, subject: str, role: str | None = None) -> T | None:
        """Return what the most specific matching entry stands for, or None."""
        found = self.find_all(issuer, subject, role)
        return found[0] if found else None


def identity_specificity(issuer: Specificity, subject: Specificity, role: str | None) -> tuple[int, ...]:
    """Return how specific an entry is that names issuer, subject and perhaps a role; greater is more specific."""
    both = (a + b for a, b in zip(issuer, subject, strict=True))
    return (*both, 0 if role is None else 1, *(specificity(role) if role is not None else (0, 0, 0)))
