"""Writes tiny MMDB files (MaxMind DB format 2.0) for tests: 24-bit records, IPv6 tree, maps, texts and numbers."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

_UINT16, _UINT32, _UINT64 = 5, 6, 9
_MARK = b"\xab\xcd\xefMaxMind.com"


def mmdb(networks: Mapping[str, Any]) -> bytes:
    """Return an MMDB file that holds a record for each network; the networks must not overlap."""
    data, offsets = b"", []
    for record in networks.values():
        offsets.append(len(data))
        data += _encoded(record)
    nodes: list[list[int | None]] = [[None, None]]
    for (cidr, _), offset in zip(networks.items(), offsets, strict=True):
        _insert(nodes, _bits(cidr), offset)
    count = len(nodes)
    # A record is the number of another node, the count of nodes for "nothing", or beyond it an offset into the data.
    tree = b"".join(
        (count if value is None else count + 16 - value - 1 if value < 0 else value).to_bytes(3, "big")
        for node in nodes
        for value in node
    )
    meta = {
        "node_count": (_UINT32, count), "record_size": (_UINT16, 24), "ip_version": (_UINT16, 6),
        "database_type": "Test", "languages": ["en"], "binary_format_major_version": (_UINT16, 2),
        "binary_format_minor_version": (_UINT16, 0), "build_epoch": (_UINT64, 1), "description": {"en": "t"},
    }  # fmt: skip
    return tree + bytes(16) + data + _MARK + _encoded(meta)


def _bits(cidr: str) -> str:
    network = ipaddress.ip_network(cidr)
    length = network.prefixlen + (96 if network.version == 4 else 0)
    return f"{int(network.network_address):0128b}"[:length]


def _insert(nodes: list[list[int | None]], bits: str, offset: int) -> None:
    node = 0
    for bit in bits[:-1]:
        following = nodes[node][int(bit)]
        if following is None:
            nodes.append([None, None])
            following = nodes[node][int(bit)] = len(nodes) - 1
        node = following
    nodes[node][int(bits[-1])] = -offset - 1


def _encoded(value: Any) -> bytes:
    if isinstance(value, str):
        return _head(2, len(value.encode())) + value.encode()
    if isinstance(value, tuple):
        kind, number = value
        raw = int(number).to_bytes(8, "big").lstrip(b"\0")
        return _head(kind, len(raw)) + raw
    if isinstance(value, list):
        return _head(11, len(value)) + b"".join(map(_encoded, value))
    return _head(7, len(value)) + b"".join(_encoded(key) + _encoded(item) for key, item in value.items())


def _head(kind: int, size: int) -> bytes:
    assert size < 29, "tiny values only"
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])
