"""The register on one day: by names, accounts, items and regions."""

import datetime as dt

import pytest

from schemas.interpretations import Interpretations
from schemas.register import Register
from streams.register_moment import Moment, holds
from tests.support.facts import DAY, LONG_AGO, contract, line, party


def moment(register: Register, day: dt.date = DAY) -> Moment:
    return Moment(register, Interpretations(), day)


@pytest.mark.parametrize(("days", "held"), [(-1, False), (0, True), (9, True), (10, False)])
def test_an_entry_holds_from_its_first_day_until_the_day_before_its_end(days: int, *, held: bool) -> None:
    entry = party("a", valid_from=DAY, valid_to=DAY + dt.timedelta(days=10))
    assert holds(entry, DAY + dt.timedelta(days=days)) is held


def test_a_party_is_found_by_its_id_before_another_ones_account() -> None:
    a, b = party("a", accounts=("b", "aws:1")), party("b")
    known = moment(Register(parties=(a, b)))
    assert [known.party(name) for name in ("a", "b", "aws:1", "c", None)] == [a, b, a, None, None]


def test_accounts_of_a_party_that_is_gone_are_nobodys() -> None:
    assert moment(Register(parties=(party("a", accounts=("aws:1",), valid_to=DAY),))).party("aws:1") is None


def test_of_two_valid_entries_of_one_name_the_first_counts() -> None:
    first, second = party("a", "own"), party("a", "other")
    assert moment(Register(parties=(first, second))).party("a") == first


def test_contracts_are_found_by_party_while_they_are_in_force() -> None:
    c1, c2 = contract("c1", "a"), contract("c2", "a", valid_to=DAY)
    assert list(moment(Register(contracts=(c1, c2))).contracts_of("a")) == [c1]
    assert list(moment(Register(contracts=(c1, c2)), LONG_AGO).contracts_of("a")) == [c1, c2]
    assert list(moment(Register()).contracts_of("a")) == []


def test_policy_lines_are_found_by_item_and_country_or_party_if_they_are_on_the_internet() -> None:
    stored, told = line("storage", "US"), line("storage", "US", disclosure="on_request")
    named = line("storage_party", party="a", country="US", umu=None)
    known = moment(Register(policy=(told, stored, named)))
    assert list(known.policy_lines("storage", "US")) == [stored]
    assert list(known.policy_lines("storage_party", "a")) == [named]
    assert list(known.policy_lines("storage_party", "US")) == []
    assert list(known.policy_lines("cloud", "US")) == []
