"""Categories of specified user information: Q1, Q2, Q4, Q5; vectors 13 and 14 of the domain reference."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from schemas.facts import EVENT, FACTS
from schemas.interpretations import Interpretations
from schemas.register import Anonymisation, Service
from streams.column_types import dtypes
from tests.support.facts import DAY, LONG_AGO, asset, facts_frame, facts_of, frame, register

DERIVED: dict[str, Any] = {"category": None, "searchable_collection": True, "relates_to_communication": False}
MAIL = Service(id="mail", name="Mail", category="email", fee="free", valid_from=LONG_AGO)
BILLING = Service(id="billing", name="Billing", parent="mail", valid_from=LONG_AGO)
ORPHAN = Service(id="orphan", name="Orphan", valid_from=LONG_AGO)
ATTESTED = Anonymisation(
    indistinguishable=True, irreversible=True, source_deleted=True, linked_data_non_identifying=True, method="k=50",
    approver="CISO", date=LONG_AGO,
)  # fmt: skip


def classified(settings: Interpretations | None = None, **entry: Any) -> dict[str, Any]:
    """Return the facts of a read of an asset whose category follows from its description."""
    known = register(assets=(asset(**{**DERIVED, **entry}),), services=(MAIL, BILLING, ORPHAN))
    return facts_of(known, settings=settings)


def category(settings: Interpretations | None = None, **entry: Any) -> tuple[Any, ...]:
    facts = classified(settings, **entry)
    return facts["asset.category"], facts["asset.sui"], facts["asset.secrecy"]


def test_vector_13_cookie_ids_without_link_to_an_account_are_not_category_2() -> None:
    assert category(identifiers=("cookie_id",), linked_to_account=False) == ("none", False, False)


@pytest.mark.parametrize("entry", [{"identifiers": ("cookie_id", "account_id")}, {"linked_to_account": True}])
def test_vector_14_cookie_ids_keyed_to_an_account_in_a_database_are_category_2(entry: dict[str, Any]) -> None:
    assert category(**{"identifiers": ("cookie_id",), **entry}) == ("2", True, False)


@pytest.mark.parametrize(("declared", "sui", "secrecy"), [("1", True, True), ("2", True, False), ("both", True, True), ("none", False, False)])  # fmt: skip
def test_a_declared_category_counts_whatever_the_description_says(declared: str, *, sui: bool, secrecy: bool) -> None:
    facts = classified(category=declared, identifiers=("account_id",), relates_to_communication=True)
    assert (facts["asset.category"], facts["asset.sui"], facts["asset.secrecy"]) == (declared, sui, secrecy)
    assert facts["asset.category_reason"] == "declared"


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"identifiers": ("phone",)}, ("2", True, False)),
        ({"identifiers": ("name",)}, ("2", True, False)),
        ({"identifiers": ("phone",), "searchable_collection": False}, ("none", False, False)),
        ({"identifiers": ("phone",), "searchable_collection": None}, (None, None, False)),
        ({"identifiers": ("cookie_id",), "linked_to_account": None}, (None, None, False)),
        ({"identifiers": ("cookie_id",), "linked_to_account": None, "searchable_collection": False},
         ("none", False, False)),
        ({"identifiers": ()}, (None, None, False)),
        ({"identifiers": (), "linked_to_account": False}, (None, None, False)),
        ({"identifiers": (), "linked_to_account": True}, ("2", True, False)),
        ({"identifiers": ("ip_address",), "linked_to_account": False, "relates_to_communication": True},
         ("1", True, True)),
        ({"identifiers": ("phone",), "relates_to_communication": True}, ("both", True, True)),
        ({"identifiers": ("phone",), "relates_to_communication": None}, (None, True, None)),
        ({"identifiers": (), "relates_to_communication": True}, (None, True, True)),
        ({"identifiers": ("cookie_id",), "linked_to_account": False, "relates_to_communication": None},
         (None, None, None)),
    ],
)  # fmt: skip
def test_the_category_follows_from_the_description_and_unknown_halves_stay_unknown(
    entry: dict[str, Any], found: tuple[Any, ...]
) -> None:
    assert category(**entry) == found


@pytest.mark.parametrize(
    ("scope", "linked", "found"),
    [("never", True, "none"), ("linked_only", True, "2"), ("linked_only", False, "none"), ("always", False, "2")],
)
def test_the_setting_says_when_online_identifiers_count(scope: str, found: str, *, linked: bool) -> None:
    settings = Interpretations().replace("sui.online_identifier_in_scope", scope)
    assert category(settings, identifiers=("cookie_id",), linked_to_account=linked)[0] == found


def test_the_setting_says_which_keys_link_to_a_user() -> None:
    settings = Interpretations().replace("sui.linkable_keys", ("account_id",))
    assert category(settings, identifiers=("phone",), linked_to_account=False)[0] == "none"
    assert category(settings, identifiers=("account_id",))[0] == "2"


@pytest.mark.parametrize("entry", [{"category": "2"}, {"identifiers": ("account_id",)}])
def test_an_attestation_of_all_four_conditions_takes_category_2_away(entry: dict[str, Any]) -> None:
    facts = classified(**entry, anonymisation=ATTESTED)
    assert (facts["asset.category"], facts["asset.sui"]) == ("none", False)
    assert "anonymised" in facts["asset.category_reason"]


@pytest.mark.parametrize(
    "condition", ["indistinguishable", "irreversible", "source_deleted", "linked_data_non_identifying"]
)
def test_an_attestation_that_lacks_one_condition_takes_nothing_away(condition: str) -> None:
    attested = ATTESTED.model_copy(update={condition: False})
    assert category(identifiers=("account_id",), anonymisation=attested)[0] == "2"


@pytest.mark.parametrize(("days", "found"), [(0, "none"), (1, "2")])
def test_an_attestation_counts_from_its_date_on(days: int, found: str) -> None:
    attested = ATTESTED.model_copy(update={"date": DAY + dt.timedelta(days=days)})
    assert category(identifiers=("account_id",), anonymisation=attested)[0] == found


def test_an_attestation_leaves_secrecy_alone_unless_the_setting_says_otherwise() -> None:
    both: dict[str, Any] = {"identifiers": ("account_id",), "relates_to_communication": True, "anonymisation": ATTESTED}
    assert category(**both) == ("1", True, True)
    reaching = Interpretations().replace("sui.anonymisation_applies_to_secrecy", value=True)
    assert category(reaching, **both) == ("none", False, False)
    off = Interpretations().replace("sui.anonymised_accounts_exempt", value=False)
    assert category(off, **both) == ("both", True, True)


@pytest.mark.parametrize(
    ("service", "scope", "found"),
    [
        ("mail", "exclude", ("2", "mail")),
        ("billing", "inherit_parent_service", ("2", "mail")),
        ("billing", "exclude", ("none", "mail")),
        ("billing", "review", (None, "mail")),
        ("orphan", "inherit_parent_service", (None, None)),
        ("nobody", "inherit_parent_service", ("2", None)),
        (None, "inherit_parent_service", ("2", None)),
    ],
)
def test_an_option_follows_its_parent_as_the_setting_says(
    service: str | None, scope: str, found: tuple[str | None, str | None]
) -> None:
    facts = classified(
        Interpretations().replace("ancillary.scope", scope), identifiers=("account_id",), service=service
    )
    assert (facts["asset.category"], facts["asset.service"]) == found


def test_an_option_taken_out_keeps_its_secrecy() -> None:
    settings = Interpretations().replace("ancillary.scope", "exclude")
    told = {"identifiers": ("account_id",), "relates_to_communication": True, "service": "billing"}
    assert category(settings, **told) == ("1", True, True)


def test_an_asset_that_the_register_does_not_know_is_of_unknown_category() -> None:
    facts = facts_of(register(), {"asset.claimed_id": "unregistered"})
    assert (facts["asset.category"], facts["asset.sui"], facts["asset.secrecy"]) == (None, None, None)
    assert facts["asset.category_reason"] == "unregistered"


def test_what_the_register_says_of_the_data_is_told() -> None:
    facts = classified(natural_persons=True, sensitive=False, payment_data=True, user_population=1001)
    names = ("natural_persons", "sensitive", "payment_data", "user_population")
    assert [facts[f"asset.{name}"] for name in names] == [True, False, True, 1001]


def test_every_fact_of_the_catalogue_is_there_in_its_order_and_type() -> None:
    events = frame({}, {"event.kind": "act"}).with_columns(raw=pl.lit(b"{}"))
    facts = facts_frame(events, register())
    assert facts.columns == [*events.columns, *(column.name for column in FACTS)]
    names = [column.name for column in (*EVENT, *FACTS)]
    assert dict(facts.select(names).schema) == dtypes(names)


def test_no_events_have_no_facts() -> None:
    assert facts_frame(frame({}).clear(), register()).is_empty()
