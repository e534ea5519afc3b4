"""Put what `make faults` counted into docs/guarantees.md: ``python -m scripts.write_guarantees RESULTS``."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from scripts.generated import ROOT, replaced

PAGE: Final = ROOT / "docs" / "guarantees.md"
BEGIN: Final = "<!-- faults: begin (make faults refreshes this block) -->"
END: Final = "<!-- faults: end -->"
COLUMNS: Final = ("times", "messages", "events", "dead_letters", "findings", "overlaps", "orphans")


def table(results: Iterable[dict[str, Any]], *, day: dt.date, machine: str) -> str:
    """Return the results as a Markdown table.

    Args:
        results: per fault its name and what was counted; those of one name are added up.
        day: when they were counted.
        machine: where.
    """
    lines = [
        f"Counted on {day.isoformat()} on {machine}.\n",
        "| fault | times | messages | events | dead letters | findings | ranges said again | unseen rows |",
        f"| --- |{' ---: |' * len(COLUMNS)}",
    ]
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in results:
        sums[one["fault"]].update({name: one[name] for name in COLUMNS if name in one})
    rows = (
        f"| {fault} | {' | '.join(f'{of[name]:,}' if name in of else '' for name in COLUMNS)} |"
        for fault, of in sorted(sums.items())
    )
    return "\n".join([*lines, *rows])


def refreshed(page: str, text: str) -> str:
    """Return the page with ``text`` between the marks.

    Raises:
        ValueError: the page does not have both marks once each, in order.
    """
    return replaced(page, text, begin=BEGIN, end=END, name=PAGE.name)


def main(results: str) -> None:
    """Read results, a JSON object a line, and write the page."""
    found = [json.loads(line) for line in Path(results).read_text("utf-8").splitlines()]
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    text = table(found, day=dt.datetime.now(dt.UTC).date(), machine=machine)
    PAGE.write_text(refreshed(PAGE.read_text("utf-8"), text), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
