"""Which registered network an address lies in: the longest prefix wins."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import polars as pl

from schemas.errors import RegisterError
from schemas.register import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_BITS: Final = {4: 32, 6: 128}
_PARTS: Final = pl.col("ip").str.split_exact(".", 3).alias("parts")


class NetworkIndex:
    """Finds networks by address, the longest prefix first. Holds the whole history: the caller asks for validity.

    Args:
        networks: entries of the register; host bits in a range are ignored.

    Raises:
        RegisterError: a range is no IPv4 or IPv6 range.
    """

    def __init__(self, networks: Iterable[Network]) -> None:
        by_length: dict[tuple[int, int], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for index, network in enumerate(networks):
            version, length, prefix = _prefix(network)
            by_length[version, length][prefix].append(index)
        self._prefixes = {
            version: [
                (bits - length, dict(prefixes))
                for (own, length), prefixes in sorted(by_length.items(), reverse=True)
                if own == version
            ]
            for version, bits in _BITS.items()
        }

        # No network tells addresses apart beyond its own length, so shorter numbers make fewer keys.
        self._shift = min((shift for shift, _ in self._prefixes[4]), default=32)
        self._keys = _keys(self._shift)

    def keys(self, ips: pl.Series) -> pl.DataFrame:
        """Return keys for `containing` that are alike for addresses that lie in the same networks.

        Returns:
            ``cell`` (UInt32): the leading bits of an IPv4 address in the common form; ``ip`` (String): the address as
            it stands if it is anything else. Both are null where there is no address.
        """
        return ips.to_frame("ip").with_columns(_PARTS).select_seq(self._keys)

    def containing(self, cell: int | None, ip: str | None) -> list[int]:
        """Return the indexes of the networks that a key lies in, the longest prefix first.

        An IPv4 address written as IPv6 (``::ffff:192.0.2.1``) is the IPv4 address; what is no address lies in none.
        """
        if cell is not None:
            return self._within(4, cell << self._shift)
        address = parsed(ip) if ip is not None else None
        return [] if address is None else self._within(address.version, int(address))

    def _within(self, version: int, number: int) -> list[int]:
        return [index for shift, prefixes in self._prefixes[version] for index in prefixes.get(number >> shift, ())]


def _keys(shift: int) -> tuple[pl.Expr, pl.Expr]:
    """Return the columns of `NetworkIndex.keys`; ``shift`` bits at the end of an address tell nothing."""
    octets = [pl.col("parts").struct[at].cast(pl.UInt8, strict=False) for at in range(4)]
    number = pl.lit(0, pl.UInt32)
    for octet in octets:
        number = number * 256 + octet.cast(pl.UInt32)
    # What does not come out again as it went in (leading zeros, more parts) is not the common form.
    common = pl.concat_str(octets, separator=".").eq_missing(pl.col("ip"))
    cell = number if shift < 32 else pl.lit(0, pl.UInt32)
    cut = cell // 2 ** (shift % 32)
    return pl.when(common & pl.col("ip").is_not_null()).then(cut).alias("cell"), pl.when(~common).then("ip").alias("ip")


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
