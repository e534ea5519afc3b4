"""Small words that facts are made of."""

import pytest

from schemas.register import Register
from streams.enrich.facts import Facts, abroad, cite, foreign, joined
from streams.register_versions import PARTS, entries
from tests.support.facts import asset, contract, country, line, party


def test_foreign_countries_are_sorted_and_each_is_there_once() -> None:
    assert foreign(["US", None, "JP", "DE", "US"]) == ("DE", "US")
    assert joined(foreign(["US", "DE"])) == "DE+US"
    assert joined(foreign(["JP", None])) is None


@pytest.mark.parametrize(("code", "found"), [("JP", False), ("US", True), (None, None)])
def test_only_a_known_country_can_be_domestic(code: str | None, *, found: bool | None) -> None:
    assert abroad(code) is found


def test_entries_are_cited_as_the_register_names_them() -> None:
    parts = {"assets": asset(), "parties": party("a"), "contracts": contract(), "countries": country("US"),
             "policy": line("cloud", "US")}  # fmt: skip
    register = Register.model_validate({part: (entry,) for part, entry in parts.items()})
    cited = [cite(located.entry) for located in entries(register)]
    assert [text.split()[1].split("/")[0] for text in cited] == [part for part in PARTS if part in parts]
    assert cite(parts["assets"], "operator") == "register assets/crm-db@2024-04-01 operator"


def test_facts_are_taken_over_with_their_sources_under_a_role() -> None:
    said, taken = Facts(), Facts()
    said.say("id", "x", "register")
    taken.add(said, "asset.")
    assert (taken.values, taken.sources) == ({"asset.id": "x"}, {"asset.id": "register"})
    assert taken.row(("asset.id", "asset.ref")) == ("x", None)
