"""The operator's MMDB file: what it tells, and what it must not be taken to tell."""

import re
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import InputError
from services.geo import Geo, country_in
from tests.support.mmdb import mmdb


def write(path: Path) -> Path:
    path.write_bytes(mmdb({"203.0.113.0/24": {"country": {"iso_code": "SG"}}, "2001:db8::/32": {"country_code": "KR"}}))
    return path


def test_the_country_of_an_address_is_told(tmp_path: Path) -> None:
    geo = Geo(write(tmp_path / "geo.mmdb"))
    assert geo("203.0.113.7") == "SG"
    assert geo("2001:db8::1") == "KR"


@pytest.mark.parametrize("ip", ["198.51.100.1", "not an address", "", "2001:db9::1"])
def test_an_address_outside_the_file_has_no_country(tmp_path: Path, ip: str) -> None:
    assert Geo(write(tmp_path / "geo.mmdb"))(ip) is None


def test_what_the_hash_names_is_asked_even_when_the_file_is_replaced(tmp_path: Path) -> None:
    path = write(tmp_path / "geo.mmdb")
    geo = Geo(path)
    path.write_bytes(b"replaced")
    assert geo("203.0.113.7") == "SG"
    assert len(geo.sha256) == 64


@pytest.mark.parametrize("content", [b"", b"no such format", b"\xab\xcd\xefMaxMind.com"])
def test_a_file_of_another_kind_is_an_error_with_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "geo.mmdb"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"geo\.mmdb: the MMDB file cannot be used") as error:
        Geo(path)
    named = re.findall(r"/[^\s)]*\.mmdb", str(error.value))
    assert set(named) == {str(path)}, "not a copy that is gone by now"


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        Geo(tmp_path / "none.mmdb")


@pytest.mark.parametrize(
    ("record", "country"),
    [
        ({"country": {"iso_code": "JP"}}, "JP"),
        ({"country": "JP"}, "JP"),
        ({"country": "Japan", "country_code": "JP"}, "JP"),
        ({"registered_country": {"iso_code": "JP"}}, None),
        ({"country": {"iso_code": "jp"}}, None),
        ({"country": "Japan"}, None),
        ({"country": {"iso_code": 392}}, None),
        ({}, None),
        (None, None),
        ("JP", None),
    ],
)
def test_only_the_country_of_the_place_itself_counts(record: Any, country: str | None) -> None:
    assert country_in(record) == country
