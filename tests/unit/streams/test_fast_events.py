"""The structs say what the contract says, field by field and bound by bound."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from pydantic import TypeAdapter

from schemas.events import Event
from streams.fast_events import KINDS, AccessEvent, FastEvent

COUNTRY = {"country": True}
TIME = {"time": True}


def _plain(node: Any, definitions: dict[str, Any], name: str = "") -> Any:
    """Return a JSON Schema without references, words and notations in which the two generators differ."""
    node = definitions[node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node
    options = [_plain(one, definitions, name) for one in node.get("anyOf", ())]
    if options:
        return sorted((one for one in options if one != {"type": "null"}), key=repr)
    if node.get("format") == "date-time" or name in {"time", "until"}:
        return TIME
    if node.get("pattern") == "^[A-Z]{2}$" or len(node.get("enum", ())) == 676:
        return COUNTRY
    if "properties" in node:
        properties = {key: _plain(one, definitions, key) for key, one in node["properties"].items()}
        return {"properties": properties, "required": sorted(node.get("required", ()))}
    if "enum" in node or "const" in node:
        return {"enum": sorted(node.get("enum", [node.get("const")]))}
    kept = {
        key: node[key] for key in ("type", "minLength", "maxLength", "minimum", "maximum", "maxItems") if key in node
    }
    for key in ("items", "additionalProperties", "propertyNames"):
        if isinstance(node.get(key), dict):
            kept[key] = _plain(node[key], definitions)
    return kept


def _single(found: Any) -> Any:
    """Return ``X | None`` and ``X`` as the same: both generators list the options."""
    if isinstance(found, list):
        return _single(found[0]) if len(found) == 1 else [_single(one) for one in found]
    return {key: _single(one) for key, one in found.items()} if isinstance(found, dict) else found


def _of(definitions: dict[str, Any], kind: str) -> Any:
    found = next(one for name, one in definitions.items() if name == kind)
    return _single(_plain(found, definitions))


@pytest.mark.parametrize("kind", ["AccessEvent", "TransferEvent", "GrantEvent", "ActEvent"])
def test_structs_and_models_have_the_same_fields_types_bounds_and_requirements(kind: str) -> None:
    models = TypeAdapter(Event).json_schema()
    structs = msgspec.json.schema(FastEvent)

    assert _of(structs["$defs"], kind) == _of(models["$defs"], kind)


def test_the_comparison_sees_a_bound_that_differs() -> None:
    models = TypeAdapter(Event).json_schema()["$defs"]
    changed = {**models, "AssetRef": {**models["AssetRef"], "required": ["id"]}}

    assert _of(changed, "AccessEvent") != _of(models, "AccessEvent")


def test_kinds_are_the_types_of_the_contract() -> None:
    tags = {kind.__struct_config__.tag: name for kind, name in KINDS.items()}

    assert {re.sub(r"^io\.ashiato\.(\w+)\.v1$", r"\1", str(tag)) for tag in tags} == set(KINDS.values())
    assert KINDS[AccessEvent] == "access"
