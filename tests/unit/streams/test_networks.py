"""Networks by address: the longest prefix wins, and only what is an address is in one."""

import ipaddress

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import RegisterError
from schemas.register import Network
from streams.networks import NetworkIndex, parsed
from tests.support.facts import LONG_AGO

ODD = ["", "10.0.0", "10.0.0.256", "host.example", "10.0.0.1/8", "010.0.0.1", "1", "1.2.3.4.5", "1.2.3.٤", "+1.2.3.4",
       " 1.2.3.4", "1.2.3.4 "]  # fmt: skip


def index(*ranges: str) -> NetworkIndex:
    return NetworkIndex(Network(id=f"n{n}", cidr=cidr, valid_from=LONG_AGO) for n, cidr in enumerate(ranges))


def found(networks: NetworkIndex, *ips: str | None) -> list[list[int]]:
    """Return the networks of each address, by way of its key."""
    keys = networks.keys(pl.Series(ips, dtype=pl.String))
    return [networks.containing(cell, ip) for cell, ip in keys.select("cell", "ip").rows()]


@pytest.mark.parametrize(
    ("ip", "networks"),
    [
        ("10.1.2.3", [2, 1, 0]),
        ("10.1.9.9", [1, 0]),
        ("10.9.9.9", [0]),
        ("192.0.2.1", []),
        ("::ffff:10.1.9.9", [1, 0]),
        ("2001:db8::5", [3]),
        ("2001:db9::5", []),
        ("fe80::1%eth0", []),
        (None, []),
    ],
)
def test_the_longest_prefix_comes_first(ip: str | None, networks: list[int]) -> None:
    assert found(index("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "2001:db8::/32"), ip) == [networks]


@pytest.mark.parametrize("ranges", [("0.0.0.0/0",), ("0.0.0.0/0", "198.51.100.1/32")])
def test_a_range_of_everything_holds_every_address_of_its_version(ranges: tuple[str, ...]) -> None:
    assert found(index(*ranges), "203.0.113.9", "2001:db8::1", None) == [[0], [], []]


def test_equal_ranges_keep_their_order_so_that_history_can_be_searched() -> None:
    assert found(index("10.0.0.0/8", "10.0.0.0/8"), "10.0.0.1") == [[0, 1]]


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_address_is_in_no_network(text: str) -> None:
    assert parsed(text) is None
    assert found(index("0.0.0.0/0", "::/0"), text) == [[]]


def test_host_bits_of_a_range_do_not_matter() -> None:
    assert found(index("10.1.2.3/8"), "10.200.0.1") == [[0]]


def test_addresses_of_the_same_networks_are_one_key() -> None:
    keys = index("10.0.0.0/8", "10.1.0.0/16").keys(pl.Series(["10.1.2.3", "10.1.200.4", "10.2.0.1"]))
    assert keys["cell"].n_unique() == 2
    assert index().keys(pl.Series(["10.1.2.3", "192.0.2.1"]))["cell"].n_unique() == 1


def test_a_range_that_is_none_is_an_error_that_names_the_entry() -> None:
    with pytest.raises(RegisterError, match=r"networks/n0: 10\.0\.0\.0/40 is no address range"):
        index("10.0.0.0/40")


@given(
    ranges=st.lists(
        st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/31", "10.0.0.1/32", "128.0.0.0/1"]), max_size=4
    ),
    ips=st.lists(
        st.none() | st.sampled_from(ODD) | st.ip_addresses(v=4).map(str) | st.sampled_from(["10.0.0.1", "10.0.0.2"])
    ),
)
def test_every_address_is_in_the_networks_that_the_standard_library_puts_it_in(
    ranges: list[str], ips: list[str | None]
) -> None:
    def wanted(ip: str | None) -> set[int]:
        address = None if ip is None else parsed(ip)
        return {n for n, cidr in enumerate(ranges) if address is not None and address in ipaddress.ip_network(cidr)}

    assert [set(networks) for networks in found(index(*ranges), *ips)] == [wanted(ip) for ip in ips]
