"""Facts of a batch are the facts of its events one by one, and unknown never becomes domestic."""

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from schemas.facts import EVENT, FACTS
from schemas.interpretations import Interpretations
from schemas.register import Register
from streams.classify import classify
from streams.distinct import DistinctTable
from streams.enrich import enrich
from streams.provenance import explain_row
from streams.register_index import RegisterIndex
from tests.support.facts import KEYS, facts_frame, frame
from tests.support.facts_strategies import complete, registers, settings
from tests.support.naive_facts import Naive

NAMES = [column.name for column in FACTS]
EVENTS = st.lists(complete(), min_size=1, max_size=12)


def geo(ip: str) -> str | None:
    return {"203.0.113.1": "SG", "10.0.0.1": "JP"}.get(ip)


@given(register=registers, chosen=settings(), events=EVENTS)
def test_a_batch_has_the_facts_that_a_naive_resolver_finds_event_by_event(
    register: Register, chosen: Interpretations, events: list[dict[str, Any]]
) -> None:
    batch = frame(*events)
    naive = Naive(register, chosen, geo)
    rows = batch.select(column.name for column in EVENT).to_dicts()
    found, wanted = facts_frame(batch, register, chosen, geo).to_dicts(), [naive.facts(row) for row in rows]
    different = {
        (at, name): (found[at][name], wanted[at][name])
        for at in range(len(rows))
        for name in NAMES
        if found[at][name] != wanted[at][name]
    }
    assert different == {}


@given(register=registers, chosen=settings(), events=EVENTS, data=st.data())
def test_facts_do_not_depend_on_order_size_or_what_was_asked_before(
    register: Register, chosen: Interpretations, events: list[dict[str, Any]], data: st.DataObject
) -> None:
    index = RegisterIndex(register, chosen, geo)
    batch = frame(*events)
    whole = classify(enrich(batch, index, KEYS), index)
    order = data.draw(st.permutations(range(len(events))))
    cut = data.draw(st.integers(0, len(events)))
    parts = [classify(enrich(batch[list(rows)], index, KEYS), index) for rows in (order[:cut], order[cut:])]
    assert pl.concat(parts).equals(whole[order])


@given(register=registers, chosen=settings(), events=EVENTS)
def test_nothing_is_domestic_unless_everything_asked_for_is_known(
    register: Register, chosen: Interpretations, events: list[dict[str, Any]]
) -> None:
    for row in facts_frame(frame(*events), register, chosen, geo).to_dicts():
        for role in ("asset", "destination"):
            assert row[f"{role}.abroad"] is not False or row[f"{role}.equipment_country"] == "JP"
            assert row[f"{role}.operator_abroad"] is not False or row[f"{role}.operator_country"] == "JP"
        for role in ("party", "recipient"):
            if row[f"{role}.abroad"] is False:
                assert row[f"{role}.countries_known"]
                assert {row[f"{role}.{name}"] for name in ("country", "home_country", "place_country")} & {"JP"}
                assert row[f"{role}.foreign_countries"] is None


@given(register=registers, chosen=settings(), events=EVENTS, part=st.sampled_from(["parties", "identities", "assets"]))
def test_forgetting_a_part_of_the_register_never_makes_anything_domestic(
    register: Register, chosen: Interpretations, events: list[dict[str, Any]], part: str
) -> None:
    events = [{**event, "asset.region": None, "destination.region": None} for event in events]
    less = facts_frame(frame(*events), register.model_copy(update={part: ()}), chosen, geo)
    for row in less.to_dicts():
        if part == "parties":
            assert row["asset.operator_abroad"] is None
            assert row["destination.operator_abroad"] is None
            assert row["party.known"] is not True
            basis = chosen.handling.country_basis
            assert row["party.abroad"] is not False or basis == "location" or chosen.decisions
        if part == "identities":
            assert row["party.person_known"] is not True
            assert row["party.abroad"] is not False or row["party.home_country"] is None
        if part == "assets":
            assert row["asset.abroad"] is None
            assert row["asset.category"] is None
            assert row["asset.sui"] is None
            assert row["party.asset_in_scope"] is not None or row["party.contract"] is None


@given(register=registers, chosen=settings(), event=complete())
def test_provenance_names_a_source_for_each_fact_and_its_own_value(
    register: Register, chosen: Interpretations, event: dict[str, Any]
) -> None:
    index = RegisterIndex(register, chosen, geo)
    row = facts_frame(frame(event), register, chosen, geo).row(0, named=True)
    told = explain_row(frame(event), index, KEYS)
    assert {name: fact.value for name, fact in told.items()} == {name: row[name] for name in NAMES}
    assert all(fact.source for fact in told.values())


@given(
    batches=st.lists(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.none() | st.integers(0, 3)), max_size=12)),
    limit=st.integers(0, 6),
)
def test_a_table_answers_alike_whatever_it_remembers(batches: list[list[tuple[str, int | None]]], limit: int) -> None:
    schema = {"text": pl.String(), "number": pl.Int64()}
    table = DistinctTable({"answer": pl.String()}, lambda key: (f"{key['text']}{key['number']}",), limit=limit)
    for batch in batches:
        answers = table.of(pl.DataFrame(batch, schema=schema, orient="row"))["answer"].to_list()
        assert answers == [f"{text}{number}" for text, number in batch]
