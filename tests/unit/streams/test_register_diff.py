import json

from streams.register_diff import Change, diff
from streams.register_versions import EMPTY_REGISTER
from tests.support.registers import register_of

BEFORE = """
assets:
- {id: a, valid_from: 2025-04-01, name: A, locators: [{pattern: x}], identifiers: [phone]}
- {id: b, valid_from: 2025-04-01, name: B}
- {id: c, valid_from: 2025-04-01, name: C}
"""
AFTER = """
assets:
- {id: c, valid_from: 2025-05-01, name: C}
- {id: a, valid_from: 2025-04-01, name: AA, locators: [{pattern: x}, {pattern: y}], user_population: 7}
- {id: d, valid_from: 2025-04-01, name: D}
"""


def test_a_register_does_not_differ_from_itself_in_any_order() -> None:
    register = register_of(BEFORE)
    turned = register.model_copy(update={"assets": register.assets[::-1]})
    assert diff(register, register) == diff(register, turned) == []


def test_changes_are_told_entry_by_entry_and_field_by_field() -> None:
    found = diff(register_of(BEFORE), register_of(AFTER))
    a, c = "assets/a@2025-04-01", "assets/c@2025-05-01"
    assert found[:4] == [
        Change("assets", a, "changed", "name", '"A"', '"AA"'),
        Change("assets", a, "removed", "identifiers", '["phone"]', None),
        Change("assets", a, "added", "locators[1].pattern", None, '"y"'),
        Change("assets", a, "added", "user_population", None, "7"),
    ]
    assert [(change.change, change.entry) for change in found[4:]] == [
        ("removed", "assets/b@2025-04-01"),
        ("changed", c),
        ("added", "assets/d@2025-04-01"),
    ]
    assert (found[5].field, found[5].before, found[5].after) == ("valid_from", '"2025-04-01"', '"2025-05-01"')


def test_whole_entries_are_told_without_what_is_absent() -> None:
    added = diff(EMPTY_REGISTER, register_of("countries: [{code: NO, valid_from: 2025-04-01, affecting: no}]"))
    assert len(added) == 1
    assert added[0].after is not None
    assert "note" not in json.loads(added[0].after)
    assert (
        diff(register_of("countries: [{code: NO, valid_from: 2025-04-01, affecting: no}]"), EMPTY_REGISTER)[0].change
        == "removed"
    )


def test_a_new_chapter_of_history_is_an_addition_and_an_end() -> None:
    one = "countries:\n- {code: NO, valid_from: 2025-04-01, affecting: no"
    before, after = f"{one}}}", f"{one}, valid_to: 2026-04-01}}\n- {{code: NO, valid_from: 2026-04-01, affecting: yes}}"
    found = diff(register_of(before), register_of(after))
    assert [(change.change, change.entry, change.field) for change in found] == [
        ("added", "countries/NO@2025-04-01", "valid_to"),
        ("added", "countries/NO@2026-04-01", ""),
    ]
