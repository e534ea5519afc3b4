"""Plain data survives the way through YAML; no text, however odd, raises anything but our own error."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import AshiatoError, RegisterError
from services.yaml_files import Loc, Node, parse_yaml

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | texts
data = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
YAML_SIGNS = "{}[]:,-?&*!|>'\"#%@~ \n\tab1NOno\ufeff\u0000é"


def written(value: Any) -> str:
    """Return plain data as YAML that is spread over lines."""
    if isinstance(value, dict):
        return "{\n" + "".join(f" {written(key)}: {written(inner)},\n" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + "".join(f"{written(inner)},\n" for inner in value) + "]"
    if isinstance(value, str):
        return '"' + "".join(sign if sign.isalnum() else f"\\U{ord(sign):08x}" for sign in value) + '"'
    return "null" if value is None else str(value).lower()


@given(data)
def test_what_is_written_is_read(value: Any) -> None:
    assert parse_yaml(written(value).encode(), "f", RegisterError).data == value


@given(data)
def test_every_value_has_a_place_within_the_text(value: Any) -> None:
    text = written(value)
    lines = text.splitlines()
    file = parse_yaml(text.encode(), "f", RegisterError)
    for loc in _locs(file.root, ()):
        place = file.place_of(loc)
        assert place.line is not None
        assert place.column is not None
        assert 1 <= place.column <= len(lines[place.line - 1])


def _locs(node: Node, loc: Loc) -> list[Loc]:
    fields, items = node.fields or {}, node.items or []
    inner = [found for key, one in fields.items() for found in _locs(one, (*loc, key))]
    return [loc, *inner, *(found for at, one in enumerate(items) for found in _locs(one, (*loc, at)))]


@given(st.binary(max_size=40) | st.text(YAML_SIGNS, max_size=60).map(str.encode))
def test_whatever_stands_in_a_file_is_data_or_an_error_with_a_place(raw: bytes) -> None:
    told: list[AshiatoError] = []
    try:
        parse_yaml(raw, "f", RegisterError)
    except AshiatoError as error:
        told = getattr(error, "errors", [error])
    assert all(one.where is not None and one.where.path == "f" for one in told)
