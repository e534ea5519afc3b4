"""Coverage: whether a service is designated and, by its own count of users, covered (Q3, Q5)."""

import datetime as dt
from typing import Any

import pytest

from schemas.interpretations import Interpretations
from schemas.register import Carrier, Designation, MonthlyUsers, Register, Service
from streams.coverage import Coverage, coverage_of, mean_monthly_users
from streams.register_moment import Moment
from tests.support.facts import DAY, LONG_AGO, asset


def months(users: int, year: int = 2025, count: int = 12) -> tuple[MonthlyUsers, ...]:
    """Return figures of a fiscal year, from April on."""
    names = [f"{year + (month > 12)}-{(month - 1) % 12 + 1:02d}" for month in range(4, 4 + count)]
    return tuple(MonthlyUsers(month=name, users=users) for name in names)


def service(id_: str = "net", **more: Any) -> Service:
    known = {"name": id_, "category": "internet_access", "fee": "paid", "valid_from": LONG_AGO}
    return Service.model_validate({"id": id_, **known, **more})


def covered(*services: Service, settings: Interpretations | None = None, day: dt.date = DAY, **parts: Any) -> Coverage:
    """Return how an asset of the first service stands."""
    known = Register(services=services, **parts)
    return coverage_of(Moment(known, settings or Interpretations(), day), asset(service=services[0].id))


OVER = Interpretations().replace("scope.covered_services", "services_over_threshold")
OWN = Interpretations().replace("ancillary.threshold_basis", "own_count")


@pytest.mark.parametrize(
    ("settings", "users", "fee", "standing"),
    [
        (Interpretations(), 1_000_000, "paid", "covered"),
        (OVER, 4_999_999, "paid", "below-threshold"),
        (OVER, 5_000_000, "paid", "covered"),
        (OVER, 9_999_999, "free", "below-threshold"),
        (OVER, 10_000_000, "free", "covered"),
        (OVER, 1, None, "covered"),
    ],
)
def test_only_the_setting_takes_small_services_of_a_category_out(
    settings: Interpretations, users: int, fee: str | None, standing: str
) -> None:
    assert covered(service(fee=fee, monthly_users=months(users)), settings=settings).standing == standing


@pytest.mark.parametrize("figures", [(), months(1, count=11), months(1, year=2024)])
def test_an_unknown_count_takes_nothing_out(figures: tuple[MonthlyUsers, ...]) -> None:
    assert covered(service(monthly_users=figures), settings=OVER).standing == "covered"


@pytest.mark.parametrize(
    ("day", "standing"),
    [(dt.date(2026, 3, 31), "covered"), (dt.date(2026, 4, 1), "below-threshold"),
     (dt.date(2027, 3, 31), "below-threshold"), (dt.date(2027, 4, 1), "covered")],
)  # fmt: skip
def test_the_previous_fiscal_year_counts(day: dt.date, standing: str) -> None:
    assert covered(service(monthly_users=months(1)), settings=OVER, day=day).standing == standing


def test_an_option_is_measured_by_its_parent_unless_its_own_count_is_asked_for() -> None:
    parent = service(monthly_users=months(9_000_000))
    option = service("opt", category=None, fee=None, parent="net", monthly_users=months(10))
    assert covered(option, parent).standing == "covered"
    assert covered(option, parent, settings=OVER).standing == "covered"
    assert covered(option, parent, settings=OWN).standing == "below-threshold"
    assert covered(option, parent).service == parent


def test_the_mean_of_twelve_months_is_rounded_down() -> None:
    figures = (*months(5_000_000, count=11), MonthlyUsers(month="2026-03", users=4_999_999))
    assert mean_monthly_users(service(monthly_users=figures), 2025) == 4_999_999


def test_a_designation_counts_from_its_date_for_its_category() -> None:
    def designated(category: Any, days: int) -> bool | None:
        designation = Designation(service_category=category, designated_on=DAY + dt.timedelta(days=days))
        carrier = Carrier(
            valid_from=LONG_AGO, name="c", registration_number="1", designations=(designation,)
        )  # fmt: skip
        return covered(service(), carrier=(carrier,)).designated

    assert designated("internet_access", 0) is True
    assert designated("internet_access", 1) is False
    assert designated("email", 0) is False


def test_without_a_carrier_nothing_is_known_of_designations() -> None:
    assert covered(service()).designated is None
