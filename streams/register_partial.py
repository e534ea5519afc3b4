"""What can be read of an entry that its contract refuses, so that one pass over a register tells everything.

A contract stops at what cannot be read, and checks between entries need entries. So keys that are refused are left
out, and keys that no error between entries rests on are filled in; what comes of it is checked like all others, and
serves nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.register import Entry

STAND_INS: Final[dict[str, Any]] = {
    "name": "-", "approver": "-", "kind": "other", "sui_terms": False, "scope": {}, "affecting": "unknown",
}  # fmt: skip
"""Required keys that no error between entries rests on, and something that their contracts allow."""

_DECIDING: Final = ("valid_to", "role")
"""Without these an entry holds for more than it says, and would tie with others where it does not."""


@dataclass(frozen=True, slots=True)
class Partial:
    """An entry in part.

    Attributes:
        entry: what could be read, filled in; None if too little could.
        later: what its contract says of the whole once its parts can be read.
        unread: the plain data that is not in ``entry``.
    """

    entry: Entry | None
    later: list[ErrorDetails]
    unread: Any


def read_partly(problem: ValidationError, item: Any, model: type[Entry]) -> Partial:
    """Return what can be read of an entry.

    Args:
        problem: what its contract said of it.
        item: its plain data, of any form.
        model: its contract.
    """
    refused = {str(details["loc"][0]) for details in problem.errors(include_url=False) if details["loc"]}
    if not isinstance(item, dict) or not refused or any(get_close_matches(key, _DECIDING) for key in refused):
        return Partial(None, [], item)
    kept = {key: value for key, value in item.items() if key not in refused}
    kept |= {key: STAND_INS[key] for key in refused & STAND_INS.keys() & model.model_fields.keys()}
    try:
        entry = model.model_validate_json(json.dumps(kept))
    except ValidationError as second:
        return Partial(None, list(_of_the_whole(second, refused)), item)
    return Partial(entry, [], {key: value for key, value in item.items() if key in refused})


def _of_the_whole(problem: ValidationError, refused: set[str]) -> Iterator[ErrorDetails]:
    """Yield what a contract says of an entry as a whole, but not what only says so because a key was left out."""
    for details in problem.errors(include_url=False):
        if details["type"] == "value_error" and refused.isdisjoint(re.findall(r"\w+", str(details["ctx"]["error"]))):
            yield details
