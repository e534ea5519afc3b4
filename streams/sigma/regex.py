r"""Regular expressions that Sigma's authors write and Rust's engine runs, read alike by both or refused.

Sigma points at PCRE, pySigma checks patterns with Python's ``re``, Polars runs Rust's ``regex``. Accepted is what all
of them read as the same language. Refused, with the column in the pattern, is

* what Rust cannot run in linear time: lookaround, backreferences, atomic groups, possessive quantifiers, conditions;
* what the dialects read differently: ``\Z``, ``\z``, ``\v``, ``\<``, ``\b{``, octal escapes, ``(?x)``, brackets and
  doubled set operators inside a class, braces that are no quantifier, a quantifier after a quantifier;
* what is too large: see the limits below; Rust's own bound of 10 MiB for a compiled program holds besides.

Decided, where accepted patterns still leave a choice:

* a pattern finds a match anywhere in the value; with ``startswith`` or ``endswith`` it must begin or end there;
* ``$`` without ``m`` is the very end of the value, never before a line feed that ends it;
* ``\d \w \s \b`` and their opposites follow Unicode (UTS #18), not ASCII;
* ``i`` is Unicode's simple case folding: ``ſ`` matches ``s`` and ``K`` (Kelvin) matches ``k``; ``İ`` and ``ı`` do not
  match ``i``. (Plain values compare otherwise: `streams.sigma.folding`.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import polars as pl

MAX_PATTERN: Final = 1000
"""Characters of a pattern."""

MAX_DEPTH: Final = 20
"""Groups inside groups."""

MAX_WEIGHT: Final = 5000
"""Atoms of a pattern after counted repetitions are written out; a class weighs as much as CLASS_WEIGHT letters."""

CLASS_WEIGHT: Final = 20

_PLAIN_ESCAPES: Final = frozenset("tnrfa")
_CLASS_ESCAPES: Final = frozenset("dDwWsS")
_ANCHORS: Final = frozenset("bBA")
_HEX: Final = re.compile(r"x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}")
_GROUP: Final = re.compile(r"\(\?(?::|P<[A-Za-z_][A-Za-z0-9_]*>|[ims]*(?:-[ims]+)?:)")
_GLOBAL_FLAGS: Final = re.compile(r"\(\?[ims]+\)")
_COUNT: Final = re.compile(r"\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\}")
_SET_OPERATORS: Final = ("&&", "--", "~~", "||")


class PatternError(ValueError):
    """A pattern is refused. ``offset`` is the zero-based character that is to blame, if it is a single one."""

    def __init__(self, reason: str, offset: int | None = None) -> None:
        super().__init__(reason)
        self.offset = offset

    def __str__(self) -> str:
        """Return the reason, and which character of the pattern it is about."""
        reason = super().__str__()
        return reason if self.offset is None else f"{reason}, at character {self.offset + 1} of the pattern"


@dataclass(slots=True)
class _Level:
    """Weights of one open group: ``total`` of what is closed, ``last`` of the atom a quantifier would repeat."""

    total: int = 0
    last: int = 0
    quantifiable: bool = False

    def add(self, weight: int, *, quantifiable: bool = True) -> None:
        self.total += self.last
        self.last = weight
        self.quantifiable = quantifiable


@dataclass(slots=True)
class _Scanner:
    """One pass over a pattern, left to right."""

    pattern: str
    levels: list[_Level] = field(default_factory=lambda: [_Level()])
    at: int = 0

    def run(self) -> None:
        if match := _GLOBAL_FLAGS.match(self.pattern):
            self.at = match.end()
        while self.at < len(self.pattern):
            self._step()
            if self._weight() > MAX_WEIGHT:
                raise PatternError(f"repetitions write out to more than {MAX_WEIGHT} characters", self.at - 1)

    def _weight(self) -> int:
        return sum(level.total + level.last for level in self.levels)

    def _step(self) -> None:
        character = self.pattern[self.at]
        if character == "\\":
            self._escape(in_class=False)
        elif character == "[":
            self._class()
        elif character == "(":
            self._open()
        elif character == ")":
            self._close()
        elif character in "*+?{":
            self._quantifier()
        else:
            self._plain(character)

    def _plain(self, character: str) -> None:
        level = self.levels[-1]
        if character in "^$|":
            level.add(0, quantifiable=False)
        else:
            level.add(CLASS_WEIGHT if character == "." else 1)
        self.at += 1

    def _escape(self, *, in_class: bool) -> None:
        """Read a backslash and what it escapes."""
        following = self.pattern[self.at + 1 : self.at + 2]
        if match := _HEX.match(self.pattern, self.at + 1):
            self._took(match.end(), weight=1, in_class=in_class)
        elif following in _PLAIN_ESCAPES:
            self._took(self.at + 2, weight=1, in_class=in_class)
        elif following in _CLASS_ESCAPES:
            self._took(self.at + 2, weight=CLASS_WEIGHT, in_class=in_class)
        elif following in _ANCHORS and not in_class and self.pattern[self.at + 2 : self.at + 3] != "{":
            self._took(self.at + 2, weight=0, in_class=in_class, quantifiable=False)
        elif following.isascii() and following and not following.isalnum() and following not in "<>":
            self._took(self.at + 2, weight=1, in_class=in_class)
        else:
            raise PatternError(_why_no_escape(following), self.at)

    def _took(self, end: int, *, weight: int, in_class: bool, quantifiable: bool = True) -> None:
        if not in_class:
            self.levels[-1].add(weight, quantifiable=quantifiable)
        self.at = end

    def _class(self) -> None:
        """Read ``[...]``."""
        start = self.at
        self.at += 2 if self.pattern.startswith("[^", start) else 1
        first = self.at
        while self.at < len(self.pattern):
            character = self.pattern[self.at]
            if character == "]" and self.at > first:
                self.levels[-1].add(CLASS_WEIGHT)
                self.at += 1
                return
            self._class_member(character)
        raise PatternError("a class is not closed with ]", start)

    def _class_member(self, character: str) -> None:
        if character == "\\":
            self._escape(in_class=True)
        elif character == "[":
            raise PatternError(r"a [ inside a class means different things to different engines; write \[", self.at)
        elif self.pattern.startswith(_SET_OPERATORS, self.at):
            raise PatternError("a doubled set operator inside a class; escape the characters", self.at)
        else:
            self.at += 1

    def _open(self) -> None:
        if len(self.levels) > MAX_DEPTH:
            raise PatternError(f"more than {MAX_DEPTH} groups inside each other", self.at)
        if not self.pattern.startswith("(?", self.at):
            end = self.at + 1
        elif match := _GROUP.match(self.pattern, self.at):
            end = match.end()
        else:
            raise PatternError(_why_no_group(self.pattern[self.at :]), self.at)
        self.levels.append(_Level())
        self.at = end

    def _close(self) -> None:
        if len(self.levels) == 1:
            raise PatternError("a ) without its (", self.at)
        closed = self.levels.pop()
        self.levels[-1].add(closed.total + closed.last + 1)
        self.at += 1

    def _quantifier(self) -> None:
        """Read ``*``, ``+``, ``?`` or a count, and the ``?`` that makes it lazy."""
        level = self.levels[-1]
        if not level.quantifiable:
            raise PatternError("a quantifier after nothing, an anchor or another quantifier", self.at)
        times = 1
        if self.pattern[self.at] == "{":
            match = _COUNT.match(self.pattern, self.at)
            if match is None:
                raise PatternError(r"a { that is no count such as {2} or {2,5}; write \{", self.at)
            times = max(int(match[1]), int(match[3] or 0), 1)
            self.at = match.end()
        else:
            self.at += 1
        if self.pattern.startswith("?", self.at):
            self.at += 1
        level.last *= times
        level.quantifiable = False


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that is not read alike everywhere or is too large.

    Args:
        pattern: the regular expression as the rule has it, without flags.

    Raises:
        PatternError: with the reason and the offset in the pattern.
    """
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"{len(pattern)} characters; at most {MAX_PATTERN} are allowed")
    scanner = _Scanner(pattern)
    scanner.run()
    if len(scanner.levels) > 1:
        raise PatternError("a group is not closed with )", len(pattern))


def check_compiles(pattern: str) -> None:
    """Refuse a pattern that the engine itself refuses, for its form or for the size of the compiled program.

    Raises:
        PatternError: with the engine's reason; it names no place.
    """
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError as error:
        # The text ends with the Polars expression, which says nothing to the author of a rule.
        reason = str(error).split("\n\nThis error occurred")[0].strip().splitlines()[-1]
        raise PatternError(reason.removeprefix("error: ").removeprefix("regex error: ")) from error


def _why_no_escape(following: str) -> str:
    if not following:
        return "the pattern ends in a backslash"
    if following.isdigit():
        return "a backreference or octal escape cannot be matched in linear time; spell the text out"
    if following in "zZ":
        return f"engines disagree about \\{following}; $ is the very end of the value here"
    return f"\\{following} does not mean the same to all engines; use a plain character, \\xHH or a class"


def _why_no_group(rest: str) -> str:
    if rest.startswith(("(?=", "(?!", "(?<=", "(?<!")):
        return "lookaround cannot be matched in linear time; use a second field test or `not` in the condition"
    if rest.startswith("(?#"):
        return "comments inside a pattern are not read by all engines; use a YAML comment"
    return "only (...), (?:...), (?P<name>...), (?flags:...) and leading (?flags) of i, m, s are read by all engines"
