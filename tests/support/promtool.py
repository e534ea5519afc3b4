"""promtool, which judges Prometheus' files as Prometheus itself would: where it is, and how to get it.

``python -m tests.support.promtool`` (``make setup-promtool``) takes it out of Debian's package `prometheus`. The package
is not installed: that would start a server. apt compares it with the signed list of packages all the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parents[2] / ".cache" / "promtool"
TOLD: Final = (
    "tests judge alerts with promtool; on Debian and Ubuntu: `apt-get update`, then `make setup-promtool` again;"
    " elsewhere install Prometheus, so that promtool is in PATH"
)


class SetupError(Exception):
    """promtool is not there; the text says how to get it."""


def promtool() -> str | None:
    """Return the command of promtool; None if there is none."""
    own = FOLDER / "promtool"
    return str(own) if own.exists() else shutil.which("promtool")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run promtool and return what it said.

    Raises:
        SetupError: there is none.
    """
    command = promtool()
    if command is None:
        raise SetupError("promtool is not there: run `make setup-promtool`")
    return subprocess.run([command, *map(str, arguments)], capture_output=True, text=True, check=False)


def setup() -> None:
    """Get it if it is missing.

    Raises:
        SetupError: it cannot be got from here.
    """
    if promtool():
        return
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise SetupError(TOLD)
    with tempfile.TemporaryDirectory() as folder:
        if not _download(folder):
            raise SetupError(TOLD)
        (package,) = Path(folder).glob("prometheus_*.deb")
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        draft = FOLDER / "promtool.new"
        shutil.copy(Path(folder, "usr/bin/promtool"), draft)
        draft.rename(FOLDER / "promtool")


def _download(folder: str) -> bool:
    """Return whether apt could get the package, with a fresh list of packages if need be and we may."""
    return _apt("download", "prometheus", folder=folder) or (
        os.geteuid() == 0 and _apt("update", folder=folder) and _apt("download", "prometheus", folder=folder)
    )


def _apt(*arguments: str, folder: str) -> bool:
    # Downloading into a folder of ours cannot be left to apt's own user, which may not write there.
    command = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", *arguments]
    return subprocess.run(command, cwd=folder, stdout=sys.stderr, check=False).returncode == 0


if __name__ == "__main__":
    try:
        setup()
    except SetupError as error:
        sys.exit(f"setup-promtool: {error}")
