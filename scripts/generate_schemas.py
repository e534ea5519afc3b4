"""Write schemas/jsonschema/*.json from the contracts; ``--check`` fails when one is stale, missing or left over."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from schemas import events, findings, interpretations, records, register
from scripts.generated import ROOT, stale, write_or_check

FOLDER: Final = ROOT / "schemas" / "jsonschema"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

READ: Final[dict[str, tuple[Any, str]]] = {
    "event": (events.Event, "Any event, told apart by its type."),
    events.ACCESS: (events.AccessEvent, ""),
    events.TRANSFER: (events.TransferEvent, ""),
    events.GRANT: (events.GrantEvent, ""),
    events.ACT: (events.ActEvent, ""),
    "register": (register.Register, ""),
    "interpretations": (interpretations.Interpretations, ""),
}
"""What others write and Ashiato reads: name of the schema → contract, and a description where the contract has none."""

WRITTEN: Final[dict[str, tuple[Any, str]]] = {
    "finding": (findings.Finding, ""),
    "flag": (findings.Flag, ""),
    "dead-letter": (records.DeadLetter, ""),
    "range": (records.Range, ""),
    "register-version": (register.RegisterVersion, ""),
}
"""What Ashiato writes and others read."""


def schemas() -> dict[str, str]:
    """Return file name → text of every schema."""
    texts = {}
    for contracts, mode in ((READ, "validation"), (WRITTEN, "serialization")):
        for name, (contract, description) in contracts.items():
            body = TypeAdapter(contract).json_schema(mode=mode)  # type: ignore[arg-type]
            head = {"$schema": DIALECT, "$id": f"urn:ashiato:schema:{name}"}
            more = {"description": description} if description else {}
            texts[f"{name}.json"] = json.dumps(head | body | more, ensure_ascii=False, indent=2) + "\n"
    return texts


def differences() -> list[str]:
    """Return the names of files that are not what the contracts say."""
    return [path.name for path in stale(_files(), _there())]


def main(arguments: list[str]) -> int:
    """Write the schemas, or compare them with ``--check``; return the exit code."""
    return write_or_check(_files(), arguments, script="scripts.generate_schemas", there=_there())


def _files() -> dict[Path, str]:
    return {FOLDER / name: text for name, text in schemas().items()}


def _there() -> list[Path]:
    return list(FOLDER.glob("*.json"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
