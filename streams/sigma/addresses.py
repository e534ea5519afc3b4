"""IP addresses in text columns, compared with networks a column at a time.

An address becomes its 32 hexadecimal digits as an IPv6 address, an IPv4 address those of its IPv4-mapped form
(RFC 4291, 2.5.5.2). Texts of equal length sort as their numbers do, so a network is a range of texts. Each distinct
address of a batch is read once; many rows share few addresses.

Read as an address: dotted decimal without leading zeros (RFC 6943, 3.1.1, strict), and every text form of RFC 4291,
2.2, in either case. An IPv4-mapped IPv6 address *is* the IPv4 address, in events and in rules, because dual-stack
servers log it so. Anything else, one with a port or a zone id included, is no address and never matches.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

import polars as pl

_MAPPED_PREFIX: Final = "0" * 20 + "ffff"
_MAPPED: Final = IPv6Network("::ffff:0:0/96")


def address_key(text: pl.Expr) -> pl.Expr:
    """Return the 32 lower-case hexadecimal digits of the addresses in a String expression, null for anything else."""
    return text.map_batches(_keys, return_dtype=pl.String, is_elementwise=True)


def within(key: pl.Expr, network: IPv4Network | IPv6Network) -> pl.Expr:
    """Return whether the addresses behind ``key`` (see `address_key`) lie in a network; null stays null.

    A wide IPv6 network such as ``::/0`` holds no IPv4 address, though their mapped forms lie in its range.
    """
    inside = key.is_between(pl.lit(_digits(network[0])), pl.lit(_digits(network[-1])))
    if isinstance(network, IPv4Network) or network.subnet_of(_MAPPED):
        return inside
    return inside & ~key.str.starts_with(_MAPPED_PREFIX)


def _keys(texts: pl.Series) -> pl.Series:
    keys = {text: _key(text) for text in texts.drop_nulls().unique()}
    return texts.replace_strict(list(keys), list(keys.values()), default=None, return_dtype=pl.String)


def _key(text: str) -> str | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return None
    return _digits(address)


def _digits(address: IPv4Address | IPv6Address) -> str:
    number = int(address)
    return f"{_MAPPED_PREFIX}{number:08x}" if isinstance(address, IPv4Address) else f"{number:032x}"
