from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.gateway_limits import SECOND, Pending, Rates, TokenBucket
from services.gateway_producers import Producer
from services.gateway_settings import GatewaySettings


def producer(name: str, rate: int | None = None, burst: int | None = None) -> Producer:
    return Producer(name=name, source_prefix="//x", tokens=("0" * 64,), events_per_second=rate, burst=burst)


def test_a_bucket_lets_its_burst_through_and_then_its_rate() -> None:
    bucket = TokenBucket(rate=2, burst=4)

    assert [bucket.take(1, 0) for _ in range(5)] == [0, 0, 0, 0, 1]
    assert bucket.take(1, SECOND // 2 - 1) == 1
    assert bucket.take(1, SECOND // 2) == 0
    assert bucket.take(1, SECOND // 2) == 1
    assert bucket.take(4, 1000 * SECOND) == 0


def test_a_refused_request_takes_nothing() -> None:
    bucket = TokenBucket(rate=1, burst=10)
    bucket.take(8, 0)

    assert bucket.take(5, 0) == 3
    assert bucket.take(2, 0) == 0


def test_more_than_the_burst_passes_once_the_bucket_is_full_and_leaves_a_debt() -> None:
    bucket = TokenBucket(rate=10, burst=10)
    bucket.take(1, 0)

    assert bucket.take(35, 0) == 1
    assert bucket.take(35, SECOND) == 0
    assert bucket.take(1, SECOND) == 3  # 25 of debt, and one


PAUSES = st.integers(0, 5 * SECOND)


@example(rate=3, burst=1, requests=[(1, 0), (1, 1), (1, SECOND // 3), (1, SECOND // 3)])
@given(st.integers(1, 50), st.integers(1, 50), st.lists(st.tuples(st.integers(1, 20), PAUSES), max_size=60))
def test_no_sender_ever_gets_more_than_burst_and_rate_allow(
    rate: int, burst: int, requests: list[tuple[int, int]]
) -> None:
    bucket, now, passed = TokenBucket(rate, burst), 0, 0
    for events, pause in requests:
        now += pause
        wait = bucket.take(events, now)
        if wait:
            now += wait * SECOND
            assert bucket.take(events, now) == 0, "it was told to come again too early"
        passed += events
        assert passed * SECOND <= (burst + max(events, burst)) * SECOND + rate * now


def test_each_producer_has_its_own_bucket_by_its_own_rate_or_the_default(tmp_path: Path) -> None:
    settings = GatewaySettings(producers_file=tmp_path, events_per_second=1, burst=2)
    rates = Rates(settings, lambda: 0)

    assert rates.take(producer("a"), 2) == 0
    assert rates.take(producer("a"), 1) == 1
    assert rates.take(producer("b", burst=5), 5) == 0
    assert rates.take(producer("b", burst=5), 4) == 4
    assert rates.take(producer("c", rate=4), 2) == 0
    assert rates.take(producer("a", burst=9), 9) == 0, "a new limit takes effect at once"


def test_pending_bytes_never_pass_their_limit_and_come_back() -> None:
    pending = Pending(10)
    with pending.account() as first, pending.account() as second:
        assert first.add(6)
        assert not second.add(5)
        assert second.add(4)
        assert pending.bytes == 10
    assert pending.bytes == 0


def test_what_an_account_held_comes_back_after_an_error_too() -> None:
    pending = Pending(10)

    def break_off() -> None:
        with pending.account() as account:
            assert account.add(10)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        break_off()
    assert pending.bytes == 0
