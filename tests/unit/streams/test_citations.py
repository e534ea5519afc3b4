"""A source says where to look: on which page, under which question."""

import datetime as dt

from schemas.register import Asset, PolicyLine, Register
from streams.citations import Citations

LINE = PolicyLine(
    id="us-storage",
    valid_from=dt.date(2025, 4, 1),
    item="storage",
    country="US",
    umu="yes",
    url="https://carrier.example/policy",
    anchor="storage",
)
BARE = LINE.model_copy(update={"id": "bare", "url": None, "anchor": None, "umu": None})
REGISTER = Register(policy=(LINE, BARE), assets=(Asset(id="crm-db", name="CRM", valid_from=dt.date(2025, 4, 1)),))


def test_a_policy_line_is_cited_with_what_it_says_and_where() -> None:
    assert Citations(REGISTER).cite("register policy/us-storage@2025-04-01") == (
        "register policy/us-storage@2025-04-01 (storage US 有無 yes; https://carrier.example/policy#storage)",
    )


def test_a_policy_line_without_a_page_says_so() -> None:
    (cited,) = Citations(REGISTER).cite("register policy/bare@2025-04-01")
    assert cited.endswith("(storage US; no page given)")


def test_a_setting_is_cited_with_its_question_and_basis() -> None:
    (cited,) = Citations(REGISTER).cite("setting transit.treatment = review")
    assert cited.startswith("setting transit.treatment = review (Q11; ")


def test_entries_speak_for_themselves() -> None:
    source = "register assets/crm-db@2025-04-01 operator"
    assert Citations(REGISTER).cite(source) == (source,)


def test_the_parts_of_a_source_stay_apart_and_in_order() -> None:
    source = "event origin.country; register assets/crm-db@2025-04-01 operator; no such region"
    assert Citations(REGISTER).cite(source) == tuple(source.split("; "))


def test_a_part_that_counts_twice_is_told_once() -> None:
    assert Citations(REGISTER).cite("event action; event action") == ("event action",)


def test_what_is_not_in_the_register_or_the_settings_is_told_as_it_is() -> None:
    for source in ("register policy/gone@2020-01-01", "setting no.such = 1", "computed"):
        assert Citations(REGISTER).cite(source) == (source,)


def test_no_source_is_cited_as_nothing() -> None:
    assert Citations(REGISTER).cite("") == ()
