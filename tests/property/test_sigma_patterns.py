"""A pattern that is accepted means the same to Python's engine and to Rust's; any other is refused with a place."""

import re
import warnings

import polars as pl
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.errors import RuleError
from streams.sigma import compile_rule
from streams.sigma.regex import MAX_PATTERN, PatternError, check_pattern
from tests.support.sigma_rules import PATH, SCHEMA, rule_text

signs = [*"ab1_ -]}{^$.|()*+?[,:\\", "&&", "--", "~~", "[^", "[]", "a-b", "[:alpha:]"]
escapes = [f"\\{letter}" for letter in "wWdDsSbBAnzZ.-[]<1"] + [r"\x61", r"\u0062"]
groups = ["(?:", "(?i:", "(?-i:", "(?P<n>", "(?i)", "(?s)", "(?=", "(?>", "{2}", "{1,}", "{0,3}", "??", "*?"]
pieces = st.sampled_from([*signs, *escapes, *groups])
written = st.lists(pieces, max_size=8).map("".join)
# Not the empty text: until Python 3.14 its own \\B does not match there, against PCRE and Rust.
values = st.text("abAB1_ -]}{^.[&~:,\n", min_size=1, max_size=6)


def _means_the_same(pattern: str, value: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Python warns of what it may read otherwise one day
        expression = re.sub(r"(\\.)|(\[(?:\\.|[^\\])[^\]]*\])|\$", lambda match: match[1] or match[2] or r"\Z", pattern)
        python = re.search(expression, value) is not None
    assert pl.Series([value]).str.contains(pattern).item() is python


@given(written, st.lists(values, min_size=1, max_size=8))
def test_an_accepted_pattern_means_the_same_to_both_engines(pattern: str, some: list[str]) -> None:
    try:
        check_pattern(pattern)
        re.compile(pattern)
        pl.Series([""]).str.contains(pattern)
    except (PatternError, re.error, pl.exceptions.ComputeError):
        assume(False)
    for value in some:
        _means_the_same(pattern, value)


@given(st.text("ab()[]{}*+?\\|^$.1,", max_size=40) | st.text(max_size=20) | written)
def test_a_pattern_compiles_or_is_refused_at_its_line_and_column(pattern: str) -> None:
    text = rule_text({"sel": {"t|re": pattern}, "condition": "sel"})
    try:
        compile_rule(text, PATH, SCHEMA)
    except RuleError as error:
        refused = error
    else:
        return
    assert refused.why
    assert str(refused).startswith(f"{PATH}:")
    assert text.splitlines()[_line(refused)].lstrip().startswith("t|re:")


def _line(error: RuleError) -> int:
    assert error.where is not None
    assert error.where.line is not None
    return error.where.line - 1


@given(st.sampled_from(["a", ".", r"\w", "(ab)", "[a-z]"]), st.lists(st.integers(1, 1000), min_size=1, max_size=4))
def test_no_accepted_pattern_is_large(atom: str, times: list[int]) -> None:
    pattern = atom
    for count in times:
        pattern = f"(?:{pattern}){{{count}}}"
    written_out = 1
    for count in times:
        written_out *= count
    try:
        check_pattern(pattern)
    except PatternError:
        return
    assert len(pattern) <= MAX_PATTERN
    assert written_out <= 5000
