"""docs/how-to/first-hour.md: what a newcomer copies from it works."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import TypeAdapter

from schemas.events import Event
from services.register_files import survey_register

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "first-hour.md").read_text("utf-8")


def test_the_registers_files_hold_together(tmp_path: Path) -> None:
    files = re.findall(r"```yaml\n# register/(\w+\.yaml)[^\n]*\n(.*?)```", PAGE, re.DOTALL)
    for name, text in files:
        (tmp_path / name).write_text(text, "utf-8")
    found = survey_register([tmp_path])
    assert len(files) == 3
    assert (found.errors, found.warnings) == ([], [])


def test_the_event_keeps_the_contract() -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    contract: TypeAdapter[object] = TypeAdapter(Event)
    assert [contract.validate_json(block) for block in blocks]


def test_links_of_the_page_and_of_the_readme_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "docs" / "how-to" / "first-hour.md"):
        targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
        assert [target for target in targets if not (page.parent / target).exists()] == []
