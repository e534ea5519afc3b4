import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import RegisterError
from services.yaml_files import parse_yaml
from streams.register_checks import check
from streams.register_gaps import GAP_KINDS, GapKind, Unknown, gaps, together
from tests.support.registers import register_of

FIRST = dt.datetime(2026, 10, 31, 15, 30, tzinfo=dt.UTC)  # 1 November in Japan
LAST = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)


def unknown(kind: GapKind, name: str | None, *, events: int = 1, sui: int = 1, issuer: str | None = None) -> Unknown:
    return Unknown(kind, name, issuer, "unregistered:00ff", events, sui, FIRST, LAST)


def test_what_concerns_user_information_comes_first_then_what_is_frequent() -> None:
    found = gaps(
        [
            unknown("region", "mars-1", events=9, sui=0),
            unknown("region", "mars-2", events=2, sui=2),
            unknown("region", "mars-3", events=5, sui=2),
        ]
    )
    assert [gap.name for gap in found] == ["mars-3", "mars-2", "mars-1"]


def test_objects_of_a_bucket_sessions_of_a_role_and_hosts_of_a_range_are_one_group() -> None:
    found = gaps(
        [
            unknown("asset", "arn:aws:s3:::lake/a/1", events=3),
            unknown("asset", "arn:aws:s3:::lake/b", events=4),
            unknown("asset", "arn:aws:s3:::lake", events=1),
            unknown("identity", "arn:aws:sts::123456789012:assumed-role/ops/a", issuer="aws:123456789012"),
            unknown("identity", "arn:aws:sts::123456789012:assumed-role/ops/b", issuer="aws:123456789012"),
            unknown("identity", "bob", issuer="one"),
            unknown("identity", "bob", issuer="two"),
            unknown("network", "192.0.2.1"),
            unknown("network", "192.0.2.254"),
            unknown("network", "2001:db8::1"),
            unknown("asset", "https://files.example.jp/a"),
            unknown("asset", "db1/crm.public.customer"),
        ]
    )
    assert {(gap.name, gap.names, gap.events) for gap in found} == {
        ("arn:aws:s3:::lake/*", 3, 8),
        ("arn:aws:sts::123456789012:assumed-role/ops/*", 2, 2),
        ("bob", 1, 1),
        ("192.0.2.0/24", 2, 2),
        ("2001:db8::/48", 1, 1),
        ("https://files.example.jp/*", 1, 1),
        ("db1/crm.public.customer", 1, 1),
    }
    assert len(found) == 8


def test_a_stub_begins_on_the_day_of_the_first_event_in_japan() -> None:
    assert "valid_from: 2026-11-01" in gaps([unknown("country", "NO")])[0].stub


def test_a_stub_says_nothing_that_the_evidence_does_not_show() -> None:
    names: dict[GapKind, str] = dict.fromkeys(GAP_KINDS, "us-mars-1") | {"network": "192.0.2.7", "country": "NO"}
    for kind, name in names.items():
        stub = gaps([unknown(kind, name, issuer="idp")])[0].stub
        known = {value for value in _values(parse_yaml(stub.encode(), "stub", RegisterError).data) if value is not None}
        allowed = {name, "192.0.2.0/24", "net-192-0-2-0-24", "idp", "FILL-IN", "2026-11-01", "unknown", False}
        assert known <= allowed, kind


def _values(data: object) -> set[object]:
    if isinstance(data, dict):
        return {value for inner in data.values() for value in _values(inner)}
    if isinstance(data, list):
        return {value for inner in data for value in _values(inner)}
    return {data}


def test_a_stub_that_is_filled_in_makes_a_register_that_holds() -> None:
    asset = gaps([unknown("asset", "arn:aws:s3:::lake/x")])[0].stub
    assert [problem.what for problem in check(register_of(asset))] == ["FILL-IN still stands here"]
    assert check(register_of(asset.replace("FILL-IN", "Data lake"))) == []
    network = gaps([unknown("network", "192.0.2.1")])[0].stub
    assert check(register_of(network)) == []


def test_stubs_together_are_one_yaml_text_with_each_part_once() -> None:
    found = gaps([unknown("asset", "db/a"), unknown("network", "192.0.2.7"), unknown("asset", "db/b"),
                  unknown("identity", None)])  # fmt: skip
    data = parse_yaml(together(found).encode(), "stubs", RegisterError).data
    assert {part: len(entries) for part, entries in data.items()} == {"assets": 2, "networks": 1}
    assert "unregistered:00ff" in together(found)
    assert together([]) == ""


def test_what_has_been_erased_is_told_by_its_key_and_makes_no_entry() -> None:
    for kind in ("asset", "identity", "network"):
        gap = gaps([unknown(kind, None)])[0]
        assert gap.name == "unregistered:00ff"
        assert "unregistered:00ff" in gap.stub
        assert parse_yaml(gap.stub.encode(), "stub", RegisterError).data is None


def test_what_events_do_not_name_at_all_is_not_called_erased() -> None:
    gap = gaps([Unknown("asset", None, None, "unregistered:unnamed", 1, 1, FIRST, LAST)])[0]
    assert gap.stub == "# assets: the events name none; only their source can say it\n"


def test_an_account_belongs_to_a_party_and_is_not_its_id() -> None:
    entry = parse_yaml(gaps([unknown("party", "aws:123456789012")])[0].stub.encode(), "stub", RegisterError).data
    assert entry["parties"][0]["accounts"] == ["aws:123456789012"]
    assert entry["parties"][0]["id"] == "FILL-IN"


@given(st.text(min_size=1, max_size=40).filter(lambda text: max(text) < "\ud800" or max(text) > "\udfff"))
def test_any_name_survives_its_stub(name: str) -> None:
    stub = gaps([unknown("identity", name, issuer=name)])[0].stub
    entry = parse_yaml(stub.encode(), "stub", RegisterError).data["identities"][0]
    assert (entry["issuer"], entry["subject"]) == (name, name)
