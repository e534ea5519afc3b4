"""What is deployed, brought into a form that a test can start: files of deploy/ under other paths and ports."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
CLICKHOUSE: Final = ROOT / "deploy" / "clickhouse"
_OF_THE_SERVER: Final = ("path", "tmp_path", "user_files_path", "logger", "query_log")
"""Parts of the server's configuration that an engine inside a process has no use for."""


def compose() -> dict[str, Any]:
    """Return compose.yaml with its anchors and merges resolved."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return read


def clickhouse_as(account: str, secrets: Path, folder: Path) -> Path:
    """Return the server's configuration under which the embedded engine is one account of deploy/clickhouse.

    The engine inside a process is always the user ``default`` without a password; so the account gets that name and an
    empty password, and nothing else changes.

    Args:
        account: its name in users.xml.
        secrets: what deploy/make_secrets.py made.
        folder: for the configuration.
    """
    users = ET.parse(CLICKHOUSE / "users.xml")  # noqa: S314  (our own file)
    users.getroot().find("include_from").text = str(secrets / "clickhouse_accounts")  # type: ignore[union-attr]
    accounts = users.getroot().find("users")
    assert accounts is not None
    this = accounts.find(account)
    assert this is not None
    this.tag = "default"
    password = this.find("password_sha256_hex")
    assert password is not None
    del password.attrib["incl"]
    password.text = hashlib.sha256(b"").hexdigest()
    users.write(folder / f"{account}-users.xml", encoding="utf-8")
    config = ET.parse(CLICKHOUSE / "config.xml")  # noqa: S314
    root = config.getroot()
    for name in _OF_THE_SERVER:
        root.remove(root.find(name))  # type: ignore[arg-type]
    root.find("user_directories/users_xml/path").text = str(folder / f"{account}-users.xml")  # type: ignore[union-attr]
    path = folder / f"{account}-config.xml"
    config.write(path, encoding="utf-8")
    return path


def made_secrets(folder: Path) -> Path:
    """Make all secrets in a folder by the script that a person would run; return the folder."""
    command = [sys.executable, str(ROOT / "deploy" / "make_secrets.py"), "--folder", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder
