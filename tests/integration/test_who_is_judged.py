"""Who an event of the example carrier is judged by, from its bytes to its findings."""

from typing import Any, Final

import pytest

from schemas import events
from schemas.interpretations import Interpretations
from schemas.register import Register
from services.demo import example_carrier
from services.register_files import read_register
from streams.pipeline import Context, run
from streams.register_index import RegisterIndex
from tests.support.events import batch, message
from tests.support.stores import context

Found = set[tuple[str, str, str]]

STAFF: Final = {"issuer": "https://id.tsubame.example", "subject": "cc-1"}
DA_NANG: Final = {"issuer": "https://partners.tsubame.example", "subject": "minato-dn-1"}
APP: Final = {"issuer": "postgres:crm-db1", "subject": "app_crm", "kind": "service"}
SUPERUSER: Final = {"issuer": "postgres:crm-db1", "subject": "postgres"}
STRANGER: Final = {"issuer": "elsewhere", "subject": "mallory"}
HEAD_OFFICE: Final = {"ip": "10.10.1.1"}
AT_HOME: Final = {"party": "tsubame", "country": "JP"}

OUTSOURCED: Final = {("XB-OUTSOURCE", "party", "minato-systems"), ("SC-OUT-OF-SCOPE", "party", "minato-systems")}
UNKNOWN: Final = {("UNKNOWN-PARTY", "party", "unknown"), ("UNKNOWN-COUNTRY", "party", "unknown")}
UNNAMED: Final = {("UNKNOWN-PERSON", "party", "tsubame")}


@pytest.fixture(scope="module")
def known() -> Register:
    return read_register([example_carrier().register])


def found(known: Register, kind: str = events.ACCESS, **data: Any) -> Found:
    """Return rule, role and party of each finding about a reading by own staff, ``data`` put over it."""
    said: dict[str, Any] = {
        "actor": STAFF, "origin": HEAD_OFFICE, "purpose": "database_operation", "records": {"fields": ["name"]},
    }  # fmt: skip
    base = context()
    judged_with = Context(RegisterIndex(known, Interpretations()), base.rulebook, base.keys, base.versions)
    findings = run(batch([message(kind, **{**said, **data})]), judged_with).findings
    rows = findings.select("rule", "role", "party").rows()
    return {(rule, role, str(party).split(":", maxsplit=1)[0]) for rule, role, party in rows}


def test_own_staff_raise_nothing(known: Register) -> None:
    assert found(known) == set()


@pytest.mark.parametrize(
    ("actor", "raised"),
    [
        ({**DA_NANG, "on_behalf_of": STAFF}, OUTSOURCED),
        ({**STAFF, "on_behalf_of": DA_NANG}, OUTSOURCED),
        ({**APP, "on_behalf_of": DA_NANG}, OUTSOURCED),
        ({**APP, "on_behalf_of": STAFF}, set()),
        ({**SUPERUSER, "on_behalf_of": STAFF}, UNNAMED),
        ({**STAFF, "on_behalf_of": SUPERUSER}, set()),
        ({**STAFF, "kind": "shared", "on_behalf_of": {**STAFF, "subject": "cc-2"}}, UNNAMED),
        ({**STRANGER, "kind": "shared", "on_behalf_of": STAFF}, UNKNOWN),
        ({**STAFF, "on_behalf_of": STRANGER}, UNKNOWN),
        ({**APP, "on_behalf_of": STRANGER}, UNKNOWN),
        ({**APP, "on_behalf_of": {"party": "tsubame"}}, UNKNOWN),
    ],
)
def test_neither_who_acts_nor_who_is_acted_for_hides_the_other(
    known: Register, actor: dict[str, Any], raised: Found
) -> None:
    assert found(known, actor=actor) == raised


@pytest.mark.parametrize("claim", ["tsubame", "aws:111122223333"])
def test_to_say_that_one_is_of_the_carrier_proves_nothing(known: Register, claim: str) -> None:
    liar = {**STRANGER, "party": claim}
    assert found(known, actor=liar) == UNKNOWN
    assert found(known, actor={**APP, "on_behalf_of": liar}) == UNKNOWN
    assert found(known, events.GRANT, grantee=liar) == UNKNOWN


def test_a_claim_of_a_third_party_counts(known: Register) -> None:
    assert ("UNKNOWN-PERSON", "party", "luzon-cs") in found(known, actor={**STRANGER, "party": "luzon-cs"})


@pytest.mark.parametrize("address", ["10.80.0.5", "203.0.113.70"])
def test_own_staff_in_a_subcontractors_network_may_be_somebody_else(known: Register, address: str) -> None:
    assert found(known, origin={"ip": address}) == UNNAMED


def received(known: Register, destination: dict[str, str], **exposure: str) -> Found:
    told = {"exposure": exposure} if exposure else {}
    return found(known, events.TRANSFER, action="copy", destination=destination, **told)


@pytest.mark.parametrize(
    ("exposure", "rules", "party"),
    [
        ({"to": "named_party", "party": "tsubame-kr"}, {"XB-SUBSIDIARY", "APPI-28"}, "tsubame-kr"),
        ({"to": "government", "party": "gov-us"}, {"GOV-PROVISION", "APPI-28"}, "gov-us"),
        ({"to": "government"}, {"GOV-PROVISION"}, "unknown"),
        ({"to": "named_party", "party": "aws:999999999999"}, {"EXPOSURE-UNKNOWN-PARTY", "UNKNOWN-PARTY"}, "unknown"),
    ],
)
def test_a_destination_of_ones_own_does_not_hide_whom_data_is_exposed_to(
    known: Register, exposure: dict[str, str], rules: set[str], party: str
) -> None:
    raised = {found for found in received(known, AT_HOME, **exposure) if found[1] == "recipient"}
    assert rules <= {rule for rule, _, _ in raised}
    assert {name for _, _, name in raised} == {party}


@pytest.mark.parametrize("name", [{}, {"party": "a court"}])
def test_a_government_that_only_the_event_calls_japans_is_nobody_known(known: Register, name: dict[str, str]) -> None:
    for destination in (AT_HOME, {"party": "minato-systems", "country": "VN"}):
        before = received(known, destination)
        raised = received(known, destination, to="government", country="JP", **name)
        assert ("EXPOSURE-UNKNOWN-PARTY", "event", "tsubame") in raised - before  # told of who acted
        assert not {rule for rule, _, _ in raised} & {"GOV-PROVISION"}


def test_an_own_destination_in_japan_has_an_own_recipient(known: Register) -> None:
    assert {role for _, role, _ in received(known, AT_HOME)} == {"destination"}


def test_to_say_that_data_abroad_goes_to_the_carrier_itself_is_not_believed(known: Register) -> None:
    raised = received(known, {"party": "tsubame", "country": "VN"})
    assert {("UNKNOWN-PARTY", "recipient", "unknown")} == {one for one in raised if one[1] == "recipient"}
