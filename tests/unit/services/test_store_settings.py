"""Settings of a store that is a server: what is refused, and that secrets stay where they are."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.errors import InputError
from services.store_settings import StoreSettings

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("url", "https", "host", "port", "path"),
    [
        ("http://clickhouse", False, "clickhouse", 8123, ""),
        ("https://ch.example.jp/", True, "ch.example.jp", 8443, ""),
        ("http://[::1]:9123", False, "::1", 9123, ""),
        ("https://proxy.example.jp:443/store/", True, "proxy.example.jp", 443, "/store"),
    ],
)
def test_an_address_says_how_and_where(url: str, *, https: bool, host: str, port: int, path: str) -> None:
    settings = StoreSettings(url=url)
    assert (settings.is_https, settings.host, settings.port, settings.path) == (https, host, port, path)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"url": "clickhouse:8123"}, "must be http"),
        ({"url": "tcp://clickhouse:9000"}, "must be http"),
        ({"url": "http://"}, "must be http"),
        ({"url": "http://h:99999"}, "must be http"),
        ({"url": "http://h?user=x"}, "must be http"),
        ({"url": f"http://user:{SECRET}@h"}, "must not hold a user or password"),
        ({"password": SECRET, "password_file": Path("p")}, "both given"),
        ({"ca_file": Path("ca.pem")}, "need an https url"),
        ({"url": "https://h", "client_key_file": Path("k")}, "belong together"),
        ({"database": "a; DROP"}, "String should match"),
        ({"database": "__default__"}, "must be the name of a database"),
        ({"cluster": "a' b"}, "String should match"),
        ({"compression": "brotli"}, "Input should be"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        StoreSettings(**{"url": "http://h", **given})


def test_a_password_comes_out_of_its_file_without_the_end_of_the_line(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text(" with blanks \r\n", encoding="utf-8")
    assert StoreSettings(url="http://h", password_file=path).read_password() == " with blanks "
    assert StoreSettings(url="http://h", password=SECRET).read_password() == SECRET  # type: ignore[arg-type]
    assert StoreSettings(url="http://h").read_password() == ""


def test_a_password_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = StoreSettings(url="http://h", password_file=tmp_path / "none")
    with pytest.raises(InputError, match="none: the file of the store's password cannot be read: No such file"):
        missing.read_password()
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="it is not UTF-8"):
        StoreSettings(url="http://h", password_file=tmp_path / "binary").read_password()


def test_a_password_is_shown_nowhere() -> None:
    settings = StoreSettings(url="http://h", password=SECRET)  # type: ignore[arg-type]
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
