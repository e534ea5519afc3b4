"""The fold is what docs/reference/sigma.md says, for the odd letters too."""

import polars as pl
import pytest

from streams.sigma.folding import fold_expression, fold_needed, fold_text
from streams.sigma.predicates import Fold

ODD = [
    "K",
    "k",
    "K",
    "Σ",
    "σ",
    "ς",
    "ΟΔΟΣ",
    "ΟΔΟΣΑ",
    "İ",
    "i",
    "I",
    "ı",
    "ſ",
    "s",
    "S",
    "ß",
    "ẞ",
    "ss",
    "Ａ",
    "ａ",
    "Ǆ",
    "ǅ",
    "日",
    "",
]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("K", "k"),
        ("K", "K"),
        ("Σ", "ς"),
        ("Σ", "σ"),
        ("ΟΔΟΣ", "οδος"),
        ("ΟΔΟΣ", "οδοσ"),
        ("İ", "i̇"),
        ("ẞ", "ß"),
        ("Ǆ", "ǅ"),
        ("Ａ", "ａ"),
        ("É", "é"),
    ],
)
def test_texts_that_differ_in_case_alone_fold_to_one(left: str, right: str) -> None:
    assert fold_text(left) == fold_text(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [("ſ", "s"), ("İ", "i"), ("ı", "i"), ("ı", "I"), ("ß", "ss"), ("Ａ", "A"), ("é", "e\u0301"), ("ﬁ", "fi")],
)
def test_texts_that_differ_in_more_than_case_stay_apart(left: str, right: str) -> None:
    assert fold_text(left) != fold_text(right)


def test_rule_and_column_are_folded_alike() -> None:
    folded = pl.DataFrame({"t": ODD}).select(fold_expression(pl.col("t"), Fold.SIGMA))["t"].to_list()
    assert folded == [fold_text(text) for text in ODD]


def test_ascii_is_folded_alike_letter_by_letter() -> None:
    letters = [chr(code) for code in range(128)]
    folded = pl.DataFrame({"t": letters}).select(fold_expression(pl.col("t"), Fold.SIGMA))["t"].to_list()
    assert folded == [fold_text(letter) for letter in letters]


def test_the_fold_of_a_part_is_part_of_the_fold() -> None:
    assert fold_text("ΟΔΟΣΑ").startswith(fold_text("ΟΔΟΣ"))


def test_columns_are_searched_for_final_sigmas_only_where_a_sigma_is_looked_for() -> None:
    assert fold_needed("οδοσ", "a") is Fold.SIGMA
    assert fold_needed("a", "日") is Fold.LOWER


def test_nothing_is_done_to_an_exact_column_and_null_stays_null() -> None:
    frame = pl.DataFrame({"t": ["A", None]})
    assert frame.select(fold_expression(pl.col("t"), Fold.EXACT))["t"].to_list() == ["A", None]
    assert frame.select(fold_expression(pl.col("t"), Fold.SIGMA))["t"].to_list() == ["a", None]
