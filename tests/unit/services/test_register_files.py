"""Every error of a register is told at once, with path, line and column."""

from pathlib import Path

import pytest

from schemas.errors import ManyErrors, RegisterError
from schemas.register import Register
from services.register_files import read_register, survey_register
from streams.register_versions import content_sha256
from tests.support.registers import told

FIFTY_AND_TWO = """\
carrier:
  - {valid_from: 2025-04-01, name: ""}
  - {valid_from: 2026-04-01, name: Us, bureo: Kanto}
services:
  - {id: s1, valid_from: 2025-04-01, name: One, category: snss}
  - {id: s2, valid_from: 2025-04-01, name: Two, category: sns, fee: Free}
  - {id: s3, valid_from: 2025-04-01, name: Three, parent: s33}
  - {id: s4, valid_from: 2025-04-01, name: Four, parent: s4}
  - {id: s5, valid_from: 2025-04-01, name: Five, category: sns, monthly_users: [{month: 2026-13, users: 1}]}
  - {id: s6, valid_from: 2025-04-01, name: Six, category: sns, monthly_users: [{month: "2026-04", users: -1}]}
  - {id: s7, valid_from: 2025-04-01, name: 7, category: sns}
assets:
  - {id: a1, valid_from: 2025-04-01, name: A, service: s9}
  - {id: a2, valid_from: 2025-04-01, name: A, operator: nobody}
  - {id: a3, valid_from: 2025-04-01, name: A, equipment_country: UK}
  - {id: a4, valid_from: 2025-04-01, name: A, equipment_country: jp}
  - {id: a5, valid_from: 2025-04-01, name: A, category: 1}
  - {id: a6, valid_from: 2025-04-01, name: A, category: "3"}
  - {id: a7, valid_from: 2025-04-01, name: A, identifiers: [account]}
  - {id: a8, valid_from: 2025-04-01, name: A, identifiers: account_id}
  - {id: a9, valid_from: 2025-04-01, name: A, linked_to_account: yes}
  - {id: a10, valid_from: 2025-04-01, name: A, user_population: 1.5}
  - {id: a11, valid_from: 2025-04-01, name: A, user_population: 9223372036854775808}
  - {id: a12, valid_from: 2025-04-01, name: A, locators: [{pattern: db*}]}
  - {id: a13, valid_from: 2025-04-01, name: A, locators: [{pattern: db*}]}
  - {id: a14, valid_from: 2025-04-01, name: A, locators: [db1]}
  - {id: a15, valid_from: 2025-04-01, name: A, log_sources: [{source: x, expected_every_minutes: 0}]}
  - {id: a16, valid_from: 2025-02-30, name: A}
  - {id: a17, valid_from: 2025-04-01, valid_to: 2025-04-01, name: A}
  - {id: a17, valid_from: 01/04/2025, name: A}
  - {id: "a 18", valid_from: 2025-04-01, name: A}
  - {valid_from: 2025-04-01, name: A}
  - {id: a19, name: A}
  - just a text
identities:
  - {id: i1, valid_from: 2025-04-01, issuer: idp, subject: x-*, party: p1}
  - {id: i2, valid_from: 2025-04-01, issuer: idp, subject: x-*, party: p1}
  - {id: i3, valid_from: 2025-04-01, issuer: idp, subject: y, contract: c9}
  - {id: i3, valid_from: 2025-05-01, issuer: idp, subject: y}
parties:
  - {id: p1, valid_from: 2025-04-01, name: P, kind: subcontracter}
  - {id: p2, valid_from: 2025-04-01, name: P, kind: other, accounts: aws:1}
  - {id: p3, valid_from: 2025-04-01, name: P, kind: other, cloud_exception: {evidence_date: 2025-04-01, access_control_in_place: true}}
contracts:
  - {id: c1, valid_from: 2025-04-01, party: p9, sui_terms: true, scope: {}}
  - {id: c2, valid_from: 2025-04-01, party: p2, sui_terms: true, scope: {countries: [JP, XX]}}
  - {id: c3, valid_from: 2025-04-01, party: p2, sui_terms: true, scope: {assets: [a1, a99]}}
policy:
  - {id: l1, valid_from: 2025-04-01, item: storage, umu: no}
  - {id: l2, valid_from: 2025-04-01, item: storage_party}
  - {id: l3, valid_from: 2025-04-01, item: storing, country: US, umu: no}
networks:
  - {id: n1, valid_from: 2025-04-01, cidr: 192.0.2.1/24}
countries:
  - {code: Sg, valid_from: 2025-04-01, affecting: unknown}
  - {code: SG, valid_from: 2025-04-01, affecting: perhaps, sources: [{kind: blog}]}
planned_transfers:
  - {id: t1, valid_from: 2025-04-01, approver: CISO}
  - {id: t2, valid_from: 2025-04-01, approver: CISO, assets: [a1], recipients: [p8], deletion_due: soon}
regions:
  - {provider: p2, valid_from: 2025-04-01, name: mars-1, country: ZZ}
netwroks: []
"""

TOLD = """\
2:36: carrier.name must not be empty
3:5: the carrier "carrier" is there twice at the same time
3:40: there is no key "bureo" here
5:59: services.category must be one of: fixed_phone, mobile_phone, ip_phone
6:69: services.fee must be one of: free, paid
7:59: there is no service "s33"
8:58: the service is its own parent
9:89: services.monthly_users.month must be a month
10:106: services.monthly_users.users must be greater than or equal to 0
11:44: services.name must be a text
13:56: there is no service "s9"
14:57: there is no party "nobody"
15:66: UK is not a country code
16:66: assets.equipment_country must be a country code
17:57: assets.category must be one of: 1, 2, both
18:57: assets.category must be one of: 1, 2, both
19:61: assets.identifiers must be one of: account_id, contract_id, phone
20:60: assets.identifiers must be a list
21:66: assets.linked_to_account must be true or false
22:65: assets.user_population must be a whole number
23:65: assets.user_population must be less than or equal to 9223372036854775807
25:69: this locator ties with one of the asset "a12"
26:59: assets.locators must be keys with values
27:98: assets.log_sources.expected_every_minutes must be greater than or equal to 1
28:27: assets.valid_from must be a date
29:49: assets.valid_to cannot be: valid_to must be later than valid_from
30:27: assets.valid_from must be a date
31:10: assets.id is no id
32:5: the key "id" is missing
33:5: the key "valid_from" is missing
34:5: assets must be keys with values
37:60: this identity ties with "i1"
38:73: there is no contract "c9"
39:5: the identity "i3" is there twice at the same time
41:53: parties.kind must be one of: own, subcontractor, re_subcontractor
42:70: parties.accounts must be a list
43:77: the key "contract_no_handling_clause" is missing
45:45: there is no party "p9"
46:90: XX is not a country code
47:87: there is no asset "a99"
49:5: policy cannot be: a line of item storage must name the country
50:5: policy cannot be: a storage_party line must name the party
51:44: policy.item must be one of: storage, storage_party, outsourcing
53:44: this is no address range
55:12: countries.code must be a country code
56:51: countries.affecting must be one of: yes, no, unknown
56:77: countries.sources.kind must be one of: ppc_survey, mic_survey, government_publication
58:5: the key "assets" is missing
59:81: there is no party "p8"
59:100: planned_transfers.deletion_due must be a date
61:67: ZZ is not a country code
62:1: a register has no part "netwroks"
"""


def test_a_register_with_many_errors_tells_each_of_them_with_line_and_column(tmp_path: Path) -> None:
    errors, _ = told(tmp_path, FIFTY_AND_TWO)
    wanted = TOLD.splitlines()
    assert [error[: len(line)] for error, line in zip(errors, wanted, strict=False)] == wanted
    assert len(errors) == len(wanted) == 52


def test_fifty_errors_are_fifty_lines(tmp_path: Path) -> None:
    rows = "".join(f"- {{id: a{n:02}, valid_from: 2025-04-01, name: A, equipment_country: XX}}\n" for n in range(50))
    (tmp_path / "assets.yaml").write_text(f"assets:\n{rows}")
    with pytest.raises(ManyErrors) as caught:
        read_register([tmp_path])
    assert len(caught.value.errors) == 50
    lines = str(caught.value).splitlines()
    assert lines[0] == "the register cannot be used: 50 error(s)"
    assert [line.split(": ")[0].strip() for line in lines[1:]] == [
        f"{tmp_path}/assets.yaml:{n + 2}:65" for n in range(50)
    ]


def test_no_error_text_holds_a_value(tmp_path: Path) -> None:
    text = "identities: [{id: i, valid_from: 2025-04-01, issuer: 7, subject: [tanaka.taro], home_country: tanaka.taro}]"
    errors, _ = told(tmp_path, text)
    assert len(errors) == 3
    assert "tanaka" not in "".join(errors)


def test_an_empty_register_is_valid(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("")
    (tmp_path / "b.yml").write_text("assets:\nparties: []\n")
    assert read_register([tmp_path]) == Register()


def test_parts_may_be_spread_over_files_without_changing_the_version(tmp_path: Path) -> None:
    one, two = (
        "- {id: p, valid_from: 2025-04-01, name: P, kind: own}\n",
        "- {id: o, valid_from: 2025-04-01, name: O, kind: own}\n",
    )
    together, apart = tmp_path / "together", tmp_path / "apart" / "deeper"
    together.mkdir()
    apart.mkdir(parents=True)
    (together / "a.yaml").write_text(f"parties:\n{one}{two}")
    (apart / "a.yaml").write_text(f"parties:\n{two}")
    (apart / "b.yml").write_text(f"parties:\n{one}")
    (apart / ".hidden.yaml").write_text("nonsense: [")
    (apart / "notes.txt").write_text("nonsense: [")
    assert content_sha256(read_register([together])) == content_sha256(read_register([tmp_path / "apart"]))
    assert len(survey_register([apart, apart / "a.yaml"]).files) == 2


def test_a_reference_may_cross_files_and_its_error_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("assets:\n- {id: a, valid_from: 2025-04-01, name: A, operator: p}\n")
    with pytest.raises(ManyErrors, match=r"a\.yaml:2:54: there is no party"):
        read_register([tmp_path])
    (tmp_path / "b.yaml").write_text("parties:\n- {id: p, valid_from: 2025-04-01, name: P, kind: own}\n")
    assert len(read_register([tmp_path]).assets) == 1


def test_referring_to_a_broken_entry_is_no_second_error(tmp_path: Path) -> None:
    errors, _ = told(
        tmp_path,
        "parties: [{id: p, valid_from: 2025-04-01, name: P, kind: x}]\n"
        "assets: [{id: a, valid_from: 2025-04-01, name: A, operator: p}]\n",
    )
    assert len(errors) == 1


TWO_KINDS = """\
assets:
  - {id: a1, valid_from: 2025-04-01, valid_to: 2025-01-01, name: 7, equipment_country: UK}
  - {id: a2, valid_from: 2025-04-01, name: 7, locators: [{pattern: db*}], operator: p9}
  - {id: a3, valid_from: 2025-04-01, name: A, locators: [{pattern: db*}], categry: "1"}
policy:
  - {id: l1, valid_from: 2025-04-01, item: storage, umu: maybe}
  - {id: l2, valid_from: 2025-04-01, item: storage, umu: maybe, country: Jp}
identities:
  - {id: i1, valid_from: 2025-04-01, issuer: idp, subject: x-*, rol: dba}
  - {id: i2, valid_from: 2025-04-01, issuer: idp, subject: x-*}
  - {id: i2, valid_from: 2025-05-01, issuer: idp, subject: y-*, shared: no}
  - {id: i3, valid_from: 2025-04-01, valid_to: May, issuer: idp, subject: z}
  - {id: i3, valid_from: 2025-05-01, issuer: idp, subject: z}
parties:
  - {id: p1, valid_from: 2025-04-01, name: P, kind: re_subcontractr, accounts: ["aws:1"]}
  - {id: p2, valid_from: 2025-04-01, name: P, kind: othr, accounts: ["aws:1"], selection: {date: soon}}
services:
  - {id: s1, valid_from: 2025-04-01, name: S, category: snss}
"""

BOTH_KINDS_TOLD = """\
2:48: assets.valid_to cannot be: valid_to must be later than valid_from
2:66: assets.name must be a text
2:88: UK is not a country code
3:44: assets.name must be a text
3:85: there is no party "p9"
4:68: this locator ties with one of the asset "a2"
4:75: there is no key "categry" here
6:5: policy cannot be: a line of item storage must name the country
6:58: policy.umu must be one of: yes, no
7:58: policy.umu must be one of: yes, no
7:74: policy.country must be a country code
9:65: there is no key "rol" here
11:5: the identity "i2" is there twice at the same time
11:73: identities.shared must be true or false
12:48: identities.valid_to must be a date
15:53: parties.kind must be one of: own, subcontractor, re_subcontractor
16:53: parties.kind must be one of: own, subcontractor, re_subcontractor
16:70: this account names the party "p1" too
16:98: parties.selection.date must be a date
18:57: services.category must be one of: fixed_phone, mobile_phone, ip_phone
"""


def test_errors_of_an_entry_and_errors_between_entries_are_told_in_one_pass(tmp_path: Path) -> None:
    errors, warnings = told(tmp_path, TWO_KINDS)
    wanted = BOTH_KINDS_TOLD.splitlines()
    assert [error[: len(start)] for error, start in zip(errors, wanted, strict=True)] == wanted
    assert warnings == []  # of what is read in part, none: the part left out may be what they ask for


def test_yaml_errors_of_one_file_do_not_hide_those_of_another(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("assets: [")
    (tmp_path / "b.yaml").write_text("assets: [{id: a, id: b}]\nassets: []")
    (tmp_path / "c.yaml").write_bytes(b"\xff")
    (tmp_path / "d.yaml").write_text("- 1")
    (tmp_path / "e.yaml").write_text("parties: {id: x}")
    found = survey_register([tmp_path])
    assert [Path(str(error.where).split(":")[0]).name for error in found.errors] == [
        "a.yaml", "b.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml",
    ]  # fmt: skip


def test_an_empty_directory_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ManyErrors, match="holds no YAML file"):
        read_register([tmp_path])
    with pytest.raises(ManyErrors, match="no such file"):
        read_register([tmp_path / "none.yaml"])


def test_too_many_errors_in_yaml_are_register_errors(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\na: 2\n")
    assert all(isinstance(error, RegisterError) for error in survey_register([tmp_path]).errors)


def test_norway_is_read_as_a_country(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("countries:\n- {code: NO, valid_from: 2025-04-01, affecting: no}\n")
    country = read_register([tmp_path]).countries[0]
    assert (country.code, country.affecting) == ("NO", "no")


def test_the_register_of_the_example_holds() -> None:
    example = Path(__file__).resolve().parents[3] / "examples" / "carrier" / "register"
    assert survey_register([example]).errors == []
