from services.gateway_sink import SinkError, Trouble


def test_trouble_is_told_until_it_is_over_or_old() -> None:
    now = [5.0]
    trouble = Trouble(lambda: now[0])
    assert trouble.text() == ""
    trouble.says("no room")
    now[0] += Trouble.LASTS - 0.1
    assert trouble.text() == "no room"
    now[0] += 0.1
    assert trouble.text() == "", "somebody must be let through to try again"
    trouble.says("no room")
    trouble.over()
    assert trouble.text() == ""


def test_an_error_says_when_to_come_again() -> None:
    assert SinkError("away").retry_after > 0
    assert str(SinkError("away", why="no broker", retry_after=9)) == "away: no broker"
