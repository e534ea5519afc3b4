import gzip
import hashlib
import io
import json
import os
import sys
import threading
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest

from schemas.errors import SourceError, UsageError
from services.sources import BatchLimits, FileSource, open_source
from streams.batch import RawBatch
from streams.decode import decode
from streams.ranges import Digest
from tests.support import cloudtrail
from tests.support.events import message

NOTHING = hashlib.sha256(b"").digest()


def _lines(folder: Path, count: int, name: str = "crm.ndjson") -> Path:
    path = folder / name
    path.write_bytes(b"".join(b'{"specversion":"1.0","id":"%d"}\n' % number for number in range(count)))
    return path


def _all(source: FileSource, after: int | None = None, limits: BatchLimits | None = None) -> list[RawBatch]:
    return list(source.read(after, limits or BatchLimits()))


def _digest(messages: list[bytes]) -> tuple[bytes, bytes]:
    hashes = [hashlib.sha256(one).digest() for one in messages]
    return hashlib.sha256(b"".join(hashes)).digest(), hashes[-1]


def _digest_of(source: FileSource, first: int, last: int) -> tuple[bytes, bytes]:
    digest = Digest()
    for batch in source.read():
        digest.add(batch, first, last)
    return digest.messages_sha256(), digest.last_message_sha256()


def test_a_source_is_named_by_its_file_and_its_first_message(tmp_path: Path) -> None:
    path = _lines(tmp_path, 2)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    copy = _lines(moved, 5)

    first = hashlib.sha256(b'{"specversion":"1.0","id":"0"}').hexdigest()[:12]
    assert open_source(path).name == open_source(copy).name == f"file:crm.ndjson#{first}"
    assert open_source(_lines(tmp_path, 0, "empty")).name == "file:empty#empty"
    packed = tmp_path / "crm.ndjson.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert open_source(packed).name.endswith(first)


def test_a_named_pipe_is_opened_once_and_read_whole(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(message() + b"\n" + message() + b"\n",), daemon=True)
    writer.start()

    (batch,) = _all(open_source(pipe))
    writer.join(10)
    assert batch.messages == [message(), message()]
    assert not writer.is_alive()


def test_a_file_name_that_is_no_text_is_written_in_hexadecimal(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    path.write_bytes(message() + b"\n")

    assert open_source(path).name.startswith("file:caf\\xe9#")


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_batches_account_for_every_offset_blank_lines_included(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'\n{"id":1}\n\n\n{"id":2}\n{"id":3}\n\n')

    batches = _all(open_source(path), limits=BatchLimits(rows=rows))

    assert [one for batch in batches for one in batch.messages] == [b'{"id":1}', b'{"id":2}', b'{"id":3}']
    assert [one for batch in batches for one in batch.offsets] == [1, 4, 5]
    assert [one for batch in batches for one in batch.lines or ()] == [2, 5, 6]
    edges = [(batch.first, batch.last) for batch in batches]
    assert edges[0][0] == 0
    assert edges[-1][1] == 6
    assert all(earlier[1] + 1 == later[0] for earlier, later in pairwise(edges))
    assert all(len(batch.messages) <= rows for batch in batches)


def test_a_batch_ends_when_its_bytes_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes((message(purpose="x" * 4_000) + b"\n") * 1_000)

    batches = _all(open_source(path), limits=BatchLimits(rows=10_000, bytes=1_000_000))

    assert sum(len(batch.messages) for batch in batches) == 1_000
    assert all(sum(map(len, batch.messages)) < 2_500_000 for batch in batches)
    assert len(batches) > 1


def test_an_empty_file_gives_nothing(tmp_path: Path) -> None:
    source = open_source(_lines(tmp_path, 0))

    assert _all(source) == []
    assert source.waiting == 0


def test_blank_lines_alone_are_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"\n\n\n")

    (batch,) = _all(open_source(path))

    assert (batch.first, batch.last, batch.messages) == (0, 2, [])


def test_reading_goes_on_behind_what_was_read(tmp_path: Path) -> None:
    path = _lines(tmp_path, 10)
    (batch,) = _all(open_source(path), after=6)

    assert (batch.first, batch.last, batch.offsets) == (7, 9, [7, 8, 9])
    assert _all(open_source(path), after=9) == []
    assert _all(open_source(path), after=99) == []


def test_a_grown_file_gives_what_was_added_and_a_cut_line_waits_for_its_rest(tmp_path: Path) -> None:
    path = _lines(tmp_path, 3)
    with path.open("ab") as file:
        file.write(b'{"id":"cut')
    source = open_source(path)
    assert [batch.last for batch in _all(source)] == [2]
    assert source.waiting == 10

    with path.open("ab") as file:
        file.write(b'"}\n{"id":"new"}\n')
    grown = open_source(path)
    (batch,) = _all(grown, after=2)

    assert grown.name == source.name
    assert batch.messages == [b'{"id":"cut"}', b'{"id":"new"}']
    assert grown.waiting == 0


def test_digests_are_those_of_ranges_and_a_file_is_read_again_from_any_offset(tmp_path: Path) -> None:
    source = open_source(_lines(tmp_path, 9))
    messages = [b'{"specversion":"1.0","id":"%d"}' % number for number in range(9)]

    assert _digest_of(source, 0, 3) == _digest(messages[:4])
    assert _digest_of(source, 4, 4) == _digest(messages[4:5])
    assert [batch.offsets for batch in _all(source, after=4)] == [[5, 6, 7, 8]]
    assert _digest_of(source, 1, 2) == _digest(messages[1:3])


def test_a_digest_of_blank_lines_is_that_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"id":1}\n\n\n{"id":2}\n')
    source = open_source(path)

    assert _digest_of(source, 1, 2) == (NOTHING, NOTHING)
    assert _digest_of(source, 3, 3) == _digest([b'{"id":2}'])


def test_a_replaced_file_with_the_same_beginning_has_another_digest(tmp_path: Path) -> None:
    path = _lines(tmp_path, 5)
    before = open_source(path)
    old_beginning, old = _digest_of(before, 0, 3), _digest_of(before, 0, 4)
    path.write_bytes(path.read_bytes().replace(b'"4"', b'"x"'))
    after = open_source(path)

    assert after.name == before.name
    assert _digest_of(after, 0, 3) == old_beginning
    assert _digest_of(after, 0, 4) != old


@pytest.mark.parametrize(
    "wrap",
    [
        json.dumps,
        lambda events: json.dumps(events, indent=2),
        lambda events: json.dumps({"Records": events}),
        lambda events: json.dumps({"Records": events}, indent=4),
        lambda events: "\n".join(json.dumps(event, indent=1) for event in events),
        lambda events: "\r\n".join(json.dumps(event) for event in events),
    ],
    ids=["array", "array in lines", "wrapper", "wrapper in lines", "objects in lines", "lines with carriage returns"],
)
def test_every_layout_gives_the_same_messages_at_the_same_offsets(tmp_path: Path, wrap: object) -> None:
    path = tmp_path / "log"
    events = [json.loads(message(operation=f"op {number}")) for number in range(5)]
    path.write_text(wrap(events), encoding="utf-8", newline="")  # type: ignore[operator]

    (batch,) = _all(open_source(path))

    assert [json.loads(one) for one in batch.messages] == events
    assert batch.offsets == [0, 1, 2, 3, 4]
    assert _digest_of(open_source(path), 0, 4) == _digest(batch.messages)


@pytest.mark.parametrize(
    "path",
    [*sorted(cloudtrail.FIXTURES.glob("*.*json")), *sorted(cloudtrail.SAMPLES.glob("*.json"))],
    ids=lambda path: path.stem,
)
def test_cloudtrail_files_are_told_and_read_whole(path: Path) -> None:
    source = open_source(path)
    batches = _all(source)

    assert source.format == "cloudtrail"
    assert [json.loads(one) for batch in batches for one in batch.messages] == [
        json.loads(one) for one in cloudtrail.records(path)
    ]
    assert all(decode(batch).dead_letters.height == 0 for batch in batches)


def test_the_format_is_told_by_the_first_message_that_is_json(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"rubbish\n\xff\n" + cloudtrail.message("s3:GetObject") + b"\n")

    assert open_source(path).format == "cloudtrail"
    assert open_source(path, format="native").format == "native"
    assert open_source(path).name == f"file:log#{hashlib.sha256(b'rubbish').hexdigest()[:12]}"


def test_an_unknown_format_is_a_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such log format"):
        open_source(_lines(tmp_path, 1), format="syslog")


def test_what_stands_before_the_damage_is_yielded_then_the_error_comes(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(message(ticket=os.urandom(20).hex()) + b"\n" for _ in range(5_000)))
    path = tmp_path / "log.gz"
    path.write_bytes(packed[: len(packed) // 2])
    batches: list[RawBatch] = []

    with pytest.raises(SourceError, match="gzip file is damaged: it ends in the middle"):
        batches.extend(open_source(path).read(None, BatchLimits(rows=300)))

    read = [one for batch in batches for one in batch.messages]
    assert 1_000 < len(read) < 5_000
    assert all(json.loads(one) for one in read)
    assert batches[-1].last == len(read) - 1


def test_reading_no_further_than_before_the_damage_is_no_error(tmp_path: Path) -> None:
    text = b"".join(b'{"id":"%s"}\n' % os.urandom(20).hex().encode() for _ in range(50_000))
    path = tmp_path / "log.gz"
    packed = gzip.compress(text)
    path.write_bytes(packed[:-1_000])

    batch = next(open_source(path).read(None, BatchLimits(rows=100)))
    assert batch.messages == text.splitlines()[:100]


@pytest.mark.parametrize("where", ["directory", "nowhere"])
def test_what_cannot_be_opened_is_told_at_once(tmp_path: Path, where: str) -> None:
    (tmp_path / "directory").mkdir()

    with pytest.raises(SourceError, match="the file cannot be read"):
        open_source(tmp_path / where)


def test_a_file_that_vanishes_before_it_is_read_again_is_told(tmp_path: Path) -> None:
    path = _lines(tmp_path, 3)
    source = open_source(path)
    _all(source)
    path.unlink()

    with pytest.raises(SourceError, match="there is no such file"):
        _all(source)


def test_a_line_of_50_mb_is_told_apart_and_memory_stays_bounded(tmp_path: Path) -> None:
    path = tmp_path / "log"
    large = b'{"x":"' + b"y" * (50 << 20) + b'"}'
    path.write_bytes(b'{"id":1}\n' + large + b'\n{"id":2}\n')
    expected = hashlib.sha256(large).digest()
    size = len(large)
    del large

    tracemalloc.start()
    (batch,) = _all(open_source(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert batch.messages == [b'{"id":1}', b'{"id":2}']
    assert batch.offsets == [0, 2]
    assert [(one.offset, one.line, one.length, one.sha256) for one in batch.oversize] == [(1, 2, size, expected)]
    assert peak < 8 << 20
    assert decode(batch).dead_letters["reason"].to_list() == ["missing-field", "message-too-large", "missing-field"]


def test_a_first_message_above_the_limit_names_the_source_too(tmp_path: Path) -> None:
    path = tmp_path / "log"
    large = b'{"x":"' + b"y" * (2 << 20) + b'"}'
    path.write_bytes(large + b'\n{"id":2}\n')
    source = open_source(path)

    assert source.name == f"file:log#{hashlib.sha256(large).hexdigest()[:12]}"
    assert _digest_of(source, 0, 0) == _digest([large])


def test_standard_input_is_read_once_and_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, b'{"id":1}\n{"id":2}\n{"id":3}\n{"cut')
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(pipe))
        source = open_source("-")
        assert source.name.startswith("file:stdin#")
        assert next(source.read(None, BatchLimits(rows=2))).messages == [b'{"id":1}', b'{"id":2}']
        assert [batch.messages for batch in _all(source, after=1)] == [[b'{"id":3}']]
        assert source.waiting == 5
        with pytest.raises(SourceError, match="cannot be read again from the beginning"):
            _all(source)


def test_closing_closes_the_file(tmp_path: Path) -> None:
    with open_source(_lines(tmp_path, 50_000)) as source:
        next(source.read(None, BatchLimits(rows=1)))
    opened = [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]

    assert str(tmp_path / "crm.ndjson") not in opened
