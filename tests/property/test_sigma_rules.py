"""Compiled rules agree with a plain reading of Sigma, on any rule and any event."""

import datetime as dt
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.sigma import RuleSet, compile_rule
from tests.support import sigma_oracle
from tests.support.sigma_rules import EXACT, PATH, SCHEMA, compiled, frame, judged, rule_text, texts_hit

# Letters whose case is odd, wildcards and escapes, what patterns and YAML treat specially, and a line feed.
LETTERS = "aAbsSkKiI ſKσςΣİıßẞéÉ日Ａ*?\\-/.$^[(+|%#:'\"\n\0"
texts = st.text(LETTERS, max_size=6)
words = st.text("aAbB-/ ", max_size=5)
names = st.sampled_from(["t", "u", "x", "l"])
numbers = st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1))
times = st.integers(0, 3_155_673_600_000_000).map(  # up to the end of 2069
    lambda microseconds: dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=microseconds)
)
addresses = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.ip_addresses(v=4).map(lambda address: f"::FFFF:{address}"),
    st.sampled_from(["10.0.0.1", "10.1.2.3", "2001:db8::1", "fe80::1%eth0", "010.0.0.1", "10.0.0.1:80", "", "::"]),
)
networks = st.sampled_from(
    ["10.0.0.0/8", "10.0.0.0/15", "10.0.0.1/32", "0.0.0.0/0", "2001:db8::/33", "::/0", "fe80::/10", "::ffff:0:0/100"]
)


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


events = st.fixed_dictionaries(
    {
        **dict.fromkeys(["t", "u", "x", "y"], _maybe(texts)),
        "ip": _maybe(addresses),
        **dict.fromkeys(["n", "m"], _maybe(numbers)),
        **dict.fromkeys(["b", "c"], _maybe(st.booleans())),
        **dict.fromkeys(["d", "f"], _maybe(times)),
        **dict.fromkeys(["l", "k"], _maybe(st.lists(_maybe(texts), max_size=3))),
    }
)


def _several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.lists(values, min_size=1, max_size=6)


@st.composite
def _item(draw: st.DrawFn, columns: st.SearchStrategy[str], chains: list[str], values: st.SearchStrategy[Any]) -> Any:
    """A field, a chain of modifiers, and one value or several."""
    linking = draw(st.sampled_from(["", "|all", "|neq", "|all|neq"]))
    chain = draw(st.sampled_from(chains))
    plain = not chain
    return f"{draw(columns)}{chain}{linking}", draw(_several(_maybe(values) if plain else values))


pattern_atoms = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\.", "日", "k", "(?:ab|b)", "(a)", r"\x61", r"\n"])
patterns = st.lists(st.tuples(pattern_atoms, st.sampled_from(["", "*", "+", "?", "{2}", "{1,2}?"])), max_size=4).map(
    lambda atoms: "".join(atom + times for atom, times in atoms)
)
anchored = st.builds("{}{}{}".format, st.sampled_from(["", "^"]), patterns, st.sampled_from(["", "$", "|b$"]))

items = st.one_of(
    _item(names, ["", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|cased|endswith"], texts),
    _item(
        names,
        ["|base64", "|base64offset|contains", "|wide", "|utf16be", "|windash", "|cased|windash", "|windash|contains"],
        words,
    ),
    _item(names, ["|re", "|re|m", "|re|s", "|re|startswith", "|re|endswith", "|re|contains"], anchored),
    _item(st.sampled_from(["n", "m"]), ["", "|gt", "|gte", "|lt", "|lte"], numbers),
    _item(st.sampled_from(["b", "c"]), [""], st.booleans()),
    _item(st.just("d"), ["|minute", "|hour", "|day|gte", "|month"], st.integers(1, 12)),
    _item(st.just("d"), ["|week|lt", "|week"], st.integers(1, 53)),
    _item(st.just("d"), ["|year", "|year|lte"], st.integers(1970, 2069)),
    _item(st.just("ip"), ["|cidr"], networks),
    _item(
        st.sampled_from(["t", "x"]),
        ["|fieldref", "|cased|fieldref", "|fieldref|startswith", "|fieldref|endswith", "|fieldref|contains"],
        st.sampled_from(["u", "y"]),
    ),
    _item(st.sampled_from(["t", "l", "k"]), ["|fieldref"], st.sampled_from(["u", "k", "l"])),
    _item(st.just("n"), ["|fieldref"], st.just("m")),
    _item(st.just("b"), ["|fieldref"], st.just("c")),
    _item(st.just("d"), ["|fieldref"], st.just("f")),
    st.tuples(st.sampled_from(sorted(SCHEMA)).map("{}|exists".format), st.booleans()),
    st.tuples(st.sampled_from(sorted(SCHEMA)), st.none()),
)
mappings = st.lists(items, min_size=1, max_size=3).map(dict)
named = ["sel", "sel_2", "other", "_hidden"]
detections = st.fixed_dictionaries(dict.fromkeys(named, mappings | st.lists(mappings, min_size=1, max_size=2)))
operands = st.sampled_from([*named, "1 of sel*", "all of sel*", "1 of them", "any of them", "all of them", "1 of _*"])
conditions = st.recursive(
    operands,
    lambda inner: st.one_of(
        inner.map("not {}".format),
        inner.map("({})".format),
        st.tuples(inner, inner).map(" and ".join),
        st.tuples(inner, inner).map(" or ".join),
    ),
    max_leaves=5,
)
rules = st.builds(
    lambda named, conditions: {**named, "condition": conditions},
    detections,
    conditions | st.lists(conditions, min_size=1, max_size=3),
)


@given(rules, st.lists(events, min_size=1, max_size=8))
def test_a_compiled_rule_says_what_a_plain_reading_says(detection: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    expected = [sigma_oracle.judge(detection, row, EXACT) for row in rows]
    assert judged(compiled(detection), rows) == [list(column) for column in zip(*expected, strict=True)]


@given(items, st.lists(events, min_size=1, max_size=12))
def test_a_single_field_says_what_a_plain_reading_says(item: tuple[str, Any], rows: list[dict[str, Any]]) -> None:
    detection = {"sel": dict([item]), "condition": "sel"}
    assert judged(compiled(detection), rows) == [[sigma_oracle.judge(detection, row, EXACT)[0] for row in rows]]


@given(texts, texts, texts)
def test_wildcards_are_matched_in_any_value(before: str, after: str, value: str) -> None:
    rows = [{"t": text} for text in (value, before, after, before + value + after, value.swapcase())]
    for pattern in (f"{before}*{after}", f"{before}?{after}", f"*{before}*{after}*", value):
        detection = {"sel": {"t": pattern}, "condition": "sel"}
        assert judged(compiled(detection), rows) == [[sigma_oracle.judge(detection, row)[0] for row in rows]]


@given(rules, st.lists(events, min_size=1, max_size=6))
def test_not_turns_every_answer_and_never_leaves_one_out(detection: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    condition = detection["condition"]
    one = condition if isinstance(condition, str) else condition[0]
    detection = {**detection, "condition": [one, f"not ({one})"]}
    met, turned = judged(compiled(detection), rows)
    assert all(left is not right for left, right in zip(met, turned, strict=True))


@given(st.lists(rules, min_size=1, max_size=4), st.lists(events, max_size=6))
def test_rules_judge_together_as_they_judge_alone(detections: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    facts = frame(rows)
    compiled_rules = [
        compile_rule(rule_text(detection, name=f"T-{number}"), PATH, SCHEMA, exact=EXACT)
        for number, detection in enumerate(detections)
    ]
    expected = sorted(
        (row, number, index)
        for number, rule in enumerate(compiled_rules)
        for index, condition in enumerate(rule.conditions)
        for row in facts.select(met=condition)["met"].arg_true()
    )
    found = RuleSet(compiled_rules).matches(facts)
    assert found.rows() == [(row, f"T-{number}", index) for row, number, index in expected]


@given(st.text(max_size=5), st.text(max_size=5))
def test_the_fold_of_a_whole_is_the_fold_of_its_parts(left: str, right: str) -> None:
    escaped = re.sub(r"([\\*?])", r"\\\1", left)
    assert texts_hit("t|startswith", escaped, left + right) == [True]
