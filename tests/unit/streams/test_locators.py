"""One place has one spelling, and what servers read differently has two."""

import pytest

from streams.locators import pattern_of, readings

WIKI = "https://wiki.example/crm"


@pytest.mark.parametrize(
    "locator",
    [
        WIKI,
        "HTTPS://Wiki.Example/crm",
        "https://wiki.example:443/crm",
        "https://wiki.example:/crm",
        "https://wiki.example./crm",
        "https://wiki.example/open/../crm",
        "https://wiki.example/open/%2e%2E/crm",
        "https://wiki.example/open/.%2e/./crm",
        "https://wiki.example/../../crm",
        "https://wiki.example/%63rm",
        "https://wiki%2eexample/crm",
    ],
)
def test_spellings_of_one_place_are_one_locator(locator: str) -> None:
    assert readings(locator) == (WIKI,)


@pytest.mark.parametrize(
    ("locator", "strict"),
    [
        ("https://wiki.example//crm", "https://wiki.example//crm"),
        ("https://wiki.example/open/..%2fcrm", "https://wiki.example/open/..%2Fcrm"),
        ("https://wiki.example/open/%252e%252e/crm", "https://wiki.example/open/%252e%252e/crm"),
        ("https://wiki.example/open/..\\crm", "https://wiki.example/open/..\\crm"),
        ("https://wiki.example\\crm", "https://wiki.example\\crm"),
        ("https://wiki.example/open%5c..%5ccrm", "https://wiki.example/open%5C..%5Ccrm"),
    ],
)
def test_what_servers_read_differently_has_two_readings(locator: str, strict: str) -> None:
    assert readings(locator) == (strict, WIKI)


@pytest.mark.parametrize(
    ("locator", "normal"),
    [
        ("https://wiki.example/a/..", "https://wiki.example/"),
        ("https://wiki.example/a/.", "https://wiki.example/a/"),
        ("https://wiki.example/...", "https://wiki.example/..."),
        ("https://wiki.example", "https://wiki.example"),
        ("https://wiki.example/a?to=/../B", "https://wiki.example/a?to=/../B"),
        ("https://Taro@Wiki.example:8443/a", "https://Taro@wiki.example:8443/a"),
        ("https://[2001:DB8::1]:443/a", "https://[2001:db8::1]/a"),
        ("sftp://in.example:22/a/../b", "sftp://in.example/b"),
        ("https://wiki.example/%e3%81%82", "https://wiki.example/%E3%81%82"),
    ],
)
def test_a_url_keeps_what_tells_places_apart(locator: str, normal: str) -> None:
    assert readings(locator) == (normal,)


@pytest.mark.parametrize(
    "locator",
    [
        "arn:aws:s3:::lake/a/../b",
        "s3://Lake/a//../b",
        "db1.example/crm.public.customer",
        "Wiki/../crm",
        "://x/../y",
        "",
    ],
)
def test_what_is_no_path_of_a_server_stays_as_it_is(locator: str) -> None:
    assert readings(locator) == (locator,)


@pytest.mark.parametrize(
    ("pattern", "normal"),
    [
        ("https://Wiki.Example:443/%63rm/*", "https://wiki.example/crm/*"),
        ("HTTPS://*.Example:8443/?", "https://*.example:8443/?"),
        ("https://wiki.example/a/../*", "https://wiki.example/a/../*"),
        ("s3://Lake/*", "s3://Lake/*"),
        ("*", "*"),
    ],
)
def test_patterns_are_spelt_as_locators_are(pattern: str, normal: str) -> None:
    assert pattern_of(pattern) == normal
