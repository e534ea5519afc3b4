"""Addresses are read as RFC 4291 and RFC 6943 have them, and networks hold what they should."""

from ipaddress import ip_network

import polars as pl
import pytest

from streams.sigma.addresses import address_key, within


def _key(*texts: str | None) -> list[str | None]:
    return pl.DataFrame({"a": list(texts)}, schema={"a": pl.String}).select(address_key(pl.col("a")))["a"].to_list()


def _in(network: str, *texts: str | None) -> list[bool | None]:
    frame = pl.DataFrame({"a": list(texts)}, schema={"a": pl.String})
    return frame.select(within(address_key(pl.col("a")), ip_network(network)))["a"].to_list()


def test_an_ipv4_address_has_the_key_of_its_mapped_form() -> None:
    assert _key("10.0.0.255") == _key("::ffff:10.0.0.255") == _key("::FFFF:0a00:00ff") == ["0" * 20 + "ffff0a0000ff"]


def test_every_text_form_of_an_ipv6_address_has_one_key() -> None:
    forms = ["2001:db8::1", "2001:DB8:0:0:0:0:0:1", "2001:0db8::0001", "2001:db8::0.0.0.1"]
    assert set(_key(*forms)) == {"20010db8000000000000000000000001"}


@pytest.mark.parametrize(
    "text",
    # Parted by a bar, which no address holds; the first is the empty text.
    [
        "",
        "x",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "256.1.1.1",
        "1.2.3.4\n",
        " 1.2.3.4",
        "1.2.3.4:80",
        "[::1]",
        "::1/128",
        "fe80::1%eth0",
        "1::2::3",
        ":::",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "12345::",
        "0x7f.0.0.1",
        "１.2.3.4",
    ],
)
def test_what_is_no_address_has_no_key_and_is_in_no_network(text: str) -> None:
    assert _key(text) == [None]
    assert _in("0.0.0.0/0", text) == _in("::/0", text) == [None]


def test_networks_end_at_any_bit() -> None:
    texts = ("10.15.255.255", "10.16.0.0", "10.31.255.255", "10.32.0.0")
    assert _in("10.16.0.0/12", *texts) == [False, True, True, False]
    assert _in("2001:db8:8000::/33", "2001:db8:7fff::", "2001:db8:8000::", "2001:db9::") == [False, True, False]


def test_ipv4_and_ipv6_networks_do_not_hold_each_others_addresses() -> None:
    assert _in("0.0.0.0/0", "10.0.0.1", "::1", "::ffff:10.0.0.1") == [True, False, True]
    assert _in("::/0", "10.0.0.1", "::1", "::ffff:10.0.0.1") == [False, True, False]


def test_absent_stays_absent() -> None:
    assert _in("10.0.0.0/8", None, "10.0.0.1") == [None, True]
