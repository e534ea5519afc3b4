import datetime as dt

import pytest

from streams.register_gaps import GapKind, Unknown
from streams.register_known import Known
from streams.register_versions import EMPTY_REGISTER
from tests.support.registers import register_of

KNOWN = Known(
    register_of("""
assets:
- {id: lake, valid_from: 2026-11-01, valid_to: 2026-12-01, name: L, locators: [{pattern: "arn:aws:s3:::lake/*"}]}
identities:
- {id: a, valid_from: 2026-11-01, issuer: idp, subject: "cc-*", party: us}
- {id: b, valid_from: 2026-11-01, issuer: idp, subject: "xx-*"}
parties: [{id: us, valid_from: 2026-11-01, name: Us, kind: own, accounts: ["aws:1"]}]
networks:
- {id: n, valid_from: 2026-11-01, cidr: 192.0.2.0/24, country: JP}
- {id: m, valid_from: 2026-11-01, cidr: 198.51.100.0/24}
regions: [{provider: us, valid_from: 2026-11-01, name: mars-1, country: JP}]
countries:
- {code: "NO", valid_from: 2026-11-01, affecting: "no", assessed_on: 2026-10-01}
- {code: SG, valid_from: 2026-11-01, affecting: unknown}
""")
)
IN = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
BEFORE = dt.datetime(2026, 10, 31, 14, 59, tzinfo=dt.UTC)
AFTER = dt.datetime(2026, 12, 2, tzinfo=dt.UTC)


def unknown(kind: GapKind, name: str | None, first: dt.datetime = IN, last: dt.datetime = IN) -> Unknown:
    return Unknown(kind, name, "idp", "key", 1, 1, first, last)


@pytest.mark.parametrize(
    ("kind", "name", "known"),
    [
        ("asset", "arn:aws:s3:::lake/x", True), ("asset", "arn:aws:s3:::other/x", False),
        ("asset_id", "lake", True), ("asset_id", "pond", False),
        ("identity", "cc-1", True), ("identity", "xx-1", False), ("identity", "yy-1", False),
        ("party", "us", True), ("party", "aws:1", True), ("party", "aws:2", False),
        ("network", "192.0.2.9", True), ("network", "198.51.100.9", False), ("network", "2001:db8::1", False),
        ("network", "no address", False),
        ("region", "mars-1", True), ("region", "mars-2", False),
        ("country", "NO", True), ("country", "SG", False),
        ("asset", None, False),
    ],
)  # fmt: skip
def test_what_an_entry_answers_is_known(kind: GapKind, name: str | None, *, known: bool) -> None:
    assert KNOWN.knows(unknown(kind, name)) is known
    assert not Known(EMPTY_REGISTER).knows(unknown(kind, name))


def test_an_entry_must_hold_for_the_first_and_the_last_event() -> None:
    locator = "arn:aws:s3:::lake/x"
    assert not KNOWN.knows(unknown("asset", locator, first=BEFORE))
    assert not KNOWN.knows(unknown("asset", locator, last=AFTER))
