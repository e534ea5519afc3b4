"""What must hold between entries; each text is a register, and what is told of it is exact."""

import time

import pytest

from schemas.register import Identity, Register
from streams.register_checks import check
from streams.register_versions import EMPTY_REGISTER
from tests.support.registers import register_of

US = "parties: [{id: us, name: Us, kind: own, valid_from: 2025-04-01}]\n"


def errors(text: str) -> list[tuple[tuple[str | int, ...], str]]:
    return [(problem.loc, problem.what) for problem in check(register_of(text)) if problem.level == "error"]


def warnings(text: str) -> list[tuple[tuple[str | int, ...], str]]:
    return [(problem.loc, problem.what) for problem in check(register_of(text)) if problem.level == "warning"]


def test_an_empty_register_holds() -> None:
    assert check(EMPTY_REGISTER) == []


def test_norway_is_a_country() -> None:
    assert errors("countries: [{code: NO, valid_from: 2025-04-01, affecting: unknown}]") == []


@pytest.mark.parametrize(
    ("entry", "at"),
    [
        ("countries: [{code: XX, valid_from: 2025-04-01, affecting: unknown}]", ("countries", 0, "code")),
        ("assets: [{id: a, name: a, valid_from: 2025-04-01, equipment_country: XX}]", ("assets", 0, "equipment_country")),
        ("identities: [{id: a, issuer: i, subject: s, valid_from: 2025-04-01, home_country: XX}]", ("identities", 0, "home_country")),
        ("parties: [{id: a, name: a, kind: own, valid_from: 2025-04-01, contracting_country: XX}]", ("parties", 0, "contracting_country")),
        ("parties: [{id: a, name: a, kind: own, valid_from: 2025-04-01, operating_country: XX}]", ("parties", 0, "operating_country")),
        ("parties: [{id: a, name: a, kind: own, valid_from: 2025-04-01, parent_country: XX}]", ("parties", 0, "parent_country")),
        (US + "contracts: [{id: a, party: us, sui_terms: true, valid_from: 2025-04-01, scope: {countries: [JP, '*', XX]}}]", ("contracts", 0, "scope", "countries", 2)),
        ("policy: [{id: a, item: cloud, country: XX, umu: yes, valid_from: 2025-04-01}]", ("policy", 0, "country")),
        ("planned_transfers: [{id: a, approver: a, assets: [], countries: [XX], valid_from: 2025-04-01}]", ("planned_transfers", 0, "countries", 0)),
        ("networks: [{id: a, cidr: 192.0.2.0/24, country: XX, valid_from: 2025-04-01}]", ("networks", 0, "country")),
        (US + "regions: [{provider: us, name: a, country: XX, valid_from: 2025-04-01}]", ("regions", 0, "country")),
    ],
)  # fmt: skip
def test_a_country_code_that_is_none_is_told_wherever_it_stands(entry: str, at: tuple[str | int, ...]) -> None:
    assert errors(entry) == [(at, "XX is not a country code")]


@pytest.mark.parametrize(
    ("entry", "at", "what"),
    [
        ("services: [{id: a, name: a, valid_from: 2025-04-01, parent: x}]", ("services", 0, "parent"), "service"),
        ("assets: [{id: a, name: a, valid_from: 2025-04-01, service: x}]", ("assets", 0, "service"), "service"),
        ("assets: [{id: a, name: a, valid_from: 2025-04-01, operator: x}]", ("assets", 0, "operator"), "party"),
        ("identities: [{id: a, issuer: i, subject: s, valid_from: 2025-04-01, party: x}]", ("identities", 0, "party"), "party"),
        ("identities: [{id: a, issuer: i, subject: s, valid_from: 2025-04-01, contract: x}]", ("identities", 0, "contract"), "contract"),
        ("parties: [{id: a, name: a, kind: subcontractor, valid_from: 2025-04-01, principal: x}]", ("parties", 0, "principal"), "party"),
        ("contracts: [{id: a, party: x, sui_terms: true, valid_from: 2025-04-01, scope: {}}]", ("contracts", 0, "party"), "party"),
        (US + "contracts: [{id: a, party: us, sui_terms: true, valid_from: 2025-04-01, scope: {assets: ['*', x]}}]", ("contracts", 0, "scope", "assets", 1), "asset"),
        (US + "contracts: [{id: a, party: us, sui_terms: true, valid_from: 2025-04-01, scope: {purposes: [w]}, resub_approvals: [{party: x, work: w, approved_on: 2025-04-01}]}]", ("contracts", 0, "resub_approvals", 0, "party"), "party"),
        ("policy: [{id: a, item: storage_party, party: x, valid_from: 2025-04-01}]", ("policy", 0, "party"), "party"),
        ("planned_transfers: [{id: a, approver: a, assets: [x], valid_from: 2025-04-01}]", ("planned_transfers", 0, "assets", 0), "asset"),
        ("planned_transfers: [{id: a, approver: a, assets: [], recipients: [x], valid_from: 2025-04-01}]", ("planned_transfers", 0, "recipients", 0), "party"),
        ("networks: [{id: a, cidr: 192.0.2.0/24, party: x, valid_from: 2025-04-01}]", ("networks", 0, "party"), "party"),
        ("regions: [{provider: x, name: a, country: JP, valid_from: 2025-04-01}]", ("regions", 0, "provider"), "party"),
    ],
)  # fmt: skip
def test_a_reference_to_nothing_is_told_wherever_it_stands(entry: str, at: tuple[str | int, ...], what: str) -> None:
    assert errors(entry) == [(at, f'there is no {what} "x"')]


def test_a_similar_id_is_proposed() -> None:
    text = US + "assets: [{id: a, name: a, valid_from: 2025-04-01, operator: uss}]"
    assert [problem.todo for problem in check(register_of(text))] == ["did you mean us?"]


def test_what_is_referred_to_must_hold_at_the_same_time() -> None:
    asset = "assets: [{{id: a, name: a, valid_from: {0}, valid_to: {1}, operator: p}}]\n"
    party = "parties:\n- {id: p, name: P, kind: other, valid_from: 2025-04-01, valid_to: 2026-04-01}\n"
    assert check(register_of(party + asset.format("2025-05-01", "2026-04-01"))) == []
    assert errors(party + asset.format("2026-04-01", "null")) == [
        (("assets", 0, "operator"), 'the party "p" never holds while this entry does')
    ]
    partly = [(("assets", 0, "operator"), 'the party "p" does not hold all the time that this entry does')]
    assert warnings(party + asset.format("2025-05-01", "null")) == partly
    assert warnings(party + asset.format("2025-03-01", "2026-04-01")) == partly
    history = party + "- {id: p, name: P, kind: other, valid_from: 2026-04-01}\n"
    assert check(register_of(history + asset.format("2025-05-01", "null"))) == []


def test_one_id_holds_once_at_a_time() -> None:
    text = """
countries:
- {code: SG, valid_from: 2025-04-01, affecting: unknown}
- {code: SG, valid_from: 2025-05-01, valid_to: 2025-06-01, affecting: unknown}
- {code: SG, valid_from: 2026-01-01, affecting: unknown}
- {code: IN, valid_from: 2025-04-01, valid_to: 2026-01-01, affecting: unknown}
- {code: IN, valid_from: 2026-01-01, affecting: unknown}
"""
    twice = 'the country "SG" is there twice at the same time'
    assert errors(text) == [(("countries", 1), twice), (("countries", 2), twice)]


def test_locators_of_two_assets_that_tie_are_told() -> None:
    text = """
assets:
- {id: a, name: a, valid_from: 2025-04-01, locators: [{pattern: "db*/x"}, {pattern: "db*/x"}]}
- {id: b, name: b, valid_from: 2025-04-01, locators: [{pattern: "db1/*"}, {pattern: "d*b/x"}]}
- {id: c, name: c, valid_from: 2020-04-01, valid_to: 2021-04-01, locators: [{pattern: "db*/x"}]}
"""
    what = 'this locator ties with one of the asset "a"'
    found = errors(text)
    assert {loc for loc, _ in found} == {
        ("assets", 1, "locators", 0, "pattern"),
        ("assets", 1, "locators", 1, "pattern"),
    }
    assert {text for _, text in found} == {what}


def test_two_spellings_of_one_url_tie() -> None:
    text = """
assets:
- {id: a, name: a, valid_from: 2025-04-01, locators: [{pattern: "https://wiki.example/crm/*"}]}
- {id: b, name: b, valid_from: 2025-04-01, locators: [{pattern: "HTTPS://Wiki.Example:443/crm/*"}]}
"""
    what = 'this locator ties with one of the asset "a"'
    assert errors(text) == [(("assets", 1, "locators", 0, "pattern"), what)]


def test_identities_that_tie_are_told() -> None:
    identity = "- {{id: {0}, valid_from: 2025-04-01, issuer: '{1}', subject: '{2}'{3}}}\n"
    rows = [
        ("a", "idp", "dba-*", ""), ("b", "idp", "*-dba", ""),  # equally specific, one text has both
        ("c", "idp2", "cc-*", ""), ("d", "idp2", "*", ", role: dba"), ("e", "idp2", "cc-*", ", role: dba"),
        ("f", "idp3", "x*", ""), ("g", "idp4", "x*", ""),
        ("h", "one*", "bob", ""), ("i", "one1", "bo*", ""),
    ]  # fmt: skip
    text = "identities:\n" + "".join(identity.format(*row) for row in rows)
    assert errors(text) == [
        (("identities", 1, "subject"), 'this identity ties with "a"'),
        (("identities", 8, "subject"), 'this identity ties with "h"'),
    ]


def test_two_roles_that_can_be_the_same_tie() -> None:
    text = """
identities:
- {id: a, valid_from: 2025-04-01, issuer: i, subject: s, role: dba}
- {id: b, valid_from: 2025-04-01, issuer: i, subject: s, role: ops}
- {id: c, valid_from: 2025-04-01, issuer: i, subject: s, role: dba}
"""
    assert errors(text) == [(("identities", 2, "subject"), 'this identity ties with "a"')]


def test_ties_among_tens_of_thousands_of_identities_are_found_in_seconds() -> None:
    entry = {"issuer": "https://id.example.jp", "valid_from": "2025-04-01"}
    many = tuple(
        Identity.model_validate(entry | {"id": f"u{n}", "subject": f"user-{n:06d}"}, strict=False)
        for n in range(20_000)
    )
    again = many[77].model_copy(update={"id": "again"})
    began = time.perf_counter()
    found = check(Register(identities=(*many, again)))
    assert [problem.loc for problem in found] == [("identities", 20_000, "subject")]
    assert time.perf_counter() - began < 30


def test_networks_must_be_ranges_and_not_tie() -> None:
    text = """
networks:
- {id: a, valid_from: 2025-04-01, cidr: 192.0.2.0/24}
- {id: b, valid_from: 2025-04-01, cidr: 192.0.2.0/25}
- {id: c, valid_from: 2025-04-01, cidr: 192.0.2.1/24}
- {id: d, valid_from: 2025-04-01, cidr: 192.0.2.0/24}
- {id: e, valid_from: 2025-04-01, cidr: 300.0.0.0/8}
- {id: f, valid_from: 2025-04-01, cidr: "2001:db8:0::/32"}
- {id: g, valid_from: 2025-04-01, cidr: "2001:DB8::/32"}
"""
    assert errors(text) == [
        (("networks", 2, "cidr"), "this is no address range"),
        (("networks", 3, "cidr"), 'this range ties with the network "a"'),
        (("networks", 4, "cidr"), "this is no address range"),
        (("networks", 6, "cidr"), 'this range ties with the network "f"'),
    ]
    assert next(problem.todo for problem in check(register_of(text))) == "write 192.0.2.0/24"


def test_circles_of_parents_and_principals_are_told() -> None:
    text = """
services:
- {id: a, name: a, valid_from: 2025-04-01, parent: b}
- {id: b, name: b, valid_from: 2025-04-01, parent: a}
- {id: c, name: c, valid_from: 2025-04-01, parent: a}
parties:
- {id: p, name: p, kind: subcontractor, valid_from: 2025-04-01, principal: p}
"""
    assert errors(text) == [
        (("services", 0, "parent"), "the service is its own parent"),
        (("services", 1, "parent"), "the service is its own parent"),
        (("parties", 0, "principal"), "the party works for itself"),
    ]


def test_a_month_has_one_figure() -> None:
    text = """
services:
- {id: a, name: a, category: sns, valid_from: 2025-04-01, monthly_users: [{month: "2026-04", users: 1}, {month: "2026-04", users: 2}]}
"""
    assert errors(text) == [(("services", 0, "monthly_users", 1, "month"), "the month 2026-04 is there twice")]


def test_an_approval_names_work_of_its_contract_and_ends_after_it_begins() -> None:
    text = """
parties:
- {id: s, name: s, kind: subcontractor, valid_from: 2025-04-01}
- {id: r, name: r, kind: re_subcontractor, valid_from: 2025-04-01, principal: s}
contracts:
- id: c
  party: s
  sui_terms: true
  valid_from: 2025-04-01
  scope: {purposes: [billing]}
  resub_approvals:
  - {party: r, work: billing, approved_on: 2025-04-01}
  - {party: r, work: printing, approved_on: 2025-04-01}
  - {party: r, work: "*", approved_on: 2025-04-01, until: 2025-04-01}
"""
    assert errors(text) == [
        (("contracts", 0, "resub_approvals", 1, "work"), "the contract has no such purpose"),
        (("contracts", 0, "resub_approvals", 2, "until"), "the approval ends before it begins"),
    ]


def test_an_account_names_one_party_at_a_time() -> None:
    text = """
parties:
- {id: own, name: o, kind: own, valid_from: 2025-04-01, accounts: ["aws:1", "aws:1"]}
- {id: before, name: b, kind: other, valid_from: 2024-04-01, valid_to: 2025-04-01, accounts: ["aws:1"]}
- {id: other, name: o, kind: other, valid_from: 2025-04-01, accounts: ["aws:2", "aws:1", own]}
"""
    assert errors(text) == [
        (("parties", 2, "accounts", 1), 'this account names the party "own" too'),
        (("parties", 2, "accounts", 2), 'this account names the party "own" too'),
    ]


def test_stubs_must_be_filled_in() -> None:
    text = "assets: [{id: a, name: FILL-IN, valid_from: 2025-04-01, locators: [{pattern: FILL-IN}]}]"
    assert errors(text) == [
        (("assets", 0, "locators", 0, "pattern"), "FILL-IN still stands here"),
        (("assets", 0, "name"), "FILL-IN still stands here"),
    ]


def test_what_may_not_be_meant_is_a_warning() -> None:
    text = """
carrier:
- {name: us, valid_from: 2025-04-01, designations: [{service_category: email, designated_on: 2025-04-01}]}
services:
- {id: s, name: s, valid_from: 2025-04-01}
identities:
- {id: i, issuer: i, subject: s, valid_from: 2025-04-01, party: other, contract: c}
- {id: j, issuer: i, subject: t, valid_from: 2025-04-01, party: re, contract: c}
parties:
- {id: sub, name: s, kind: subcontractor, valid_from: 2025-04-01}
- {id: re, name: r, kind: re_subcontractor, valid_from: 2025-04-01, principal: sub}
- {id: other, name: o, kind: re_subcontractor, valid_from: 2025-04-01}
contracts:
- {id: c, party: sub, sui_terms: true, valid_from: 2025-04-01, scope: {}}
countries:
- {code: SG, valid_from: 2025-04-01, affecting: no}
policy:
- {id: a, item: storage, country: SG, valid_from: 2025-04-01}
- {id: b, item: cloud, country: JP, umu: no, disclosure: on_request, valid_from: 2025-04-01}
regions:
- {provider: sub, name: x, country: SG, valid_from: 2025-04-01}
- {provider: re, name: x, country: IN, valid_from: 2025-04-01}
"""
    assert errors(text) == []
    assert warnings(text) == [
        (("carrier", 0, "designations", 0, "service_category"), "no service has the designated category email"),
        (("services", 0), "neither category nor parent is given"),
        (("identities", 0, "contract"), 'the contract "c" is not one of the party "other"'),
        (("parties", 2), "a re-subcontractor names no principal"),
        (("countries", 0), "the assessment has no date"),
        (("policy", 0), "the line does not say whether an affecting system exists (有無)"),
        (("policy", 1, "country"), "the line names Japan"),
        (("policy", 1, "disclosure"), "what is told on request only satisfies no item"),
        (("regions", 1, "name"), "this name stands for two countries"),
    ]
