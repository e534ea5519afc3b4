import datetime as dt
import json

import pytest

from schemas.base import tokyo_midnight
from schemas.interpretations import Interpretations
from schemas.register import Network, Register
from streams.register_versions import (
    DEFAULT_INTERPRETATIONS,
    EMPTY_REGISTER,
    canonical_json,
    content_sha256,
    entries,
    interpretations_from_json,
    ordered,
    overlap,
    reference,
    register_from_json,
    valid_at,
    version_of,
)
from tests.support.registers import register_of

TEXT = """
countries: [{code: NO, valid_from: 2025-04-01, affecting: no}]
regions: [{provider: aws, name: ap-northeast-1, country: JP, valid_from: 2025-04-01}]
parties: [{id: 甲, name: x, kind: own, valid_from: 2025-04-01}]
"""


def network(first: str, end: str | None = None) -> Network:
    return Network.model_validate_json(
        json.dumps({"id": "n", "cidr": "192.0.2.0/24", "valid_from": first, "valid_to": end})
    )


def test_the_empty_register_has_a_version_too() -> None:
    assert content_sha256(EMPTY_REGISTER) == content_sha256(Register())
    assert register_from_json(canonical_json(EMPTY_REGISTER)) == EMPTY_REGISTER


def test_canonical_json_is_compact_sorted_and_keeps_japanese() -> None:
    register = register_of(TEXT.replace("甲", "us").replace("name: x", "name: 甲社"))
    text = canonical_json(register)
    assert "甲社" in text
    assert ": " not in text
    assert register_from_json(text) == register


def test_every_change_of_content_changes_the_version() -> None:
    assert content_sha256(DEFAULT_INTERPRETATIONS) != content_sha256(
        Interpretations().replace("temporary.exempt", True)
    )
    assert interpretations_from_json(canonical_json(DEFAULT_INTERPRETATIONS)) == DEFAULT_INTERPRETATIONS


def test_the_order_of_files_does_not_change_the_version() -> None:
    one = register_of(
        "countries:\n- {code: SG, valid_from: 2025-04-01, affecting: no}\n- {code: NO, valid_from: 2025-04-01, affecting: no}"
    )
    other = register_of(
        "countries:\n- {code: NO, valid_from: 2025-04-01, affecting: no}\n- {code: SG, valid_from: 2025-04-01, affecting: no}"
    )
    assert content_sha256(one) != content_sha256(other)
    assert content_sha256(ordered(one)) == content_sha256(ordered(other))


def test_a_version_tells_its_entries_and_when_it_was_loaded() -> None:
    register = register_of(TEXT.replace("甲", "us"))
    now = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    version = version_of(register, now)
    assert (version.entries, version.recorded_at, version.sha256) == (3, now, content_sha256(register))


def test_entries_are_cited_by_part_key_and_first_day() -> None:
    register = register_of(TEXT.replace("甲", "us"))
    assert [reference(located.part, located.entry) for located in entries(register)] == [
        "parties/us@2025-04-01",
        "countries/NO@2025-04-01",
        "regions/aws/ap-northeast-1@2025-04-01",
    ]


def test_an_entry_holds_from_midnight_in_japan_until_the_midnight_of_its_end() -> None:
    entry = network("2026-04-01", "2026-05-01")
    second = dt.timedelta(seconds=1)
    begin, end = tokyo_midnight(dt.date(2026, 4, 1)), tokyo_midnight(dt.date(2026, 5, 1))
    assert begin == dt.datetime(2026, 3, 31, 15, tzinfo=dt.UTC)
    assert [valid_at(entry, at) for at in (begin - second, begin, end - second, end)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("a", "b", "together"),
    [
        (("2026-01-01", "2026-02-01"), ("2026-02-01", None), False),
        (("2026-01-01", "2026-02-02"), ("2026-02-01", None), True),
        (("2026-01-01", None), ("2030-01-01", None), True),
        (("2026-01-01", "2026-12-31"), ("2026-03-01", "2026-04-01"), True),
    ],
)
def test_entries_overlap_if_some_day_has_both(
    a: tuple[str, str | None], b: tuple[str, str | None], *, together: bool
) -> None:
    assert overlap(network(*a), network(*b)) is together
    assert overlap(network(*b), network(*a)) is together
