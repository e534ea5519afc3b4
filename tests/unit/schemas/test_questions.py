from schemas.questions import QUESTION, QUESTIONS


def test_the_paper_has_sixteen_questions_two_of_which_ask_for_acts() -> None:
    assert [question.number for question in QUESTIONS] == [
        "Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "R7", "Q8", "Q9", "Q10", "Q11", "R12", "Q13", "R14", "Q15", "Q16",
    ]  # fmt: skip
    assert [number for number, question in QUESTION.items() if question.asks_for == "act"] == ["R7", "R12"]
