import hashlib

import pytest

from schemas.events import MAX_MESSAGE_BYTES
from services.messages import HEAD_BYTES, Collected, Run, no_run
from streams.batch import Oversize


def test_a_message_within_the_limit_is_kept_whole() -> None:
    message = Collected()
    message.add(b"a" * (MAX_MESSAGE_BYTES - 1))
    message.add(b"b")

    assert message.finished(3, 4) == b"a" * (MAX_MESSAGE_BYTES - 1) + b"b"


def test_beyond_the_limit_only_head_length_and_hash_are_kept() -> None:
    parts = [b"a" * MAX_MESSAGE_BYTES, b"b", b"c" * 5]
    message = Collected()
    for part in parts:
        message.add(part)

    whole = b"".join(parts)
    assert message.so_far() is None
    assert message.finished(3, 4) == Oversize(3, 4, len(whole), whole[:HEAD_BYTES], hashlib.sha256(whole).digest())


@pytest.mark.parametrize(
    "parts",
    [
        [b"a" * MAX_MESSAGE_BYTES + b"b \t", b"\r"],
        [b"a" * MAX_MESSAGE_BYTES, b"  b", b" "],
        [b"a" * MAX_MESSAGE_BYTES, b" ", b" b ", b" ", b"c", b"\t"],
        [b"a" * MAX_MESSAGE_BYTES + b" ", b"b "],
    ],
)
def test_beyond_the_limit_white_space_at_the_end_is_told_apart(parts: list[bytes]) -> None:
    message = Collected()
    for part in parts:
        message.add(part)
    whole = b"".join(parts)

    found = message.finished(3, 4)

    bare = hashlib.sha256(whole.rstrip()).digest()
    assert found == Oversize(3, 4, len(whole), whole[:HEAD_BYTES], bare)


def test_what_is_within_the_limit_but_for_white_space_at_its_end_has_the_hash_it_had_without() -> None:
    message, text = Collected(), b" " + b"a" * (MAX_MESSAGE_BYTES - 1)
    for part in (text[:9], text[9:], b" ", b"\t\r"):
        message.add(part)

    found = message.finished(3, 4)

    assert isinstance(found, Oversize)
    assert (found.sha256, found.length) == (hashlib.sha256(text).digest(), MAX_MESSAGE_BYTES + 3)


def test_a_run_is_split_by_index() -> None:
    run = no_run()
    for offset in range(3):
        run.add(offset, offset + 1, b"x")

    assert run.split(1) == (Run([0], [1], [b"x"]), Run([1, 2], [2, 3], [b"x", b"x"]))
