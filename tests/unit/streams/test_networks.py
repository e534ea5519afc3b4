"""Networks by address: the longest prefix wins, and only what is an address is in one."""

import pytest

from schemas.errors import RegisterError
from schemas.register import Network
from streams.networks import NetworkIndex, parsed
from tests.support.facts import LONG_AGO


def index(*ranges: str) -> NetworkIndex:
    return NetworkIndex(Network(id=f"n{n}", cidr=cidr, valid_from=LONG_AGO) for n, cidr in enumerate(ranges))


@pytest.mark.parametrize(
    ("ip", "found"),
    [
        ("10.1.2.3", [2, 1, 0]),
        ("10.1.9.9", [1, 0]),
        ("10.9.9.9", [0]),
        ("192.0.2.1", []),
        ("::ffff:10.1.9.9", [1, 0]),
        ("2001:db8::5", [3]),
        ("2001:db9::5", []),
        ("fe80::1%eth0", []),
    ],
)
def test_the_longest_prefix_comes_first(ip: str, found: list[int]) -> None:
    assert list(index("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "2001:db8::/32").containing(ip)) == found


def test_a_range_of_everything_holds_every_address_of_its_version() -> None:
    everything = index("0.0.0.0/0")
    assert list(everything.containing("203.0.113.9")) == [0]
    assert list(everything.containing("2001:db8::1")) == []


def test_equal_ranges_keep_their_order_so_that_history_can_be_searched() -> None:
    assert list(index("10.0.0.0/8", "10.0.0.0/8").containing("10.0.0.1")) == [0, 1]


@pytest.mark.parametrize("text", ["", "10.0.0", "10.0.0.256", "host.example", "10.0.0.1/8", "010.0.0.1", "1"])
def test_what_is_no_address_is_in_no_network(text: str) -> None:
    assert parsed(text) is None
    assert list(index("0.0.0.0/0", "::/0").containing(text)) == []


def test_host_bits_of_a_range_do_not_matter() -> None:
    assert list(index("10.1.2.3/8").containing("10.200.0.1")) == [0]


def test_a_range_that_is_none_is_an_error_that_names_the_entry() -> None:
    with pytest.raises(RegisterError, match=r"networks/n0: 10\.0\.0\.0/40 is no address range"):
        index("10.0.0.0/40")
