"""What is generated and committed is current, and says what the contracts say."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from schemas.interpretations import catalogue
from scripts import generate_interpretations_reference, generate_schemas
from tests.support.registers import register_of

ACCESS: dict[str, Any] = {
    "specversion": "1.0", "type": "io.ashiato.access.v1", "id": "1", "source": "crm", "time": "2026-11-01T09:00:00+09:00",
    "data": {"actor": {}, "asset": {"id": "crm-db"}, "action": "read"},
}  # fmt: skip


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((generate_schemas.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def test_the_committed_schemas_are_current() -> None:
    assert generate_schemas.differences() == []


def test_the_reference_of_settings_is_current_and_names_each_of_them() -> None:
    text = generate_interpretations_reference.PAGE.read_text(encoding="utf-8")
    assert text == generate_interpretations_reference.page()
    assert all(f"| `{setting.name}` |" in text for setting in catalogue())


@pytest.mark.parametrize("name", sorted({*generate_schemas.READ, *generate_schemas.WRITTEN}))
def test_each_schema_is_one_and_documents_every_property(name: str) -> None:
    found = schema(name)
    jsonschema.Draft202012Validator.check_schema(found)
    assert found["$id"] == f"urn:ashiato:schema:{name}"
    for definition in [found, *found.get("$defs", {}).values()]:
        for key, prop in definition.get("properties", {}).items():
            assert {"description", "$ref"} & set(prop), (name, key)


def test_the_schema_of_events_takes_an_event_and_refuses_what_the_contract_refuses() -> None:
    validator = jsonschema.Draft202012Validator(schema("event"))
    validator.validate(ACCESS)
    validator.validate({**ACCESS, "unknown": "kept"})
    wrongs: list[dict[str, Any]] = [{"type": "io.ashiato.none.v1"}, {"specversion": "1.1"}, {"id": 7}, {"data": {}}]
    for wrong in wrongs:
        assert not validator.is_valid({**ACCESS, **wrong}), wrong


def test_the_schema_of_registers_takes_a_register_and_refuses_unknown_keys() -> None:
    validator = jsonschema.Draft202012Validator(schema("register"))
    validator.validate(
        register_of("countries: [{code: NO, valid_from: 2025-04-01, affecting: no}]").model_dump(mode="json")
    )
    assert not validator.is_valid({"assets": [{"id": "a", "valid_from": "2025-04-01", "name": "A", "ownr": "x"}]})
    assert not validator.is_valid({"asets": []})


def test_a_stale_missing_or_left_over_schema_fails_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate_schemas, "FOLDER", tmp_path)
    assert generate_schemas.main(["--check"]) == 1
    assert generate_schemas.main([]) == 0
    assert generate_schemas.main(["--check"]) == 0
    (tmp_path / "range.json").write_text("{}")
    (tmp_path / "old.json").write_text("{}")
    assert generate_schemas.differences() == ["old.json", "range.json"]
    assert generate_schemas.main(["--check"]) == 1
    assert generate_schemas.main([]) == 0
    assert not (tmp_path / "old.json").exists()


def test_a_stale_reference_fails_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate_interpretations_reference, "PAGE", tmp_path / "reference" / "i.md")
    assert generate_interpretations_reference.main(["--check"]) == 1
    assert generate_interpretations_reference.main([]) == 0
    assert generate_interpretations_reference.main(["--check"]) == 0
