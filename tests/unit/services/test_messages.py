import hashlib

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


def test_a_run_is_split_by_index() -> None:
    run = no_run()
    for offset in range(3):
        run.add(offset, offset + 1, b"x")

    assert run.split(1) == (Run([0], [1], [b"x"]), Run([1, 2], [2, 3], [b"x", b"x"]))
