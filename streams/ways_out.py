"""What would have made a rule pass: the facts that would have had to differ, in words that a person can act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from schemas.facts import COLUMNS
from streams.selections import Selected, Tested, Why

MAX_WAYS: Final = 8
"""More ways than this hide the ones that matter."""

_NEAREST: Final = {"policy": 0, "register": 1, "computed": 1, "interpretation": 2, "event": 3}
"""How near at hand a change lies: a line in the policy before a fact in the register before the event itself."""
_FIXED: Final = "event.kind"
"""An access is no transfer: nobody can act on a way out that asks for another kind of event."""


@dataclass(frozen=True, slots=True)
class Need:
    """One column that would have had to be otherwise; ``must`` is read after its name: ``is not true``."""

    column: str
    must: str


Way = tuple[Need, ...]
"""What would have had to differ together."""


def ways_out(reasons: Why, kind: str | None = None) -> tuple[Way, ...]:
    """Return the ways in which the rule would not have matched; those nearest at hand first, shortest first.

    Args:
        reasons: how the rule came to match.
        kind: the event's kind; ways that ask for a field of another kind of event are left out.

    Each way is enough by itself. A way says what this one rule asks for: a value that becomes unknown instead of
    other would undo the match as well, and another rule would then say that it is unknown.
    """
    selections = {selection.name: selection for selection in reasons.selections}
    found: dict[Way, None] = {}
    for turned in reasons.turning:
        choices = [_turn(selection) for name, selection in selections.items() if name in turned]
        found.update(dict.fromkeys(_merge(choice) for choice in product(*choices)))
    possible = [way for way in found if not any(_out_of_reach(need.column, kind) for need in way)]
    return tuple(sorted(possible, key=_distance)[:MAX_WAYS])


def _turn(selection: Selected) -> list[Way]:
    """Return the ways in which one selection would have answered otherwise."""
    groups: dict[int, list[Tested]] = {}
    for tested in selection.tests:
        groups.setdefault(tested.group, []).append(tested)
    if not selection.met:
        return [tuple(Need(test.column, test.asks) for test in tests if not test.met) for tests in groups.values()]
    met = [tests for tests in groups.values() if all(test.met for test in tests)]
    return [tuple(Need(test.column, test.opposite) for test in broken) for broken in product(*met)]


def _merge(ways: Sequence[Way]) -> Way:
    """Return several ways as one that holds all of their needs once."""
    return tuple(dict.fromkeys(need for way in ways for need in way))


def _out_of_reach(column: str, kind: str | None) -> bool:
    """Tell whether no event of this kind can have another value in the column."""
    return column == _FIXED or (column.startswith("grant.") and kind not in {None, "grant"})


def _distance(way: Way) -> tuple[int, int]:
    return max((_NEAREST[COLUMNS[need.column].origin] for need in way), default=0), len(way)
