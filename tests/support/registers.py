"""Small registers for tests, written as people write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from schemas.errors import RegisterError
from schemas.register import Register
from services.register_files import survey_register
from services.yaml_files import parse_yaml


def register_of(text: str) -> Register:
    """Return the register in a YAML text, without the checks between entries."""
    data: Any = parse_yaml(text.encode(), "register.yaml", RegisterError).data
    return Register.model_validate_json(json.dumps(data or {}))


def told(path: Path, text: str) -> tuple[list[str], list[str]]:
    """Return the errors and the warnings that a register text gets, each beginning with ``line:column: ``."""
    file = path / "register.yaml"
    file.write_text(text, encoding="utf-8")
    found = survey_register([file])
    head = len(f"{file}:")
    return [str(error)[head:] for error in found.errors], [str(warning)[head:] for warning in found.warnings]
