"""What stands around a value is asked of it, and what has no answer is refused."""

import pytest
from sigma.types import Placeholder

from streams.sigma.columns import RuleColumn
from streams.sigma.predicates import Leaf, Present
from streams.sigma.questions import Question, RefusedError

COLUMN = RuleColumn("l", "text", is_list=True)
QUESTION = Question(
    COLUMN, cased=False, anchor="contains", schema={"l": COLUMN}, placeholders={"site": ["a", "b"], "none": []}
)


def test_a_leaf_knows_its_column_and_whether_it_holds_lists() -> None:
    assert QUESTION.leaf(Present()) == Leaf("l", Present(), is_list=True)


def test_a_kind_that_fits_passes_and_another_is_refused() -> None:
    QUESTION.need("text", "text")
    with pytest.raises(RefusedError, match="l holds text, this is a number") as refused:
        QUESTION.need("int", "a number")
    assert refused.value.todo == "put the value in quotes"


def test_a_placeholder_gives_its_values() -> None:
    assert list(QUESTION.given(Placeholder("site"))) == ["a", "b"]


@pytest.mark.parametrize("name", ["none", "unknown"])
def test_a_placeholder_without_values_is_refused(name: str) -> None:
    with pytest.raises(RefusedError, match=f"%{name}%"):
        list(QUESTION.given(Placeholder(name)))
