"""The operator's own MMDB file: which country an address is in; without one, addresses tell nothing.

The file is read once and whole, so what `sha256` names is what is asked, even if the file is replaced meanwhile.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import maxminddb

from schemas.errors import InputError, Place

_CODE: Final = re.compile(r"[A-Z]{2}")


class Geo:
    """Looks up countries by address; called like a function.

    Attributes:
        sha256: SHA-256 (64 hex digits) of the file, so that ranges can name what they were judged with.
    """

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            InputError: the file cannot be read or is no MMDB file.
        """
        try:
            content = path.read_bytes()
            self._reader = _opened(content, path)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            raise InputError(
                "the MMDB file cannot be used",
                where=Place(str(path)),
                why=getattr(error, "strerror", None) or str(error),
                todo="give a country or city database in MaxMind DB format",
            ) from error
        self.sha256 = hashlib.sha256(content).hexdigest()

    def __call__(self, ip: str) -> str | None:
        """Return the country (ISO 3166-1 alpha-2) that an address is in; None if the file does not tell."""
        try:
            return country_in(self._reader.get(ip))
        except (ValueError, maxminddb.InvalidDatabaseError):
            return None  # no address, or an IPv6 one in a file of IPv4


def _opened(content: bytes, path: Path) -> maxminddb.Reader:
    """Return the reader of a file's content.

    Raises:
        InvalidDatabaseError: it is no MMDB file; the text names the file, not the copy that is read.
    """
    # The fast reader wants a file of its own; a copy without a name is nobody else's to replace.
    with tempfile.NamedTemporaryFile(suffix=".mmdb") as copy:
        copy.write(content)
        copy.flush()
        try:
            return maxminddb.open_database(copy.name, maxminddb.MODE_AUTO)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise maxminddb.InvalidDatabaseError(why.replace(copy.name, str(path))) from None


def country_in(record: Any) -> str | None:
    """Return the country in a record of an MMDB file.

    Both forms in use are read: ``{"country": {"iso_code": "JP"}}`` and the flat ``{"country_code": "JP"}`` or
    ``{"country": "JP"}``. The country in which a network is registered is not where it is, so it does not count.
    """
    if not isinstance(record, Mapping):
        return None
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, Mapping) else record.get("country_code", country)
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None
