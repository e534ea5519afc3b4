"""Test vectors 13 to 18 of the domain reference (§9.5), from files of register and log to findings and flags."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from services.cli import run

Found = Callable[..., dict[str, set[str]]]
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


@pytest.fixture
def found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Found:
    """Say which rules an event on an asset meets, each with the countries or parties that it is about.

    By the commands, as people use them: a register is loaded, a file ingested, and the store asked for findings.
    """
    folders = (tmp_path / str(number) for number in itertools.count())

    def ashiato(*arguments: str) -> str:
        capsys.readouterr()
        assert run([*arguments]) == 0
        return capsys.readouterr().out

    def of(
        asset: dict[str, Any], *, policy: list[dict[str, Any]] | None = None, **transfer: Any
    ) -> dict[str, set[str]]:
        (folder := next(folders)).mkdir()
        (folder / "register.yaml").write_text(_register(asset, policy or []), encoding="utf-8")
        (folder / "log.ndjson").write_text(_event(transfer) + "\n", encoding="utf-8")
        data = ("--data-dir", str(folder / "data"))
        ashiato("register", "load", str(folder / "register.yaml"), *data)
        assert "1 event" in ashiato("ingest", str(folder / "log.ndjson"), *data)
        met = defaultdict[str, set[str]](set)
        for flag in json.loads(ashiato("flags", "list", "--json", *data)):
            met[flag["rule"]].add(str(flag["country"] or flag["party"]))
        return dict(met)

    return of


def _register(asset: dict[str, Any], policy: list[dict[str, Any]]) -> str:
    """Return a register with one asset and what is published, as YAML."""
    lines = [{**LINE, "id": f"line-{number}", **line} for number, line in enumerate(policy)]
    return f"{REGISTER}assets: {json.dumps([{**ASSET, **asset}])}\npolicy: {json.dumps(lines)}\n"


def _event(transfer: dict[str, Any]) -> str:
    """Return an event that reads the asset, or copies it to a destination."""
    kind, data = ("transfer", {**READ, "action": "copy", "destination": transfer}) if transfer else ("access", READ)
    return json.dumps({"specversion": "1.0", "id": "1", "source": "/test", "time": "2026-11-02T09:00:00+09:00",
                       "type": f"io.ashiato.{kind}.v1", "data": data})  # fmt: skip


def cloud(operator: str, country: str | None = "JP") -> dict[str, Any]:
    """Return an asset of category 2 in a provider's storage service."""
    place = {} if country is None else {"equipment_country": country}
    return {"operator": operator, "storage_service": True, "category": "2", **place}


def test_13_a_table_of_cookie_ids_without_a_link_to_accounts_is_not_category_2(found: Found) -> None:
    assert found({**COOKIES, "linked_to_account": False}) == {}


def test_14_a_database_of_cookie_ids_keyed_to_account_ids_is_category_2(found: Found) -> None:
    linked = {**COOKIES, "linked_to_account": True, "equipment_country": "US"}
    assert found(linked) == {"XB-STORE": {"US"}}
    assert found({**linked, "linked_to_account": False}) == {}


def test_15_a_foreign_provider_in_tokyo_with_evidence_is_a_matter_of_ni_only(found: Found) -> None:
    assert found(cloud("us-cloud-evidenced")) == {"XB-CLOUD": {"US"}}


def test_15_nothing_is_left_once_the_policy_lists_the_providers_country(found: Found) -> None:
    assert found(cloud("us-cloud-evidenced"), policy=[{"item": "cloud", "country": "US"}]) == {}


def test_15_a_line_without_umu_or_on_request_lists_nothing(found: Found) -> None:
    for line in ({"umu": None}, {"disclosure": "on_request"}):
        assert found(cloud("us-cloud-evidenced"), policy=[{"item": "cloud", "country": "US", **line}]) == {
            "XB-CLOUD": {"US"}
        }


def test_15_without_evidence_ha_applies_too(found: Found) -> None:
    assert found(cloud("us-cloud")) == {"XB-CLOUD": {"US"}, "XB-OUTSOURCE": {"US"}}


def test_16_a_japanese_provider_with_a_data_centre_in_the_united_states_is_a_matter_of_ro_1_only(found: Found) -> None:
    assert found(cloud("jp-cloud", "US")) == {"XB-STORE": {"US"}}
    assert found(cloud("jp-cloud", "US"), policy=[{"item": "storage", "country": "US"}]) == {}


def test_17_third_party_storage_in_an_unknown_country_asks_for_the_third_partys_name(found: Found) -> None:
    assert found(cloud("jp-cloud", None)) == {"XB-STORE-UNKNOWN": {"jp-cloud"}}
    assert found(cloud("jp-cloud", None), policy=[{"item": "storage_party", "party": "jp-cloud"}]) == {}
    assert set(found(cloud("jp-cloud", None), policy=[{"item": "storage_party", "party": "us-cloud"}])) == {
        "XB-STORE-UNKNOWN"
    }


@pytest.mark.parametrize("until", ["2026-11-02T11:00:00+09:00", None])
def test_18_a_data_check_of_two_hours_in_singapore_is_storage_abroad(found: Found, until: str | None) -> None:
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
