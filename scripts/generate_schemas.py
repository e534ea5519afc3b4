"""Write schemas/jsonschema/*.json from the contracts; ``--check`` fails when one is stale, missing or left over."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import click
from pydantic import TypeAdapter

from schemas import events, findings, interpretations, records, register

FOLDER: Final = Path(__file__).resolve().parent.parent / "schemas" / "jsonschema"
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
    wanted = schemas()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    return sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))


def main(arguments: list[str]) -> int:
    """Write the schemas, or compare them with ``--check``; return the exit code."""
    changed = differences()
    if "--check" in arguments:
        for name in changed:
            click.echo(f"schemas/jsonschema/{name} is not current; run: python -m scripts.generate_schemas", err=True)
        return 1 if changed else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = schemas()
    for name in changed:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
