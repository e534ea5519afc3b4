import time

import pytest

from streams.patterns import IdentityIndex, PatternIndex, intersect, matches, tied, ties


def test_matching_minds_case_and_line_feeds() -> None:
    assert matches("Ab*", "Ab\nc")
    assert not matches("ab*", "Abc")
    assert not matches("a", "a\n")


@pytest.mark.parametrize("sign", [".", "[", "\\", "(", "+", "^", "$", "|", "{"])
def test_signs_of_regular_expressions_are_plain_text(sign: str) -> None:
    assert matches(f"a{sign}?*", f"a{sign}bc")
    assert not matches(f"a{sign}b", "axb")


def test_an_exact_name_wins_over_every_pattern() -> None:
    index = PatternIndex([("arn:aws:s3:::*", "all"), ("arn:aws:s3:::crm", "exact"), ("arn:aws:s3:::cr?", "one")])
    assert index.find("arn:aws:s3:::crm") == "exact"
    assert index.find("arn:aws:s3:::crx") == "one"
    assert index.find("arn:aws:s3:::other") == "all"
    assert index.find("arn:aws:sqs") is None


def test_entries_of_one_pattern_keep_their_order() -> None:
    assert PatternIndex([("a*", 1), ("a*", 2), ("b", 3)]).find_all("ab") == [1, 2]


def test_equally_specific_patterns_tie_only_if_a_text_matches_both() -> None:
    assert ties("ab*", "*ab")
    assert ties("a*b", "*ab")
    assert not ties("a*", "b*")
    assert not ties("a*", "ab*")
    assert intersect("a*", "*b")
    assert not intersect("a?", "a")


def test_ties_among_many_patterns_are_found_quickly() -> None:
    many = [f"arn:aws:s3:::bucket-{n}/*" for n in range(5000)] + ["arn:aws:s3:::bucket-77/*"]
    began = time.perf_counter()
    assert list(tied(many)) == [(77, 5000)]
    assert time.perf_counter() - began < 5


def test_a_hostile_pattern_takes_no_more_than_linear_steps() -> None:
    began = time.perf_counter()
    assert not matches("*a" * 500 + "b", "a" * 4000)
    assert time.perf_counter() - began < 5


def test_identities_are_found_by_issuer_subject_and_role() -> None:
    index = IdentityIndex(
        [
            ("aws:1", "arn:*", None, "anybody"),
            ("aws:1", "arn:*", "arn:role/dba", "as dba"),
            ("aws:1", "arn:bob", None, "bob"),
            ("aws:*", "*", "*", "any role"),
        ]
    )
    assert index.find("aws:1", "arn:eve") == "anybody"
    assert index.find("aws:1", "arn:eve", "arn:role/dba") == "as dba"
    assert index.find("aws:1", "arn:bob", "arn:role/dba") == "bob"
    assert index.find("aws:2", "arn:bob", "x") == "any role"
    assert index.find("aws:2", "arn:bob") is None
    assert index.find_all("aws:1", "arn:bob", "x") == ["bob", "anybody", "any role"]
