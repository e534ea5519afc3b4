"""Patterns that engines read differently, cannot run in linear time or that are too large are refused."""

import pytest

from streams.sigma.regex import MAX_DEPTH, MAX_PATTERN, PatternError, check_compiles, check_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        *["", "abc", "a|b", "^a.*b$", "a{1000}", "日本+", "}", "]"],
        *["[a-z0-9_-]+", "[]a]", "[^]a]", r"[\]\[]", r"\d{3}-\d{4}"],
        *["(?:ab){2,3}?", "(?P<n>a)b", "(?i)a", "(?i-s:a)"],
        *[r"\x41\u0042\U00000043", r"a\.b\/c\"", r"\bword\B", r"\Aa"],
    ],
)
def test_what_every_engine_reads_alike_is_accepted(pattern: str) -> None:
    check_pattern(pattern)
    check_compiles(pattern)


@pytest.mark.parametrize(
    ("pattern", "offset", "reason"),
    [
        ("a(?=b)", 1, "lookaround"),
        ("(?!a)", 0, "lookaround"),
        ("(?<=a)b", 0, "lookaround"),
        ("(?<!a)b", 0, "lookaround"),
        (r"(a)\1", 3, "backreference"),
        (r"\012", 0, "octal"),
        ("(?>a)", 0, "only"),
        ("(?(1)a|b)", 0, "only"),
        ("(?x)a b", 0, "only"),
        ("a(?i)b", 1, "only"),
        ("(?<n>a)", 0, "only"),
        ("(?#no)a", 0, "comments"),
        ("a++", 2, "quantifier"),
        ("a*+", 2, "quantifier"),
        ("a**", 2, "quantifier"),
        ("*a", 0, "quantifier"),
        ("^*", 1, "quantifier"),
        ("(|*a)", 2, "quantifier"),
        (r"a\z", 1, "very end"),
        (r"a\Z", 1, "very end"),
        (r"\v", 0, "does not mean the same"),
        (r"\<a", 0, "does not mean the same"),
        (r"\b{start}", 0, "does not mean the same"),
        (r"\p{L}", 0, "does not mean the same"),
        (r"[\b]", 1, "does not mean the same"),
        (r"\é", 0, "does not mean the same"),
        ("a\\", 1, "ends in a backslash"),
        ("a{,3}", 1, "no count"),
        ("{", 0, "quantifier"),
        ("a{x}", 1, "no count"),
        ("[[:alpha:]]", 1, "inside a class"),
        ("[a[b]]", 2, "inside a class"),
        ("[a&&b]", 2, "set operator"),
        ("[a--b]", 2, "set operator"),
        ("[a~~b]", 2, "set operator"),
        ("[a", 0, "not closed"),
        ("(a", 2, "not closed"),
        ("a)", 1, "without its"),
    ],
)
def test_what_engines_read_differently_is_refused_where_it_stands(pattern: str, offset: int, reason: str) -> None:
    with pytest.raises(PatternError, match=reason) as refused:
        check_pattern(pattern)
    assert refused.value.offset == offset


def test_a_pattern_is_bounded_in_length() -> None:
    check_pattern("a" * MAX_PATTERN)
    with pytest.raises(PatternError, match="1001 characters"):
        check_pattern("a" * (MAX_PATTERN + 1))


def test_repetitions_are_bounded_as_if_written_out() -> None:
    check_pattern("(?:a{50}){90}")
    with pytest.raises(PatternError, match="more than 5000"):
        check_pattern("(?:a{50}){100}")


def test_groups_are_bounded_in_depth() -> None:
    check_pattern("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH)
    with pytest.raises(PatternError, match="inside each other"):
        check_pattern("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1))


def test_the_engine_bounds_the_compiled_program_besides() -> None:
    check_pattern(r"\w{240}")
    with pytest.raises(PatternError, match="exceeds size limit"):
        check_compiles(r"\w{240}")
