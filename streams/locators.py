r"""What a locator that is a URL comes down to, so that one place is not looked up under many spellings.

RFC 3986 §6.2: scheme and host in lower case, no default port, no dot at the host's end, no encoding of what needs none,
no dot segments. Servers go further, each in its own way: they decode ``%2F``, take ``\\`` for ``/`` and several slashes
for one. Such a URL has two readings, and only if both lead to the same place is it known what was touched.

What is no URL stays as it is, and so do keys of object stores: there ``a/../b`` is a name like any other. The same
holds of ARNs.
"""

from __future__ import annotations

import re
from typing import Final

_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#\\]*)([^?#]*)(.*)", re.DOTALL)
_AUTHORITY: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)(.*)", re.DOTALL)
_ENCODED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")
_PORTS: Final = {
    "http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21", "sftp": "22", "ssh": "22", "imap": "143",
    "imaps": "993", "ldap": "389", "ldaps": "636", "nfs": "2049",
}  # fmt: skip
_OBJECTS: Final = frozenset({"s3", "s3a", "s3n", "gs", "oss", "abfs", "abfss", "wasb", "wasbs"})
"""Schemes of object stores, whose keys are names and no paths."""
_DECODINGS: Final = 3
"""How often a path is decoded at most: what is encoded yet again is read by nobody."""


def readings(locator: str) -> tuple[str, ...]:
    """Return how a locator can be read: by RFC 3986 first, then as lenient servers do if that is different."""
    found = _URL.fullmatch(locator)
    if found is None or found[1].lower() in _OBJECTS:
        return (locator,)
    scheme = found[1].lower()
    begin = f"{scheme}://{_authority(scheme, found[2])}"
    strict, lenient = _without_dots(_decoded(found[3])), _without_dots(_lenient(found[3]))
    # A path that a lenient server reads alike is spelt as the RFC does.
    return tuple(dict.fromkeys(f"{begin}{path}{found[4]}" for path in (strict, lenient)))


def pattern_of(pattern: str) -> str:
    """Return a pattern of the register, spelt so that it matches what `readings` returns."""
    found = _AUTHORITY.fullmatch(pattern)
    if found is None or found[1].lower() in _OBJECTS:
        return pattern
    scheme, authority = found[1].lower(), found[2]
    plain = "*" not in authority and "?" not in authority
    return f"{scheme}://{_authority(scheme, authority) if plain else authority.lower()}{_decoded(found[3])}"


def _authority(scheme: str, authority: str) -> str:
    """Return user and host, and the port unless it is the scheme's own (§6.2.2.1, §6.2.3)."""
    user, at, place = authority.rpartition("@")
    host, colon, port = place.rpartition(":")
    if not colon or "]" in port:
        host, port = place, ""
    host = _decoded(host).lower()
    host = host.removesuffix(".")
    return f"{user}{at}{host}" + (f":{port}" if port not in {"", _PORTS.get(scheme)} else "")


def _decoded(text: str) -> str:
    """Return ``text`` with unreserved characters plain, and what stays encoded in upper case (§6.2.2.2)."""

    def plain(found: re.Match[str]) -> str:
        sign = chr(int(found[1], 16))
        return sign if _UNRESERVED.fullmatch(sign) else found[0].upper()

    return _ENCODED.sub(plain, text) if "%" in text else text


def _lenient(path: str) -> str:
    """Return a path as the most lenient server reads it, with what needs encoding encoded as it was."""
    for _ in range(_DECODINGS):
        again = _decoded(re.sub("%2[Ff]", "/", re.sub("%5[Cc]", "\\\\", re.sub("%25", "%", path))))
        if again == path:
            break
        path = again
    return re.sub(r"[/\\]+", "/", path)


def _without_dots(path: str) -> str:
    """Return a path without its segments ``.`` and ``..`` (§5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    first, *segments = path.split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/".join([first, *kept])
