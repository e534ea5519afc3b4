"""The region table: exact names only."""

import pytest

from schemas.base import JAPAN
from streams import regions
from streams.regions import REGION_COUNTRIES


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("ap-northeast-1", "JP"), ("ap-northeast-3", "JP"), ("asia-northeast1", "JP"), ("asia-northeast2", "JP"),
        ("japaneast", "JP"), ("japanwest", "JP"), ("ap-northeast-2", "KR"), ("asia-northeast3", "KR"),
        ("us-east-1", "US"), ("us-east1", "US"), ("eastus", "US"), ("eu-west-1", "IE"), ("europe-west1", "BE"),
        ("southeastasia", "SG"), ("ap-southeast-1", "SG"), ("me-south-1", "BH"),
    ],
)  # fmt: skip
def test_a_listed_region_stands_in_its_country(name: str, country: str) -> None:
    assert REGION_COUNTRIES[name] == country


@pytest.mark.parametrize(
    "name", ["me-south-1r", "ap-northeast-1a", "ap-northeast-", "AP-NORTHEAST-1", "asia", "japan", "ap-northeast-9", ""]
)
def test_nothing_is_guessed_from_the_beginning_of_a_name(name: str) -> None:
    assert name not in REGION_COUNTRIES


def test_no_name_is_used_by_two_providers_or_in_two_countries() -> None:
    tables = (regions.AWS, regions.GOOGLE, regions.AZURE)
    names = [name for table in tables for text in table.values() for name in text.split()]
    assert len(names) == len(set(names)) == len(REGION_COUNTRIES)


def test_exactly_the_known_regions_are_in_japan() -> None:
    domestic = {name for name, country in REGION_COUNTRIES.items() if country == JAPAN}
    assert domestic == {
        "ap-northeast-1", "ap-northeast-3", "asia-northeast1", "asia-northeast2", "japaneast", "japanwest",
    }  # fmt: skip
