"""Run the demo in an empty folder and put what it printed into README.md, between the two marks."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
README: Final = ROOT / "README.md"
BEGIN: Final = "<!-- demo: begin (scripts/update_readme.py refreshes this block) -->"
END: Final = "<!-- demo: end -->"


def printed() -> str:
    """Return what `ashiato demo` prints on a machine that has never seen it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "services.cli", "demo"]
        done = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip()


def replaced(page: str, text: str) -> str:
    """Return the page with ``text`` between the marks.

    Raises:
        ValueError: the page does not have both marks once each, in order.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in tail:
        message = f"{README.name} must hold the line {BEGIN} and, after it, {END}, once each"
        raise ValueError(message)
    return f"{head}{BEGIN}\n\n```text\n{text}\n```\n\n{END}{tail}"


if __name__ == "__main__":
    README.write_text(replaced(README.read_text("utf-8"), printed()), "utf-8")
