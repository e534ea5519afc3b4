"""Which service data was acquired in relation to, and whether that service is covered by a designation.

Law: TBA 27-5, ORD 22-2-19 and 22-2-20; questions Q3, Q4, Q5; domain §2, §8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.register import Asset, Service
from streams.enrich.facts import cite
from streams.register_days import fiscal_year
from streams.register_moment import Moment

Standing = Literal["covered", "excluded", "review", "below-threshold", "unknown"]
"""covered; an option taken out (Q4); an option to be reviewed (Q4); under the threshold (Q3, Q5); service unknown."""


FeeType = Literal["free", "paid"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How an asset stands to a covered service.

    Attributes:
        service: the covered service; of an option that inherits, its parent. None if unknown.
        standing: see `Standing`.
        designated: the service's category is designated by that day; None if unknown.
        source: where that comes from.
    """

    service: Service | None
    standing: Standing
    designated: bool | None
    source: str


def coverage_of(moment: Moment, asset: Asset) -> Coverage:
    """Return how an asset stands to a covered service on the moment's day."""
    own = moment.services.get(asset.service) if asset.service is not None else None
    if own is None:
        return Coverage(None, "unknown", None, cite(asset, "service"))
    scope = moment.settings.ancillary.scope
    option = own.parent is not None or own.category is None
    parent = moment.services.get(own.parent) if own.parent is not None else None
    service = parent if option else own
    source = f"{cite(asset, 'service')}; {cite(own)}"
    standing = _standing(moment, own, service)
    if option:
        source = f"{source}; setting ancillary.scope = {scope}"
    return Coverage(service, standing, _designated(moment, service), source)


def _standing(moment: Moment, own: Service, service: Service | None) -> Standing:
    """Return how a service stands; ``service`` is the covered one, other than ``own`` for an option."""
    if service is not own or service is None:
        scope = moment.settings.ancillary.scope
        if scope == "exclude":
            return "excluded"
        if scope == "review" or service is None:
            # An option that no parent claims is to be looked at, whatever the setting (Q4).
            return "review"
        if moment.settings.ancillary.threshold_basis == "own_count":
            return _counted(moment, own, own.fee or service.fee)
    if moment.settings.scope.covered_services == "services_over_threshold":
        return _counted(moment, service, service.fee)
    return "covered"


def _counted(moment: Moment, service: Service, fee: FeeType | None) -> Standing:
    """Return how a service stands by its own count of the last fiscal year; an unknown count takes nothing out."""
    users = mean_monthly_users(service, fiscal_year(moment.day) - 1)
    thresholds = moment.settings.threshold.designation
    threshold = {"free": thresholds.free, "paid": thresholds.paid, None: 0}[fee]
    return "below-threshold" if users is not None and users < threshold else "covered"


def mean_monthly_users(service: Service, year: int) -> int | None:
    """Return the mean of a fiscal year's monthly figures, rounded down; None unless all twelve are there."""
    months = {figure.month: figure.users for figure in service.monthly_users}
    wanted = [f"{year + (month < 4):04d}-{month:02d}" for month in range(1, 13)]
    figures = [months[month] for month in wanted if month in months]
    return sum(figures) // 12 if len(figures) == 12 else None


def _designated(moment: Moment, service: Service | None) -> bool | None:
    """Return whether the category of a service is designated by the day; None without carrier or category."""
    if service is None or service.category is None or moment.carrier is None:
        return None
    return any(
        designation.service_category == service.category and designation.designated_on <= moment.day
        for designation in moment.carrier.designations
    )
