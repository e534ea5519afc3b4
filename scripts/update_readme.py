"""Run the demo in an empty folder and put what it printed into README.md, between the two marks."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import Final

from scripts.generated import ROOT, replaced

README: Final = ROOT / "README.md"
BEGIN: Final = "<!-- demo: begin (scripts/update_readme.py refreshes this block) -->"
END: Final = "<!-- demo: end -->"


def printed() -> str:
    """Return what `ashiato demo` prints on a machine that has never seen it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "services.cli", "demo"]
        done = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip()


def block() -> str:
    """Return what stands between the marks."""
    return f"```text\n{printed()}\n```"


if __name__ == "__main__":
    page = README.read_text("utf-8")
    README.write_text(replaced(page, block(), begin=BEGIN, end=END, name=README.name), "utf-8")
