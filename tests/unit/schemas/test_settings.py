import datetime as dt

import pytest
from pydantic import TypeAdapter

from schemas.settings import iso_duration, show


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "PT0S"), (7200, "PT2H"), (93_784, "P1DT2H3M4S"), (86_400, "P1D"), (60, "PT1M"), (59, "PT59S")],
)
def test_durations_are_written_as_they_are_read(seconds: int, text: str) -> None:
    value = dt.timedelta(seconds=seconds)
    assert iso_duration(value) == text
    assert TypeAdapter(dt.timedelta).validate_json(f'"{text}"') == value


def test_values_are_shown_as_yaml_writes_them() -> None:
    assert show(True) == "true"
    assert show(("a", "b")) == "[a, b]"
    assert show(dt.timedelta(hours=2)) == "PT2H"
    assert show(365) == "365"
