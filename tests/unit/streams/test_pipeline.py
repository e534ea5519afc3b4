"""The whole way of an event: what goes in as bytes, and what of it stands in records and findings."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from schemas.interpretations import Interpretations
from schemas.register import Locator, Register
from streams.batch import RawBatch, Recorded
from streams.pipeline import Context, run
from streams.register_index import RegisterIndex
from tests.support.facts import DAY, asset, party, register
from tests.support.stores import context, event

CRM: Final = asset("crm", locators=(Locator(pattern="db:crm/*"),), operator="own")
WIKI: Final = asset("wiki", category="none", locators=(Locator(pattern="db:*"),))
CLOUD: Final = asset("abroad", equipment_country="SG", operator="cloud-us", locators=(Locator(pattern="s3:*"),))
PERSON: Final = "taro.yamada@example.co.jp"


def said(known: Register, *events: Mapping[str, Any]) -> Recorded:
    """Return what is recorded of events under a register."""
    messages = [json.dumps(one).encode() for one in events]
    offsets = list(range(len(messages)))
    base = context()
    index = RegisterIndex(known, Interpretations())
    batch = RawBatch("file:a", 0, "native", offsets, messages, 0, len(messages) - 1)
    return run(batch, Context(index, base.rulebook, base.keys, base.versions))


def test_a_context_serves_one_thread_at_a_time() -> None:
    base = context()
    own = Context(RegisterIndex(register(), Interpretations()), base.rulebook, base.keys, base.versions)
    batch = RawBatch("file:a", 0, "native", [0], [json.dumps(event(1)).encode()], 0, 0)

    with ThreadPoolExecutor(1) as thread:
        with own.index.turn(), pytest.raises(RuntimeError, match="one thread at a time"):
            thread.submit(run, batch, own).result()
        with pytest.raises(ZeroDivisionError), own.index.turn():
            _ = 1 // 0

        assert thread.submit(run, batch, own).result().evidence.height == 1
    assert run(batch, own).evidence.height == 1


def rules(recorded: Recorded) -> set[str]:
    return set(recorded.findings["rule"])


def of_asset(**named: str) -> dict[str, Any]:
    return event(1, asset=named)


@pytest.mark.parametrize(
    ("named", "key"),
    [
        ({"id": "wiki", "locator": "db:crm/customers"}, None),
        ({"id": "app-7", "locator": "db:crm/customers"}, None),
        ({"locator": "db:hr/people"}, None),
        ({"id": "crm", "locator": "db:crm/customers"}, "crm"),
        ({"id": "crm", "locator": "10.0.0.1:5432"}, None),
        ({"locator": "db:lunch"}, "wiki"),
    ],
)
def test_an_asset_that_is_named_in_contradiction_or_is_gone_is_unknown(named: dict[str, str], key: str | None) -> None:
    gone = asset("hr", locators=(Locator(pattern="db:hr/*"),), valid_to=DAY)
    recorded = said(register(assets=(CRM, WIKI, gone)), of_asset(**named))
    (record,) = (json.loads(text)["asset"] for text in recorded.evidence["record"])
    assert ("UNKNOWN-ASSET" in rules(recorded)) == (key is None)
    if key is None:
        assert record["key"].startswith("unregistered:")
        assert (record["category"], record["operator"]) == (None, None)
    else:
        assert record["key"] == key


def test_a_destination_that_is_named_in_contradiction_is_unknown() -> None:
    moved = event(1, asset={"id": "crm"}, action="copy", destination={"asset": "wiki", "locator": "db:crm/customers"})
    recorded = said(register(assets=(CRM, WIKI)), {**moved, "type": "io.ashiato.transfer.v1"})
    (record,) = (json.loads(text)["destination"] for text in recorded.evidence["record"])
    assert record["key"].startswith("unregistered:")
    assert record["equipment_country"] is None


def test_a_finding_about_equipment_names_its_country_and_one_about_the_provider_the_providers() -> None:
    known = register(assets=(CLOUD,), parties=(party("cloud-us", "cloud_provider", "US"),))
    found = said(known, event(1, asset={"id": "abroad"})).findings
    countries = {(row["rule"], row["role"]): row["country"] for row in found.to_dicts()}
    assert countries["XB-STORE", "asset"] == "SG"
    assert countries["XB-CLOUD", "asset"] == "US"
    assert countries["FS-UNASSESSED", "asset"] == "SG+US"


def claims() -> list[dict[str, Any]]:
    """Return events of all kinds that name a person wherever a producer may write what it likes."""
    who = {"issuer": "idp", "subject": PERSON, "party": PERSON}
    named = {
        "actor": {**who, "kind": "person", "on_behalf_of": who},
        "asset": {"id": PERSON, "locator": PERSON},
        "purpose": PERSON, "ticket": PERSON, "approval": [PERSON],
        "records": {"users": [PERSON]},
    }  # fmt: skip
    exposed = [
        {"to": "named_party", "party": PERSON},
        {"to": "government", "party": PERSON, "country": "US", "system": PERSON},
    ]
    destination = {
        "asset": PERSON, "locator": PERSON, "party": PERSON,
        "temporary": {"until": "2026-11-02T00:00:00Z", "purpose": PERSON},
    }  # fmt: skip
    accesses = [event(1, **named, exposure=exposure) for exposure in exposed]
    own = [event(2, **{**named, "actor": {**who, "kind": "person"}})]
    transfers = [event(3, **named, destination=destination, exposure=exposure) for exposure in exposed]
    grants = [event(4, **named, grantee=who, change="given")]
    acts = [event(5)]
    acts[0]["data"] = {"actor": who, "kind": "evidence_read", "subject": PERSON, "why": PERSON}
    kinds = {"access": [*accesses, *own], "transfer": transfers, "grant": grants, "act": acts}
    return [{**one, "type": f"io.ashiato.{kind}.v1"} for kind, some in kinds.items() for one in some]


@pytest.mark.parametrize("known", [Register(), register(assets=(CRM,))], ids=["nothing known", "something known"])
def test_what_a_producer_may_write_as_it_likes_is_in_no_record_and_no_finding(known: Register) -> None:
    events = claims()
    of_crm = [{**one, "data": {**one["data"], "asset": {"id": "crm"}}} for one in events if "act." not in one["type"]]
    recorded = said(known, *events, *of_crm)
    assert not recorded.dead_letters.height
    assert {"SC-UNREGISTERED", "GOV-PROVISION", "EXPOSURE-UNKNOWN-PARTY"} <= rules(recorded)
    assert recorded.activity is not None
    for frame in (recorded.evidence, recorded.findings, recorded.activity):
        assert PERSON not in frame.drop("leaf_hash", strict=False).write_json()


def test_what_is_left_out_of_the_record_lies_beside_it() -> None:
    recorded = said(Register(), *claims())
    beside = recorded.personal_long.select("exposure.party", "exposure.system", "act.subject")
    assert [set(column.drop_nulls()) for column in beside] == [{PERSON}] * 3
