"""What the faults came to: how often each was done and what was counted, for docs/guarantees.md."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests.faults.oracle import Counts

TIMES: Final = int(os.environ.get("FAULTS", "20"))
"""How often processes are killed at random instants; faults of one kind are repeated in proportion."""
REPORT: Final = os.environ.get("FAULTS_REPORT", "")
"""File that results are added to, a JSON object a line; empty: none is kept."""


def share(of: int) -> int:
    """Return how often a fault is done that is done once in 20 kills, times ``of``."""
    return max(1, TIMES * of // 20)


def keep(fault: str, times: int, counts: Counts) -> None:
    """Keep the result of one fault."""
    keep_numbers(fault, times, **asdict(counts))


def keep_numbers(fault: str, times: int, **numbers: int) -> None:
    """Keep the result of one fault; numbers that were not counted are left out."""
    if REPORT:
        with Path(REPORT).open("a") as file:
            file.write(json.dumps({"fault": fault, "times": times, **numbers}) + "\n")
