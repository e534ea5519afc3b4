"""Which registered network an address lies in: the longest prefix wins."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator

from schemas.errors import RegisterError
from schemas.register import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NetworkIndex:
    """Finds networks by address, the longest prefix first. Holds the whole history: the caller asks for validity.

    Args:
        networks: entries of the register; host bits in a range are ignored.

    Raises:
        RegisterError: a range is no IPv4 or IPv6 range.
    """

    def __init__(self, networks: Iterable[Network]) -> None:
        self._by_prefix: dict[tuple[int, int], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for index, network in enumerate(networks):
            version, length, prefix = _prefix(network)
            self._by_prefix[version, length][prefix].append(index)
        self._lengths = {
            version: sorted((length for own, length in self._by_prefix if own == version), reverse=True)
            for version in (4, 6)
        }

    def containing(self, ip: str) -> Iterator[int]:
        """Yield the indexes of the networks that ``ip`` lies in, the longest prefix first; none if it is no address.

        An IPv4 address written as IPv6 (``::ffff:192.0.2.1``) is the IPv4 address.
        """
        address = parsed(ip)
        if address is None:
            return
        number, bits = int(address), address.max_prefixlen
        for length in self._lengths[address.version]:
            yield from self._by_prefix[address.version, length].get(number >> (bits - length), ())


def parsed(ip: str) -> Address | None:
    """Return the address that a text names, IPv4 where it is one in IPv6 clothes, or None if it is no address."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _prefix(network: Network) -> tuple[int, int, int]:
    """Return IP version, length of the prefix and the prefix as a number."""
    try:
        block = ipaddress.ip_network(network.cidr, strict=False)
    except ValueError as error:
        raise RegisterError(
            f"networks/{network.id}: {network.cidr} is no address range",
            why=str(error),
            todo="write it like 192.0.2.0/24 or 2001:db8::/32",
        ) from error
    return block.version, block.prefixlen, int(block.network_address) >> (block.max_prefixlen - block.prefixlen)
