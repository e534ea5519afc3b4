from schemas.countries import ASSIGNED, INSTEAD, is_assigned


def test_all_249_assigned_codes_are_there() -> None:
    assert len(ASSIGNED) == 249
    assert all(len(code) == 2 and code.isascii() and code.isupper() for code in ASSIGNED)


def test_norway_namibia_and_japan_are_countries() -> None:
    assert all(map(is_assigned, ("NO", "NA", "JP", "SG", "TW", "HK")))


def test_what_people_write_by_mistake_is_no_country() -> None:
    assert not any(map(is_assigned, ("UK", "EU", "XX", "jp", "", "JPN")))
    assert not set(INSTEAD) & ASSIGNED
