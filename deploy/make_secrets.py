"""Make the secrets that compose.yaml mounts: random ones, each in a file of its own. What is there stays as it is.

``python deploy/make_secrets.py`` needs nothing but Python. The folder is its owner's alone (0700). The files within may
be read by all, because Docker mounts them as they are and the containers run under other users.

``salt_key`` is the one that must never be lost or changed by accident: see docs/operations.md.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent / "secrets"
ACCOUNTS: Final = ("migrator", "recorder", "analyst", "reader")
PRODUCERS: Final = """# Who may send to the gateway; the gateway's own reference says what a producer may have.
producers:
  - name: first
    source_prefix: //first
    tokens: ["{sha256}"]
"""


def make(folder: Path) -> list[str]:
    """Make what is missing; return the names of the files that are new.

    Args:
        folder: made if it is not there.

    Raises:
        OSError: something cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    passwords = [f"clickhouse_{account}_password" for account in ACCOUNTS]
    plan: dict[str, Callable[[], str]] = {
        **dict.fromkeys([*passwords, "grafana_admin_password", "producer_token"], lambda: secrets.token_urlsafe(32)),
        "salt_key": lambda: secrets.token_hex(32),
        # These two follow from those above.
        "clickhouse_accounts": lambda: _accounts(folder),
        "producers.yaml": lambda: PRODUCERS.format(sha256=_sha256(folder / "producer_token")),
    }
    return [name for name, content in plan.items() if _write(folder / name, content)]


def _accounts(folder: Path) -> str:
    """Return the file that deploy/clickhouse/users.xml takes the hashes of the passwords from."""
    lines = [f"    <{name}>{_sha256(folder / f'clickhouse_{name}_password')}</{name}>" for name in ACCOUNTS]
    return "\n".join(["<clickhouse>", *lines, "</clickhouse>"])


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_text(encoding="ascii").strip().encode()).hexdigest()


def _write(path: Path, content: Callable[[], str]) -> bool:
    """Write a file unless it is there; a half-written one is never seen under its name."""
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(content() + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(0o444)  # whatever the umask says
    draft.rename(path)
    return True


def main() -> None:
    """Make the secrets and say which are new."""
    parser = argparse.ArgumentParser(description="Make the secrets that compose.yaml mounts; what is there stays.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="Where they go; deploy/secrets if not given.")
    folder: Path = parser.parse_args().folder
    new = make(folder)
    sys.stdout.write("".join(f"made {folder / name}\n" for name in new) or "nothing is missing\n")


if __name__ == "__main__":
    main()
