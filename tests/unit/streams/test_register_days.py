"""The days on which facts change, and the edges of being fresh."""

import datetime as dt

import pytest

from schemas.interpretations import Interpretations
from schemas.register import (
    Anonymisation,
    Appi28Basis,
    CloudException,
    Designation,
    MonthlyUsers,
    Register,
    ResubApproval,
    Review,
    Selection,
    Service,
    SurveySource,
)
from schemas.register import Carrier as CarrierEntry
from streams.register_days import FIRST_DAY, change_days, fiscal_year, instant, is_fresh, validity_days
from tests.support.facts import LONG_AGO, asset, contract, country, party

D = dt.date


def test_nothing_changes_under_an_empty_register() -> None:
    assert change_days(Register(), Interpretations()) == [FIRST_DAY]


def test_a_legal_day_begins_at_midnight_in_tokyo() -> None:
    assert instant(D(2026, 11, 1)) == dt.datetime(2026, 10, 31, 15, tzinfo=dt.UTC)


def test_the_first_day_of_the_calendar_has_an_instant() -> None:
    assert instant(FIRST_DAY).tzinfo is dt.UTC


@pytest.mark.parametrize(("age", "fresh"), [(-1, False), (0, True), (365, True), (366, False)])
def test_fresh_is_from_the_day_itself_until_the_last_day_of_the_limit(age: int, *, fresh: bool) -> None:
    date = D(2026, 1, 1)
    assert is_fresh(date, 365, date + dt.timedelta(days=age)) is fresh


@pytest.mark.parametrize(("day", "year"), [(D(2026, 3, 31), 2025), (D(2026, 4, 1), 2026), (D(2026, 12, 31), 2026)])
def test_the_fiscal_year_begins_in_april(day: dt.date, year: int) -> None:
    assert fiscal_year(day) == year


def days_of(**parts: object) -> list[dt.date]:
    found = change_days(Register.model_validate(parts), Interpretations())
    return [day for day in found if day not in {FIRST_DAY, LONG_AGO}]


def test_entries_begin_and_end() -> None:
    assert days_of(parties=(party("a", valid_to=D(2026, 5, 5)),)) == [D(2026, 5, 5)]


def test_reviews_lapse_the_day_after_the_interval() -> None:
    reviewed = party("a", reviews=(Review(date=D(2025, 1, 1), result="good"),))
    assert days_of(parties=(reviewed,)) == [D(2025, 1, 1), D(2026, 1, 2)]


def test_selection_cloud_evidence_and_basis_of_appi_28_begin_and_lapse() -> None:
    one = party(
        "a",
        selection=Selection(date=D(2025, 2, 1)),
        cloud_exception=CloudException(
            contract_no_handling_clause=True, access_control_in_place=True, evidence_date=D(2025, 3, 1)
        ),
        appi28=Appi28Basis(kind="equivalent_measures", since=D(2025, 4, 2), confirmed_on=D(2025, 5, 1)),
    )
    assert days_of(parties=(one,)) == [
        D(2025, 2, 1), D(2025, 3, 1), D(2025, 4, 2), D(2025, 5, 1), D(2026, 4, 3), D(2026, 5, 2),
    ]  # fmt: skip


def test_assessments_lapse_and_their_sources_and_use_begin() -> None:
    assessed = country(
        "US", assessed_on=D(2025, 6, 1), in_use_from=D(2025, 7, 1),
        sources=(SurveySource(kind="ppc_survey", dated=D(2025, 5, 1)),),
    )  # fmt: skip
    assert days_of(countries=(assessed,)) == [D(2025, 5, 1), D(2025, 6, 1), D(2025, 7, 1), D(2026, 6, 2)]


def test_attestations_approvals_and_designations_begin_and_end() -> None:
    attested = Anonymisation(
        indistinguishable=True, irreversible=True, source_deleted=True, linked_data_non_identifying=True, method="m",
        approver="a", date=D(2025, 8, 1),
    )  # fmt: skip
    approval = ResubApproval(party="a", work="*", approved_on=D(2025, 9, 1), until=D(2025, 10, 1))
    carrier = CarrierEntry(
        valid_from=LONG_AGO, name="c", registration_number="1",
        designations=(Designation(service_category="mvno", designated_on=D(2025, 11, 1)),),
    )  # fmt: skip
    assert days_of(
        assets=(asset(anonymisation=attested),), contracts=(contract(resub_approvals=(approval,)),), carrier=(carrier,)
    ) == [D(2025, 8, 1), D(2025, 9, 1), D(2025, 10, 1), D(2025, 11, 1)]


def test_user_figures_count_for_the_fiscal_year_after_theirs() -> None:
    counted = Service(
        id="s", name="s", valid_from=LONG_AGO, monthly_users=(MonthlyUsers(month="2025-03", users=1),)
    )  # fmt: skip
    assert days_of(services=(counted,)) == [D(2025, 4, 1), D(2026, 4, 1)]


def test_dates_at_the_end_of_the_calendar_lapse_never() -> None:
    last = party("a", reviews=(Review(date=dt.date.max, result="good"),))
    assert days_of(parties=(last,)) == [dt.date.max]


def test_the_days_of_one_part_are_those_of_its_validity_only() -> None:
    reviewed = party("a", valid_to=D(2026, 5, 5), reviews=(Review(date=D(2025, 1, 1), result="good"),))
    assert validity_days([reviewed]) == [FIRST_DAY, LONG_AGO, D(2026, 5, 5)]
