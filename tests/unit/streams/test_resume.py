import dataclasses

import pytest

from schemas.errors import Place, SourceError
from streams.batch import Oversize, RawBatch
from streams.ranges import Accepted, Digest
from streams.resume import Recorded, generations, messages_hmac, next_generation, rest
from tests.support.evidence import KEYS, batch_of
from tests.support.ranges import range_of

MESSAGES = [f'{{"n":{i}}}'.encode() for i in range(20)]


def _accepted(*spans: tuple[int, int]) -> list[Accepted]:
    """Return ranges over MESSAGES that were recorded truthfully."""
    found = []
    for number, (first, last) in enumerate(spans):
        digest = Digest()
        digest.add(batch_of(MESSAGES), first, last)
        true = {"messages_hmac": messages_hmac(digest.messages_sha256(), KEYS)}
        found.append(Accepted(range_of(f"r{number}", first, last).model_copy(update=true), first, last))
    return found


def _recorded(*spans: tuple[int, int]) -> Recorded:
    return Recorded(_accepted(*spans), KEYS, Place("a.ndjson"))


@pytest.mark.parametrize("size", [1, 3, 7, 20])
def test_what_is_recorded_is_skipped_whatever_the_batches(size: int) -> None:
    recorded = _recorded((0, 4), (5, 11))
    new = [recorded.new(batch_of(MESSAGES[i : i + size], first=i)) for i in range(0, 20, size)]
    recorded.finish()

    assert [message for batch in new if batch for message in batch.messages] == MESSAGES[12:]
    assert [offset for batch in new if batch for offset in batch.offsets] == list(range(12, 20))


@pytest.mark.parametrize("changed", [0, 4, 5, 11])
def test_any_changed_message_stops_the_reading_and_tells_where(changed: int) -> None:
    messages = [*MESSAGES[:changed], b'{"n":99}', *MESSAGES[changed + 1 :]]
    recorded = _recorded((0, 4), (5, 11))

    with pytest.raises(SourceError, match=f"messages {'1 to 5' if changed < 5 else '6 to 12'} differ"):
        _ = [recorded.new(batch_of(messages[i : i + 4], first=i)) for i in range(0, 20, 4)]


def test_a_source_that_ends_before_what_was_recorded_is_another_one() -> None:
    recorded = _recorded((0, 4), (5, 11))
    assert recorded.new(batch_of(MESSAGES[:11])) is None
    with pytest.raises(SourceError, match="the file ends before them"):
        recorded.finish()


def test_ranges_that_overlap_are_all_checked() -> None:
    recorded = _recorded((0, 8), (4, 11))
    assert recorded.new(batch_of(MESSAGES)) is not None
    with pytest.raises(SourceError):
        _recorded((0, 8), (4, 11)).new(batch_of([*MESSAGES[:10], b"{}", *MESSAGES[11:]]))


def test_nothing_recorded_means_all_is_new() -> None:
    recorded = _recorded()
    batch = batch_of(MESSAGES)
    assert recorded.new(batch) is batch
    recorded.finish()


def test_the_rest_of_a_batch_keeps_lines_and_oversized_messages() -> None:
    large = [Oversize(i, i + 1, 5_000_000, b"", bytes(32)) for i in (1, 4)]
    batch = RawBatch("s", 0, "native", [0, 2, 3, 5], [b"a", b"b", b"c", b"d"], 0, 7, [1, 3, 4, 6], large)

    cut = rest(batch, 3)

    assert cut == dataclasses.replace(
        batch, offsets=[3, 5], messages=[b"c", b"d"], lines=[4, 6], oversize=[large[1]], first=3
    )
    assert rest(batch, 0) is batch
    assert rest(batch, 8) is None
    blank = rest(batch, 7)
    assert blank is not None
    assert (blank.messages, blank.first, blank.last) == ([], 7, 7)


def test_generations_of_a_name_are_found_newest_first() -> None:
    sources = ["file:a#1", "file:a#1~2", "file:a#1~10", "file:a#1~2~3", "file:a#12", "file:b~2"]

    assert generations("file:a#1", sources) == ["file:a#1~10", "file:a#1~2", "file:a#1"]
    assert next_generation("file:a#1", sources) == "file:a#1~11"
    assert next_generation("file:c", sources) == "file:c"
    assert next_generation("file:a#1", ["file:a#1"]) == "file:a#1~2"


def test_digests_of_messages_are_kept_keyed() -> None:
    other = dataclasses.replace(KEYS, pseudonym_key="d4" * 32)
    assert messages_hmac(bytes(32), KEYS) != messages_hmac(bytes(32), other)
    assert messages_hmac(bytes(32), KEYS) != bytes(32).hex()
