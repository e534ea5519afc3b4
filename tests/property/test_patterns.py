"""Patterns agree with a plain recursive reading of what ``*`` and ``?`` mean."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from streams.patterns import PatternIndex, intersect, matches, normal_form, specificity, tied, ties

patterns = st.text("ab?*", max_size=7)
texts = st.text("ab\n", max_size=7)


def plainly_matches(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(plainly_matches(pattern[1:], text[n:]) for n in range(len(text) + 1))
    return bool(text) and pattern[0] in {"?", text[0]} and plainly_matches(pattern[1:], text[1:])


@given(patterns, texts)
def test_matching_is_what_the_signs_say(pattern: str, text: str) -> None:
    assert matches(pattern, text) == plainly_matches(pattern, text)


@given(patterns, texts)
def test_the_normal_form_matches_the_same(pattern: str, text: str) -> None:
    assert plainly_matches(normal_form(pattern), text) == plainly_matches(pattern, text)
    assert normal_form(normal_form(pattern)) == normal_form(pattern)


WORDS = ["".join(signs) for length in range(8) for signs in itertools.product("ab", repeat=length)]
short_patterns = st.text("ab?*", max_size=3)


@given(short_patterns, short_patterns)
def test_two_patterns_intersect_if_a_search_over_all_short_texts_finds_one(a: str, b: str) -> None:
    found = any(plainly_matches(a, word) and plainly_matches(b, word) for word in WORDS)
    assert intersect(a, b) == intersect(b, a) == found


def narrowed(pattern: str, draw: st.DataObject) -> str:
    """Return a pattern that matches a subset: each wildcard kept or replaced by something narrower."""
    return "".join(
        draw.draw(st.sampled_from({"*": ["*", "?", "a", "", "?*", "*b*"], "?": ["?", "a"]}.get(sign, [sign])))
        for sign in pattern
    )


@given(patterns, st.data())
def test_a_narrower_pattern_is_never_less_specific(pattern: str, data: st.DataObject) -> None:
    narrow = narrowed(pattern, data)
    assert specificity(narrow) >= specificity(pattern)
    if normal_form(narrow) != normal_form(pattern):
        assert specificity(narrow) > specificity(pattern)


@given(st.lists(patterns, max_size=8))
def test_all_ties_are_found_and_nothing_else(many: list[str]) -> None:
    wanted = {(i, j) for j in range(len(many)) for i in range(j) if ties(many[i], many[j])}
    assert set(tied(many)) == wanted


@given(st.lists(patterns, max_size=8), texts)
def test_an_index_finds_what_trying_every_pattern_finds(many: list[str], text: str) -> None:
    found = PatternIndex((pattern, pattern) for pattern in many).find_all(text)
    assert sorted(found) == sorted(pattern for pattern in many if plainly_matches(pattern, text))
    ranks = [specificity(pattern) for pattern in found]
    assert ranks == sorted(ranks, reverse=True)
