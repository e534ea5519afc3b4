"""Text is compared as Sigma says: case, wildcards and their escapes, patterns, networks, encodings."""

import pytest

from schemas.errors import RuleError
from tests.support.sigma_rules import hits, texts_hit


def test_plain_text_is_compared_without_case_and_as_a_whole() -> None:
    assert texts_hit("t", "Read", "read", "READ", "reads", "", None) == [True, True, False, False, False]


def test_cased_text_is_compared_as_it_is() -> None:
    assert texts_hit("t|cased", "Read", "Read", "read") == [True, False]
    assert texts_hit("t|contains|cased", "ea", "Read", "rEAd") == [True, False]


def test_an_exact_column_is_compared_as_it_is() -> None:
    assert texts_hit("x", "JP", "JP", "jp") == [True, False]
    assert texts_hit("x|startswith", "ap-", "ap-1", "AP-1") == [True, False]


def test_the_empty_text_is_a_value() -> None:
    assert texts_hit("t", "", "", "a", None) == [True, False, False]


def test_a_lone_star_matches_every_value_and_nothing_absent() -> None:
    assert texts_hit("t", "*", "", "a", "\n", None) == [True, True, True, False]
    assert texts_hit("t|contains", "", "", "a", None) == [True, True, False]


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("a*c", ["ac", "abc", "A\nC", "a日c"], ["ab", "xac", "acx"]),
        ("a?c", ["abc", "a日c", "a\nc", "a😀c"], ["ac", "abbc"]),
        ("*a?", ["ab", "xxaB"], ["a", "abx"]),
        ("a*b*c", ["abc", "aXbXc"], ["acb", "ab"]),
        ("?", ["a", "日"], ["", "ab"]),
        ("??*", ["ab", "abc"], ["a"]),
        (r"a\*c", ["a*c"], ["abc", r"a\*c"]),
        (r"a\?c", ["a?c"], ["abc"]),
        (r"a\\*", ["a\\", "a\\b"], ["ab", "a*"]),
        (r"C:\Temp\*", ["c:\\temp*"], ["c:\\temp\\x"]),
        (r"C:\Temp\\*", ["c:\\temp\\x"], ["c:\\tempx"]),
        ("a.c", ["a.c"], ["abc"]),
        ("(a|b)+*", ["(A|B)+", "(a|b)+x"], ["ab"]),
    ],
)
def test_wildcards_and_their_escapes(pattern: str, yes: list[str], no: list[str]) -> None:
    assert texts_hit("t", pattern, *yes, *no) == [True] * len(yes) + [False] * len(no)


def test_a_question_mark_is_one_character_of_the_fold() -> None:
    assert texts_hit("t", "a?c", "aİc", "aıc") == [False, True]
    assert texts_hit("t|cased", "a?c", "aİc") == [True]


def test_containers_put_wildcards_around_what_was_written() -> None:
    assert texts_hit("t|contains", "b*d", "abcde", "abd", "adb") == [True, True, False]
    assert texts_hit("t|startswith", "a", "AB", "ba") == [True, False]
    assert texts_hit("t|endswith", "a", "AB", "BA") == [False, True]
    assert texts_hit("t|startswith", r"a\*", "a*b", "ab") == [True, False]


def test_odd_letters_compare_as_the_fold_says() -> None:
    assert texts_hit("t", "k", "K", "K") == [True, True]
    assert texts_hit("t", "οδος", "ΟΔΟΣ", "οδοσ") == [True, True]
    assert texts_hit("t|startswith", "ΟΔΟΣ", "οδοσα", "ΟΔΟΣΑ", "οδος") == [True, True, True]
    assert texts_hit("t", "ΟΔ?Σ", "οδος", "οδοσ") == [True, True]
    assert texts_hit("t", "s", "ſ") == [False]
    assert texts_hit("t", "i", "İ", "ı", "I") == [False, False, True]


def test_several_values_match_if_one_does_and_with_all_if_all_do() -> None:
    assert texts_hit("t|contains", ["a", "b"], "a", "b", "ab", "c") == [True, True, True, False]
    assert texts_hit("t|contains|all", ["a", "b"], "a", "b", "xbxa") == [False, False, True]


def test_many_values_match_as_few_do() -> None:
    assert texts_hit("t", list("abcdefgh"), "A", "h", "i", None) == [True, True, False, False]


# Regular expressions


def test_a_pattern_matches_anywhere_and_minds_case() -> None:
    assert texts_hit("t|re", "b+", "abbc", "ABBC", "a") == [True, False, False]


def test_the_dollar_is_the_very_end() -> None:
    assert texts_hit("t|re", "a$", "a", "a\n", "a\nb") == [True, False, False]
    assert texts_hit("t|re|m", "a$", "a", "a\n", "a\nb") == [True, True, True]


def test_the_caret_is_the_start_and_with_m_that_of_a_line() -> None:
    assert texts_hit("t|re", "^b", "b", "a\nb") == [True, False]
    assert texts_hit("t|re|m", "^b", "b", "a\nb") == [True, True]


def test_the_dot_is_no_line_feed_unless_s_is_given() -> None:
    assert texts_hit("t|re", "a.b", "axb", "a\nb", "a日b") == [True, False, True]
    assert texts_hit("t|re|s", "a.b", "a\nb") == [True]


def test_i_is_simple_case_folding() -> None:
    assert texts_hit("t|re|i", "^[ksi]$", "K", "ſ", "I", "İ", "ı") == [True, True, True, False, False]
    assert texts_hit("t|re|i", "^σ$", "Σ", "ς") == [True, True]


def test_classes_follow_unicode() -> None:
    assert texts_hit("t|re", r"^\d$", "5", "５", "Ⅴ") == [True, True, False]
    assert texts_hit("t|re", r"^\w$", "é", "日", "\u0301", "-") == [True, True, True, False]
    assert texts_hit("t|re", r"^\s$", " ", "\u3000", "\x1c") == [True, True, False]
    assert texts_hit("t|re", r"\b日", "a 日", "a日") == [True, False]


def test_containers_say_where_a_pattern_matches() -> None:
    assert texts_hit("t|re|startswith", "a|b", "ax", "bx", "xa") == [True, True, False]
    assert texts_hit("t|re|endswith", "a|b", "xa", "xb", "ax") == [True, True, False]
    assert texts_hit("t|re|contains", "a|b", "xax", "x\nb\n", "x") == [True, True, False]


def test_a_pattern_on_an_exact_column_minds_case_as_any() -> None:
    assert texts_hit("x|re", "^J", "JP", "jp") == [True, False]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [("(?=a)", "lookaround"), ("a" * 1001, "1001 characters"), (r"\w{240}", "exceeds size limit")],
)
def test_a_refused_pattern_is_an_error_at_its_place(pattern: str, reason: str) -> None:
    with pytest.raises(RuleError, match=reason) as refused:
        texts_hit("t|re", pattern)
    assert refused.value.where is not None
    assert refused.value.where.line == 8


# Networks


def test_a_network_holds_its_addresses() -> None:
    assert texts_hit("ip|cidr", "192.168.0.0/16", "192.168.3.4", "::ffff:192.168.3.4", "192.169.0.0", "x", None) == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert texts_hit("ip|cidr", ["10.0.0.0/8", "2001:db8::/32"], "2001:DB8::1", "10.1.1.1", "11.1.1.1") == [
        True,
        True,
        False,
    ]


def test_a_mapped_network_is_the_ipv4_network() -> None:
    assert texts_hit("ip|cidr", "::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0") == [True, False]


def test_a_list_of_addresses_matches_if_one_lies_inside() -> None:
    assert hits({"l|cidr": "10.0.0.0/8"}, {"l": ["x", None, "10.0.0.1"]}, {"l": ["11.0.0.1"]}, {"l": []}) == [
        True,
        False,
        False,
    ]


def test_a_network_with_host_bits_is_refused() -> None:
    with pytest.raises(RuleError, match="host bits set"):
        texts_hit("ip|cidr", "10.0.0.1/8")


# Encodings


def test_base64_of_the_value() -> None:
    assert texts_hit("t|base64", "ping", "cGluZw==", "ping") == [True, False]


def test_base64_at_any_offset() -> None:
    assert texts_hit("t|base64offset|contains", "ping", "xxcGluZ", "AHBpbm", "AABwaW5n", "ping") == [
        True,
        True,
        True,
        False,
    ]


def test_wide_text_has_a_nul_after_each_character() -> None:
    assert texts_hit("t|wide", "ab", "a\0b\0", "ab") == [True, False]
    assert texts_hit("t|utf16be", "ab", "\0a\0b") == [True]
    assert texts_hit("t|wide|base64offset|contains", "ab", "xYQBiA") == [True]
    assert texts_hit("t|utf16|base64", "a", "//5hAA==") == [True]


def test_cased_survives_modifiers_that_follow_it() -> None:
    assert texts_hit("t|cased|windash", "-A", "-A", "/A", "–A", "-a") == [True, True, True, False]
    assert texts_hit("t|cased|base64", "ping", "cGluZw==", "CGLUZW==") == [True, False]


def test_windash_stands_for_every_dash_before_a_word() -> None:
    assert texts_hit("t|windash|contains", "-enc", "x /ENC", "x —enc", "x ―enc", "xenc") == [True, True, True, False]


def test_windash_under_all_asks_for_one_dash_of_each_value() -> None:
    assert texts_hit("t|windash|contains|all", ["-a", "-b"], "/a -b", "/a") == [True, False]


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("t|base64", "a*", "wildcards"),
        ("t|base64offset|contains", "a?", "wildcards"),
        ("t|wide", "é", "ascii"),
        ("t|windash", "-a -b -c -d", "at most three"),
        ("t|contains|re", "a", "unmodified"),
        ("t|re|cased", "a", "incompatible"),
        ("t|re", 5, "is text"),
        ("t|gt", "5", "incompatible"),
        ("t|contains", 5, "incompatible"),
        ("t|contains", None, "incompatible"),
    ],
)
def test_modifiers_that_do_not_fit_are_refused(key: str, value: object, reason: str) -> None:
    with pytest.raises(RuleError, match=reason):
        texts_hit(key, value)


# Placeholders


def test_a_placeholder_stands_for_its_values() -> None:
    rows = ({"t": "Tokyo office"}, {"t": "osaka office"}, {"t": "%site% office"})
    assert hits({"t|expand": "%site% office"}, *rows, site=["tokyo", "Osaka"]) == [True, True, False]
    assert hits({"t": "%site% office"}, *rows) == [False, False, True]


def test_values_of_placeholders_are_literal() -> None:
    assert hits({"t|expand": "%any%"}, {"t": "a*"}, {"t": "ab"}, any=["a*"]) == [True, False]
    assert hits({"t|re|expand": "^%any%+$"}, {"t": "a.."}, {"t": "ab"}, any=["a."]) == [True, False]


@pytest.mark.parametrize("key", ["t|expand", "t|re|expand"])
def test_a_placeholder_without_values_is_refused(key: str) -> None:
    with pytest.raises(RuleError, match="nothing is given for the placeholder %site%"):
        hits({key: "%site%"})


def test_expand_is_refused_where_it_would_be_encoded() -> None:
    with pytest.raises(RuleError, match="encode the placeholder"):
        hits({"t|expand|base64": "%site%"}, site=["a"])
