import hashlib

import pytest

from streams.batch import Oversize, RawBatch
from streams.ranges import Accepted, Digest, accept, gaps
from tests.support.evidence import batch_of
from tests.support.ranges import range_of


def _spans(accepted: list[Accepted]) -> list[tuple[str, int, int]]:
    return [(one.range.id, one.first, one.last) for one in accepted]


def test_contiguous_ranges_all_count() -> None:
    ranges = [range_of("b", 10, 19), range_of("a", 0, 9), range_of("c", 20, 20)]

    assert _spans(accept(ranges)) == [("a", 0, 9), ("b", 10, 19), ("c", 20, 20)]
    assert gaps(accept(ranges)) == []


def test_of_two_attempts_at_the_same_positions_the_lowest_id_counts() -> None:
    assert _spans(accept([range_of("z", 0, 9), range_of("a", 0, 9)])) == [("a", 0, 9)]


def test_an_overlapping_range_counts_for_its_remainder() -> None:
    ranges = [range_of("a", 0, 9), range_of("b", 5, 14), range_of("c", 6, 12)]

    assert _spans(accept(ranges)) == [("a", 0, 9), ("b", 10, 14)]


def test_what_is_sealed_stays_whatever_comes_with_a_lower_id() -> None:
    sealed = range_of("m", 0, 9)

    assert _spans(accept([sealed, range_of("a", 0, 4)], sealed={"m"})) == [("m", 0, 9)]


def test_sources_and_partitions_do_not_touch_each_other() -> None:
    ranges = [range_of("a", 0, 9), range_of("b", 0, 9, partition=1), range_of("c", 0, 9, source="file:b")]

    assert len(accept(ranges)) == 3


def test_gaps_are_the_offsets_that_nothing_covers() -> None:
    assert gaps(accept([range_of("a", 2, 3), range_of("b", 7, 9)])) == [(0, 1), (4, 6)]


def test_the_digest_is_over_the_hashes_of_messages_in_order() -> None:
    digest = Digest()
    digest.add(batch_of([b"ab", b""]), 0, 1)

    assert (
        digest.messages_sha256()
        == hashlib.sha256(hashlib.sha256(b"ab").digest() + hashlib.sha256(b"").digest()).digest()
    )
    assert digest.last_message_sha256() == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("end", [b" ", b"\t \r", b"\n"])
def test_white_space_at_the_end_of_a_message_is_not_in_the_digest(end: bytes) -> None:
    one, two, other = Digest(), Digest(), Digest()
    one.add(batch_of([b"a", b"b"]), 0, 1)
    two.add(batch_of([b"a" + end, b"b" + end]), 0, 1)
    other.add(batch_of([end + b"a", b"b"]), 0, 1)

    assert two.messages_sha256() == one.messages_sha256() != other.messages_sha256()
    assert two.last_message_sha256() == one.last_message_sha256()


def test_the_digest_is_the_same_however_messages_are_batched() -> None:
    large = Oversize(offset=2, line=3, length=5_000_000, head=b"{", sha256=b"\x07" * 32)
    whole = RawBatch("s", 0, "native", [0, 1, 3], [b"a", b"b", b"d"], 0, 4, oversize=[large])
    one, two = Digest(), Digest()
    one.add(whole, 0, 4)
    for offset in range(5):
        two.add(whole, offset, offset)

    assert one.messages_sha256() == two.messages_sha256()
    assert one.last_message_sha256() == two.last_message_sha256() == hashlib.sha256(b"d").digest()
    cut = Digest()
    cut.add(whole, 0, 2)
    assert cut.last_message_sha256() == b"\x07" * 32


def test_a_changed_moved_or_missing_message_changes_the_digest() -> None:
    digests = set()
    for messages in ([b"ab", b"c"], [b"a", b"bc"], [b"c", b"ab"], [b"ab"], [b"ab", b"c", b""]):
        digest = Digest()
        digest.add(batch_of(messages), 0, 10)
        digests.add(digest.messages_sha256())

    assert len(digests) == 5
