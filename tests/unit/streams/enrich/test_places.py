"""Facts of places: country, stay, operator and what the policy lists. Vectors 15 to 18 of the domain reference."""

import datetime as dt
from typing import Any

import pytest

from schemas.interpretations import Interpretations
from schemas.register import CloudException, Locator, PolicyLine, Region, Register
from tests.support.facts import DAY, LONG_AGO, NOON, asset, country, facts_of, line, party, register, transfer

EVIDENCE = CloudException(
    contract_no_handling_clause=True, access_control_in_place=True, evidence_date=dt.date(2026, 1, 1)
)


@pytest.mark.parametrize(
    ("entry", "region", "found"),
    [
        ({"equipment_country": "US"}, "ap-northeast-1", ("US", True, "register", True)),
        ({"equipment_country": "JP"}, "ap-northeast-1", ("JP", False, "register", False)),
        ({"equipment_country": "JP"}, "us-east-1", ("JP", False, "register", True)),
        ({"equipment_country": None}, "us-east-1", ("US", True, "region", False)),
        ({"equipment_country": None}, "ap-northeast-3", ("JP", False, "region", False)),
        ({"equipment_country": None}, "ap-northeast-1r", (None, None, None, False)),
        ({"equipment_country": None}, None, (None, None, None, False)),
    ],
)
def test_the_register_tells_the_country_before_the_region(
    entry: dict[str, Any], region: str | None, found: tuple[Any, ...]
) -> None:
    facts = facts_of(register(assets=(asset(**entry),)), {"asset.region": region})
    names = ("equipment_country", "abroad", "country_from", "country_disputed")
    assert tuple(facts[f"asset.{name}"] for name in names) == found


@pytest.mark.parametrize(
    ("region", "claim", "unknown", "country"),
    [
        ("moon-1", "JP", True, None),
        ("moon-1", "SG", True, "SG"),
        ("moon-1", None, True, None),
        ("us-east-1", None, False, "US"),
        (None, "JP", False, "JP"),
    ],
)
def test_a_region_that_nobody_knows_is_told_and_no_claim_makes_it_japan(
    region: str | None, claim: str | None, *, unknown: bool, country: str | None
) -> None:
    event = transfer(destination__region=region, destination__claimed_country=claim)
    facts = facts_of(register(), event)
    assert (facts["destination.region_unknown"], facts["destination.equipment_country"]) == (unknown, country)


def test_a_region_that_nobody_knows_is_told_of_an_asset_that_the_register_has_in_japan() -> None:
    known = register(assets=(asset(equipment_country="JP"),))
    facts = facts_of(known, {"asset.region": "moon-1"})
    assert (facts["asset.region_unknown"], facts["asset.equipment_country"]) == (True, "JP")
    assert facts_of(known, {"asset.region": None})["asset.region_unknown"] is False


def test_an_asset_that_the_register_does_not_know_stands_where_its_region_does() -> None:
    facts = facts_of(register(), {"asset.claimed_id": "elsewhere", "asset.region": "eu-central-1"})
    assert facts["asset.known"] is False
    assert (facts["asset.equipment_country"], facts["asset.operator"]) == ("DE", None)
    assert facts["asset.third_party_equipment"] is None


def region_entry(provider: str, code: str) -> Region:
    return Region(provider=provider, name="tokyo-1", country=code, valid_from=LONG_AGO)


@pytest.mark.parametrize(
    ("operator", "regions", "found"),
    [
        ("acme", [("acme", "JP")], "JP"),
        ("acme", [("other", "US")], None),
        ("acme", [("other", "US"), ("acme", "JP")], "JP"),
        (None, [("other", "US")], "US"),
        (None, [("other", "US"), ("acme", "JP")], None),
    ],
)
def test_a_region_of_the_register_counts_for_its_provider_and_disagreement_is_unknown(
    operator: str | None, regions: list[tuple[str, str]], found: str | None
) -> None:
    known = register(
        assets=(asset(equipment_country=None, operator=operator),), regions=[region_entry(*pair) for pair in regions]
    )
    assert facts_of(known, {"asset.region": "tokyo-1"})["asset.equipment_country"] == found


@pytest.mark.parametrize(
    ("operator", "found"), [("own", "SG"), (None, None)], ids=["its own provider's", "nobody's: two tables disagree"]
)
def test_a_region_of_the_register_overrules_the_table_only_for_its_own_provider(
    operator: str | None, found: str | None
) -> None:
    moved = Region(provider="own", name="us-east-1", country="SG", valid_from=LONG_AGO)
    known = register(assets=(asset(equipment_country=None, operator=operator),), regions=(moved,))
    assert facts_of(known, {"asset.region": "us-east-1"})["asset.equipment_country"] == found


@pytest.mark.parametrize(
    ("region", "claimed", "found"),
    [
        (None, None, (None, None, None)),
        (None, "JP", ("JP", False, "event")),
        (None, "SG", ("SG", True, "event")),
        ("us-east-1", "JP", ("US", True, "region")),
        ("ap-northeast-1", "SG", ("SG", True, "event")),
        ("ap-northeast-1", "JP", ("JP", False, "region")),
        ("us-east-1", "SG", ("US", True, "region")),
    ],
)
def test_a_foreign_claim_is_never_turned_domestic(
    region: str | None, claimed: str | None, found: tuple[Any, ...]
) -> None:
    facts = facts_of(
        register(), transfer(destination__region=region, destination__claimed_country=claimed)
    )  # fmt: skip
    names = ("equipment_country", "abroad", "country_from")
    assert tuple(facts[f"destination.{name}"] for name in names) == found


@pytest.mark.parametrize(
    ("persistence", "treatment", "found"),
    [
        (None, "review", (True, False)),
        ("stored", "ignore", (True, False)),
        ("transit", "review", (False, True)),
        ("memory", "review", (False, True)),
        ("transit", "ignore", (False, False)),
        ("memory", "store", (True, False)),
    ],
)
def test_what_only_passes_is_stored_as_far_as_the_setting_says(
    persistence: str | None, treatment: str, found: tuple[bool, bool]
) -> None:
    settings = Interpretations().replace("transit.treatment", treatment)
    facts = facts_of(register(), transfer(destination__persistence=persistence), settings)
    assert (facts["destination.stored"], facts["destination.in_transit"]) == found


HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("until", "exempt", "stored"),
    [
        (NOON + HOUR, False, True),
        (NOON + HOUR, True, False),
        (NOON + 2 * HOUR, True, True),
        (NOON - HOUR, True, True),
        (None, True, True),
    ],
    ids=["no exemption", "shorter than exempt", "as long as the limit", "ends before it begins", "no end"],
)
def test_a_temporary_stay_is_stored_unless_it_is_exempt_and_short(
    until: dt.datetime | None, *, exempt: bool, stored: bool
) -> None:
    settings = Interpretations().replace("temporary.exempt", exempt).replace("temporary.min_duration", 2 * HOUR)
    event = transfer(destination__temporary__until=until, destination__claimed_country="SG")
    assert facts_of(register(), event, settings)["destination.stored"] is stored


def test_only_transfers_have_a_destination() -> None:
    facts = facts_of(register(), {"destination.claimed_country": "US"})
    assert [name for name, value in facts.items() if name.startswith("destination.") and value is not None] == [
        "destination.claimed_country"
    ]


@pytest.mark.parametrize(
    ("kind", "more", "third_party"),
    [
        ("own", {}, False),
        ("cloud_provider", {}, True),
        ("group_company", {}, True),
        ("group_company", {"legal_personality": False}, False),
        ("subcontractor", {"legal_personality": False}, True),
    ],
)
def test_a_group_company_with_legal_personality_is_a_third_party(
    kind: str, more: dict[str, Any], *, third_party: bool
) -> None:
    known = register(assets=(asset(operator="x"),), parties=(party("x", kind, **more),))
    assert facts_of(known)["asset.third_party_equipment"] is third_party


def test_an_operator_that_is_not_registered_is_an_unknown_one() -> None:
    facts = facts_of(register(assets=(asset(operator="nobody"),)))
    assert facts["asset.operator"] == "nobody"
    assert facts["asset.third_party_equipment"] is None
    assert facts["asset.operator_abroad"] is None
    assert facts["asset.policy_lists_cloud"] is False


def listed(*lines: PolicyLine, **entry: Any) -> dict[str, Any]:
    stored = asset(equipment_country="US", operator="aws", **entry)
    return facts_of(register(assets=(stored,), parties=(party("aws", "cloud_provider", "US"),), policy=lines))


@pytest.mark.parametrize(
    ("more", "lists"),
    [
        ({}, True),
        ({"umu": None}, False),
        ({"disclosure": "on_request"}, False),
        ({"valid_from": dt.date(2026, 11, 2)}, False),
        ({"valid_to": DAY}, False),
        ({"valid_from": DAY, "valid_to": dt.date(2026, 11, 2)}, True),
    ],
)
def test_a_line_counts_on_its_days_with_umu_and_on_the_internet(more: dict[str, Any], *, lists: bool) -> None:
    facts = listed(line("storage", "US", **more))
    assert facts["asset.policy_lists_storage"] is lists
    assert facts["asset.policy_lists_cloud"] is False


def test_each_item_of_the_policy_is_asked_for_by_itself() -> None:
    facts = listed(line("cloud", "US"), line("outsourcing", "SG"), line("storage_party", party="aws", umu=None))
    names = ("policy_lists_storage", "policy_lists_cloud", "policy_lists_outsourcing", "policy_names_operator")
    assert [facts[f"asset.{name}"] for name in names] == [False, True, False, True]


def test_in_japan_nothing_needs_listing() -> None:
    facts = facts_of(register())
    assert facts["asset.policy_lists_storage"] is None
    assert facts["asset.policy_lists_cloud"] is None
    assert facts["asset.foreign_countries"] is None
    assert facts["asset.assessment"] is None


def test_an_unknown_country_is_never_listed() -> None:
    facts = facts_of(register(assets=(asset(equipment_country=None),), policy=(line("storage", "US"),)))
    assert facts["asset.policy_lists_storage"] is False


def test_the_published_umu_is_compared_with_a_current_assessment_only() -> None:
    def matches(umu: str, **more: Any) -> Any:
        known = register(
            assets=(asset(equipment_country="US"),), policy=(line("storage", "US", umu=umu),),
            countries=(country("US", **more),),
        )  # fmt: skip
        return facts_of(known)["asset.umu_matches"]

    assert matches("yes", affecting="yes") is True
    assert matches("no", affecting="yes") is False
    assert matches("no", affecting="unknown") is None
    assert matches("no", affecting="yes", assessed_on=dt.date(2025, 1, 1)) is None


def test_the_cloud_exception_needs_both_evidences_their_date_and_the_setting() -> None:
    def holds(settings: Interpretations | None = None, **more: Any) -> Any:
        evidence = EVIDENCE.model_copy(update=more)
        provider = party("aws", "cloud_provider", "US", cloud_exception=evidence)
        known = register(assets=(asset(operator="aws"),), parties=(provider,))
        return facts_of(known, settings=settings)["asset.cloud_exception"]

    assert holds() is True
    assert holds(evidence_date=DAY) is True
    assert holds(evidence_date=DAY + dt.timedelta(days=1)) is False
    assert holds(contract_no_handling_clause=False) is False
    assert holds(access_control_in_place=False) is False
    assert holds(Interpretations().replace("cloud_exception.enabled", value=False)) is False


def test_vector_15_a_foreign_provider_with_a_tokyo_region_is_waived_for_outsourcing_and_not_for_cloud() -> None:
    provider = party("aws", "cloud_provider", "US", cloud_exception=EVIDENCE)
    stored = asset(equipment_country=None, operator="aws", storage_service=True)
    facts = facts_of(register(assets=(stored,), parties=(provider,)), {"asset.region": "ap-northeast-1"})
    assert facts["asset.abroad"] is False
    assert facts["asset.cloud_exception"] is True
    assert (facts["asset.operator_abroad"], facts["asset.policy_lists_cloud"]) == (True, False)
    assert facts["asset.storage_service"] is True


def test_vector_16_a_japanese_provider_with_american_equipment_is_storage_abroad_and_no_foreign_service() -> None:
    stored = asset(equipment_country="US", operator="jp-cloud", storage_service=True)
    facts = facts_of(register(assets=(stored,), parties=(party("jp-cloud", "cloud_provider", "JP"),)))
    assert (facts["asset.abroad"], facts["asset.policy_lists_storage"]) == (True, False)
    assert facts["asset.operator_abroad"] is False


def test_vector_17_equipment_of_a_third_party_in_an_unknown_country_is_not_named() -> None:
    stored = asset(equipment_country=None, operator="cdn")
    facts = facts_of(register(assets=(stored,), parties=(party("cdn", "cloud_provider", None),)))
    assert facts["asset.third_party_equipment"] is True
    assert facts["asset.equipment_country"] is None
    assert facts["asset.policy_names_operator"] is False


def test_vector_18_a_check_of_two_hours_in_singapore_is_stored_there() -> None:
    event = transfer(destination__region="asia-southeast1", destination__temporary__until=NOON + 2 * HOUR)
    facts = facts_of(register(), event)
    assert (facts["destination.equipment_country"], facts["destination.stored"]) == ("SG", True)
    assert facts["destination.policy_lists_storage"] is False


def test_pseudonyms_tell_unregistered_assets_apart_and_hide_their_names() -> None:
    keys = [
        facts_of(Register(), {"asset.claimed_id": claimed, "asset.locator": locator})["asset.key"]
        for claimed, locator in (("secret-db", None), (None, "secret-db"), (None, "other"), (None, None))
    ]
    assert keys[0] == keys[1] != keys[2]
    assert keys[3] == "unregistered:unnamed"
    assert all(key.startswith("unregistered:") and "secret" not in key for key in keys)


def test_a_destination_is_the_same_asset_as_when_it_is_touched() -> None:
    there = facts_of(register(), transfer(destination__locator="db://x"))["destination.key"]
    touched = facts_of(register(), {"asset.claimed_id": None, "asset.locator": "db://x"})["asset.key"]
    assert there == touched
    located = register(assets=(asset(), asset("copy", locators=(Locator(pattern="db://*"),))))
    assert facts_of(located, transfer(destination__locator="db://x"))["destination.key"] == "copy"
