"""Test vectors 13 to 18 of the domain reference (§9.5), from the bytes of an event to the records of findings."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from schemas.interpretations import Interpretations
from schemas.records import Versions
from services.rulebook_files import read_rulebook
from streams.batch import RawBatch
from streams.commit import Keys
from streams.pipeline import Context, run
from streams.register_index import RegisterIndex, no_geo
from tests.support.registers import register_of

RULEBOOK: Final = read_rulebook()
REGISTER: Final = """
carrier:
  - {valid_from: 2024-04-01, name: Test Telecom, designations: [{service_category: mobile_phone, designated_on: 2024-04-01}]}
services:
  - {valid_from: 2024-04-01, id: mobile, name: Mobile, category: mobile_phone, fee: paid}
parties:
  - {valid_from: 2024-04-01, id: own, name: Test Telecom, kind: own, contracting_country: JP}
  - {valid_from: 2024-04-01, id: us-cloud, name: US Cloud, kind: cloud_provider, contracting_country: US}
  - valid_from: 2024-04-01
    id: us-cloud-evidenced
    name: US Cloud, not handling
    kind: cloud_provider
    contracting_country: US
    cloud_exception: {contract_no_handling_clause: true, access_control_in_place: true, evidence_date: 2024-05-01}
  - valid_from: 2024-04-01
    id: jp-cloud
    name: JP Cloud
    kind: cloud_provider
    contracting_country: JP
    cloud_exception: {contract_no_handling_clause: true, access_control_in_place: true, evidence_date: 2024-05-01}
identities:
  - {valid_from: 2024-04-01, id: hanako, issuer: idp, subject: hanako, party: own, home_country: JP}
countries:
  - {valid_from: 2024-04-01, code: US, affecting: "yes", assessed_on: 2026-06-01, in_use_from: 2024-04-01, sources: [{kind: ppc_survey}]}
  - {valid_from: 2024-04-01, code: SG, affecting: "no", assessed_on: 2026-06-01, in_use_from: 2024-04-01, sources: [{kind: ppc_survey}]}
"""
ASSET: Final = {"valid_from": "2024-04-01", "name": "The asset", "id": "the-asset", "service": "mobile"}
LINE: Final = {"valid_from": "2024-04-01", "umu": "yes", "url": "https://telecom.example/policy"}
COOKIES: Final = {"identifiers": ["cookie_id"], "searchable_collection": True, "relates_to_communication": False,
                  "equipment_country": "JP", "operator": "own"}  # fmt: skip
READ: Final[dict[str, Any]] = {
    "actor": {"issuer": "idp", "subject": "hanako", "kind": "person"},
    "origin": {"country": "JP"},
    "asset": {"id": "the-asset"},
    "action": "read",
    "outcome": "success",
}


def found(asset: dict[str, Any], *, policy: list[dict[str, Any]] | None = None, **transfer: Any) -> dict[str, set[str]]:
    """Return the rules that an event on the asset meets, each with the countries or parties it is about."""
    recorded = record(asset, policy, transfer)
    return {
        rule: {str(finding["country"] or finding["party"]) for finding in recorded if finding["rule"] == rule}
        for rule in {finding["rule"] for finding in recorded}
    }


def record(
    asset: dict[str, Any], policy: list[dict[str, Any]] | None, transfer: dict[str, Any]
) -> list[dict[str, Any]]:
    policy = [{**LINE, "id": f"line-{number}", **line} for number, line in enumerate(policy or [])]
    register = register_of(f"{REGISTER}assets: {json.dumps([{**ASSET, **asset}])}\npolicy: {json.dumps(policy)}\n")
    kind, data = ("transfer", {**READ, "action": "copy", "destination": transfer}) if transfer else ("access", READ)
    event = {"specversion": "1.0", "id": "1", "source": "/test", "time": "2026-11-02T09:00:00+09:00",
             "type": f"io.ashiato.{kind}.v1", "data": data}  # fmt: skip
    batch = RawBatch("file:test", 0, "native", [0], [json.dumps(event).encode()], first=0, last=0)
    versions = Versions(
        register_sha256="1" * 64,
        rulebook_sha256=RULEBOOK.sha256,
        interpretations_sha256="3" * 64,
        mmdb_sha256=None,
        program="0",
    )
    index = RegisterIndex(register, Interpretations(), no_geo)
    recorded = run(batch, Context(index, RULEBOOK, Keys("0" * 64, "1" * 64), versions))
    assert len(recorded.dead_letters) == 0
    return [json.loads(text) for text in recorded.findings["record"]]


def cloud(operator: str, country: str | None = "JP") -> dict[str, Any]:
    """Return an asset of category 2 in a provider's storage service."""
    place = {} if country is None else {"equipment_country": country}
    return {"operator": operator, "storage_service": True, "category": "2", **place}


def test_13_a_table_of_cookie_ids_without_a_link_to_accounts_is_not_category_2() -> None:
    assert found({**COOKIES, "linked_to_account": False}) == {}


def test_14_a_database_of_cookie_ids_keyed_to_account_ids_is_category_2() -> None:
    linked = {**COOKIES, "linked_to_account": True, "equipment_country": "US"}
    assert found(linked) == {"XB-STORE": {"US"}}
    assert found({**linked, "linked_to_account": False}) == {}


def test_15_a_foreign_provider_in_tokyo_with_evidence_is_a_matter_of_ni_only() -> None:
    assert found(cloud("us-cloud-evidenced")) == {"XB-CLOUD": {"US"}}


def test_15_nothing_is_left_once_the_policy_lists_the_providers_country() -> None:
    assert found(cloud("us-cloud-evidenced"), policy=[{"item": "cloud", "country": "US"}]) == {}


def test_15_a_line_without_umu_or_on_request_lists_nothing() -> None:
    for line in ({"umu": None}, {"disclosure": "on_request"}):
        assert found(cloud("us-cloud-evidenced"), policy=[{"item": "cloud", "country": "US", **line}]) == {
            "XB-CLOUD": {"US"}
        }


def test_15_without_evidence_ha_applies_too() -> None:
    assert found(cloud("us-cloud")) == {"XB-CLOUD": {"US"}, "XB-OUTSOURCE": {"US"}}


def test_16_a_japanese_provider_with_a_data_centre_in_the_united_states_is_a_matter_of_ro_1_only() -> None:
    assert found(cloud("jp-cloud", "US")) == {"XB-STORE": {"US"}}
    assert found(cloud("jp-cloud", "US"), policy=[{"item": "storage", "country": "US"}]) == {}


def test_17_third_party_storage_in_an_unknown_country_asks_for_the_third_partys_name() -> None:
    assert found(cloud("jp-cloud", None)) == {"XB-STORE-UNKNOWN": {"jp-cloud"}}
    assert found(cloud("jp-cloud", None), policy=[{"item": "storage_party", "party": "jp-cloud"}]) == {}
    assert set(found(cloud("jp-cloud", None), policy=[{"item": "storage_party", "party": "us-cloud"}])) == {
        "XB-STORE-UNKNOWN"
    }


@pytest.mark.parametrize("until", ["2026-11-02T11:00:00+09:00", None])
def test_18_a_data_check_of_two_hours_in_singapore_is_storage_abroad(until: str | None) -> None:
    home = {"equipment_country": "JP", "operator": "own", "category": "2"}
    check: dict[str, Any] = {
        "country": "SG",
        "locator": "https://qa.example/check",
        "temporary": {"until": until, "purpose": "data check"},
    }
    assert found(home, **check)["XB-STORE"] == {"SG"}
    listed = found(home, policy=[{"item": "storage", "country": "SG", "umu": "no"}], **check)
    assert "XB-STORE" not in listed
    assert set(listed) == {"UNKNOWN-ASSET"}
