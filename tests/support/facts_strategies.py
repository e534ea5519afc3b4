"""Random registers, settings and events over few names, so that things meet, and times at the edges of validity."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from hypothesis import strategies as st

from schemas.base import tokyo_midnight
from schemas.interpretations import Decision, Interpretations
from schemas.register import (
    Anonymisation,
    Appi28Basis,
    Asset,
    Carrier,
    CloudException,
    Country,
    Designation,
    DocumentRef,
    Identity,
    Locator,
    MonthlyUsers,
    Network,
    OutsourcingContract,
    Party,
    PlannedTransfer,
    PolicyLine,
    Region,
    Register,
    ResubApproval,
    Review,
    Scope,
    Selection,
    Service,
    SurveySource,
)

DAYS: Final = tuple(dt.date(2026, 1, 1) + dt.timedelta(days=100 * step) for step in range(8))
COUNTRIES: Final = ("JP", "US", "SG")
PARTIES: Final = ("own", "acme", "sub", "aws")
ASSETS: Final = ("a", "b", "c")
SERVICES: Final = ("net", "option")
CONTRACTS: Final = ("c1", "c2")
REGIONS: Final = ("ap-northeast-1", "us-east-1", "x-1")
FIELDS: Final = ("name", "phone", "cell")
PURPOSES: Final = ("support", "billing")
IPS: Final = ("10.0.0.1", "10.0.1.1", "203.0.113.1", "2001:db8::1")

day = st.sampled_from(DAYS)
country = st.sampled_from(COUNTRIES)
maybe_country = st.none() | country
maybe_bool = st.none() | st.booleans()


def few(strategy: st.SearchStrategy[Any], most: int = 4) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return tuples of at most ``most`` things."""
    return st.lists(strategy, max_size=most).map(tuple)


def _valid(model: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return entries with a validity."""

    def build(start: dt.date, length: int | None, values: dict[str, Any]) -> Any:
        end = None if length is None else start + dt.timedelta(days=length)
        return model(valid_from=start, valid_to=end, **values)

    return st.builds(build, day, st.none() | st.sampled_from([1, 100, 300]), st.fixed_dictionaries(fields))


def _maybe(model: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.builds(model, **fields)


def _named(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...] | None]:
    return st.none() | few(st.sampled_from((*names, "*")), 3)


parties = _valid(
    Party,
    id=st.sampled_from(PARTIES),
    name=st.just("n"),
    kind=st.sampled_from(["own", "subcontractor", "re_subcontractor", "cloud_provider", "group_company", "government", "other"]),
    legal_personality=st.booleans(),
    contracting_country=maybe_country,
    operating_country=maybe_country,
    parent_country=maybe_country,
    accounts=few(st.sampled_from(["aws:1", "aws:2"]), 1),
    principal=st.none() | st.sampled_from(PARTIES),
    selection=_maybe(Selection, date=day),
    reviews=few(st.builds(Review, date=day, result=st.just("good")), 2),
    cloud_exception=_maybe(
        CloudException, contract_no_handling_clause=st.booleans(), access_control_in_place=st.booleans(), evidence_date=day
    ),
    appi28=_maybe(
        Appi28Basis,
        kind=st.sampled_from(["consent", "equivalent_country", "equivalent_measures"]),
        since=day,
        confirmed_on=st.none() | day,
    ),
)  # fmt: skip
assets = _valid(
    Asset,
    id=st.sampled_from(ASSETS),
    name=st.just("n"),
    locators=few(st.sampled_from(["arn:*", "arn:a/*", "arn:a/x", "arn:?/x"]).map(lambda text: Locator(pattern=text)), 2),
    service=st.none() | st.sampled_from(SERVICES),
    category=st.sampled_from([None, None, "1", "2", "both", "none"]),
    identifiers=few(st.sampled_from(["account_id", "name", "cookie_id", "ip_address"]), 2),
    linked_to_account=maybe_bool,
    searchable_collection=maybe_bool,
    relates_to_communication=maybe_bool,
    equipment_country=maybe_country,
    operator=st.none() | st.sampled_from(PARTIES),
    storage_service=maybe_bool,
    anonymisation=_maybe(
        Anonymisation,
        indistinguishable=st.just(True), irreversible=st.booleans(), source_deleted=st.just(True),
        linked_data_non_identifying=st.just(True), method=st.just("m"), approver=st.just("a"), date=day,
    ),
)  # fmt: skip
identities = _valid(
    Identity,
    id=st.sampled_from(["i1", "i2", "i3"]),
    issuer=st.sampled_from(["idp", "*"]),
    subject=st.sampled_from(["hanako", "bob", "b*", "*"]),
    role=st.sampled_from([None, None, "admin"]),
    party=st.none() | st.sampled_from(PARTIES),
    home_country=maybe_country,
    contract=st.none() | st.sampled_from(CONTRACTS),
    shared=st.booleans(),
)
contracts = _valid(
    OutsourcingContract,
    id=st.sampled_from(CONTRACTS),
    party=st.sampled_from(PARTIES),
    sui_terms=st.booleans(),
    scope=st.builds(
        Scope,
        assets=_named(ASSETS),
        fields=_named(FIELDS),
        privileges=_named(("read", "export", "select")),
        purposes=_named(PURPOSES),
        countries=_named(COUNTRIES),
        users_per_day=st.none() | st.integers(0, 3),
    ),
    resub_approvals=few(
        st.builds(
            ResubApproval,
            party=st.sampled_from(PARTIES), work=st.sampled_from((*PURPOSES, "*")), approved_on=day, until=st.none() | day,
        ),
        2,
    ),
)  # fmt: skip
countries = _valid(
    Country,
    code=country,
    affecting=st.sampled_from(["yes", "no", "unknown"]),
    sources=few(
        st.builds(SurveySource, kind=st.sampled_from(["ppc_survey", "other"]), dated=st.none() | day), 2
    ),
    assessed_on=st.none() | day,
    in_use_from=st.none() | day,
)  # fmt: skip
policy = st.one_of(
    _valid(
        PolicyLine,
        id=st.sampled_from(["l1", "l2"]), item=st.sampled_from(["storage", "outsourcing", "cloud"]), country=country,
        umu=st.sampled_from([None, "yes", "no"]), disclosure=st.sampled_from(["internet", "internet", "on_request"]),
    ),
    _valid(PolicyLine, id=st.just("l3"), item=st.just("storage_party"), party=st.sampled_from(PARTIES)),
)  # fmt: skip
planned = _valid(
    PlannedTransfer,
    id=st.sampled_from(["t1", "t2"]), approver=st.just("a"), assets=few(st.sampled_from(ASSETS)),
    recipients=few(st.sampled_from(PARTIES), 2), countries=few(country, 2),
)  # fmt: skip
networks = _valid(
    Network,
    id=st.sampled_from(["n1", "n2"]), cidr=st.sampled_from(["10.0.0.0/8", "10.0.1.0/24", "2001:db8::/32"]),
    country=maybe_country, party=st.none() | st.sampled_from(PARTIES),
)  # fmt: skip
services = _valid(
    Service,
    id=st.sampled_from(SERVICES), name=st.just("n"), category=st.sampled_from([None, "internet_access"]),
    fee=st.sampled_from([None, "paid"]), parent=st.none() | st.sampled_from(SERVICES),
    monthly_users=st.sampled_from([(), tuple(MonthlyUsers(month=f"{2025 + (n > 9)}-{(n + 2) % 12 + 1:02d}", users=10**6) for n in range(1, 13))]),
)  # fmt: skip
carriers = _valid(
    Carrier, name=st.just("c"), registration_number=st.just("1"),
    designations=few(st.builds(Designation, service_category=st.just("internet_access"), designated_on=day), 1),
)  # fmt: skip
regions = _valid(Region, provider=st.sampled_from(PARTIES), name=st.sampled_from(REGIONS), country=country)

registers = st.builds(
    Register,
    carrier=few(carriers, 1), services=few(services), assets=few(assets), identities=few(identities),
    parties=few(parties, 6), contracts=few(contracts), countries=few(countries), policy=few(policy),
    planned_transfers=few(planned), networks=few(networks, 3), regions=few(regions, 2),
)  # fmt: skip

_SETTINGS: Final[dict[str, tuple[Any, ...]]] = {
    "sui.online_identifier_in_scope": ("never", "linked_only", "always"),
    "scope.covered_services": ("whole_category", "services_over_threshold"),
    "ancillary.scope": ("inherit_parent_service", "exclude", "review"),
    "cloud_exception.enabled": (True, False),
    "temporary.exempt": (True, False),
    "temporary.min_duration": (dt.timedelta(0), dt.timedelta(hours=2)),
    "transit.treatment": ("review", "ignore", "store"),
    "third_party.country_basis": ("contracting_entity", "operating_entity", "ultimate_parent"),
    "handling.country_basis": ("either", "party", "location"),
    "handling.grant_counts": (True, False),
    "subcontractor.review_interval_days": (99, 100, 365),
    "foreign_system.max_age_days": (99, 100, 365),
    "foreign_system.min_sources": (0, 1, 2),
    "appi28.confirm_interval_days": (100, 365),
}


@st.composite
def settings(draw: st.DrawFn) -> Interpretations:
    """Return settings of which some differ from their defaults, and some of those only from a day on."""
    chosen = Interpretations()
    decisions = []
    for name, values in _SETTINGS.items():
        if draw(st.booleans()):
            chosen = chosen.replace(name, draw(st.sampled_from(values)))
            if draw(st.booleans()):
                document = DocumentRef(title="d", sha256="0" * 64)
                decisions.append(Decision(setting=name, decided_by="p", effective_from=draw(day), document=document))
    return chosen.model_copy(update={"decisions": tuple(decisions)})


_EDGE = st.builds(
    lambda start, later, step: tokyo_midnight(start + dt.timedelta(days=later)) + dt.timedelta(microseconds=step),
    day,
    st.sampled_from([0, 1, 99, 100, 101, 366, -400]),
    st.sampled_from([-1, 0, 1]),
)
_WHO = st.none() | st.sampled_from(["hanako", "bob", "eve"])
_ISSUER = st.sampled_from(["idp", "idp", None])
_PARTY = st.none() | st.sampled_from((*PARTIES, "aws:1", "aws:2", "nobody"))
_LOCATOR = st.sampled_from([None, "arn:a/x", "arn:a/y", "arn:b/x", "s3:z"])
_CLAIMED = st.sampled_from([None, "a", "b", "c", "z"])

events = st.fixed_dictionaries({
    "event.kind": st.sampled_from(["access", "transfer", "grant", "act"]),
    "event.time": _EDGE,
    "actor.issuer": _ISSUER, "actor.subject": _WHO, "actor.party": _PARTY,
    "actor.kind": st.sampled_from([None, "person", "service", "shared", "unknown"]),
    "actor.role": st.sampled_from([None, "admin", "reader"]),
    "actor.on_behalf_of.issuer": st.sampled_from([None, None, "idp"]),
    "actor.on_behalf_of.subject": st.sampled_from([None, None, "bob", "hanako"]),
    "actor.on_behalf_of.party": st.sampled_from([None, None, None, "acme", "own"]),
    "origin.ip": st.none() | st.sampled_from(IPS), "origin.country": maybe_country,
    "asset.claimed_id": _CLAIMED, "asset.locator": _LOCATOR, "asset.region": st.none() | st.sampled_from(REGIONS),
    "action": st.sampled_from(["read", "export"]),
    "records.fields": st.none() | st.lists(st.sampled_from((*FIELDS, "other")), max_size=3),
    "records.users": st.none() | st.lists(st.sampled_from(["u1", "u2", "u3"]), max_size=4),
    "purpose": st.none() | st.sampled_from((*PURPOSES, "curiosity", "")),
    "approval": st.none() | st.lists(st.sampled_from(["t1", "t2", "t3"]), max_size=2),
    "exposure.to": st.sampled_from([None, None, "named_party", "public", "government", "unknown"]),
    "exposure.party": st.sampled_from([None, None, "aws:1", "acme", "own", "nobody"]),
    "exposure.country": maybe_country,
})  # fmt: skip
"""What every kind of event may say; `complete` adds what only some kinds say."""

_DESTINATION = st.fixed_dictionaries({
    "destination.claimed_asset": _CLAIMED, "destination.locator": _LOCATOR,
    "destination.region": st.none() | st.sampled_from(REGIONS), "destination.claimed_party": _PARTY,
    "destination.claimed_country": maybe_country,
    "destination.persistence": st.sampled_from([None, "stored", "transit", "memory"]),
})  # fmt: skip
_GRANT = st.fixed_dictionaries({
    "grantee.issuer": _ISSUER, "grantee.subject": _WHO, "grantee.party": _PARTY,
    "grant.change": st.sampled_from(["given", "changed", "revoked"]),
    "grant.privileges": st.none() | st.lists(st.sampled_from(["select", "update"]), max_size=2),
})  # fmt: skip


@st.composite
def complete(draw: st.DrawFn) -> dict[str, Any]:
    """Return an event with the fields of its kind."""
    event: dict[str, Any] = draw(events)
    if event["event.kind"] == "transfer":
        event |= draw(_DESTINATION)
        stay = draw(st.sampled_from([None, dt.timedelta(hours=-1), dt.timedelta(hours=1), dt.timedelta(hours=2)]))
        event["destination.temporary.until"] = None if stay is None else event["event.time"] + stay
    if event["event.kind"] == "grant":
        event |= draw(_GRANT)
    return event
