import gzip
import io
import os
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard

from schemas.errors import SourceError
from services.byte_stream import CHUNK_BYTES, open_file, place_of, text_chunks

TEXT = b"".join(b'{"id": %d}\n' % number for number in range(50_000))


def _file(folder: Path, content: bytes) -> Path:
    path = folder / "log"
    path.write_bytes(content)
    return path


def _zstd(text: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(text)


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        b"\xef\xbb\xbf" + TEXT,
        gzip.compress(TEXT, mtime=0),
        gzip.compress(TEXT[:1000], mtime=0)
        + gzip.compress(b"", mtime=0)
        + gzip.compress(TEXT[1000:], mtime=0)
        + bytes(64),
        _zstd(TEXT),
        _zstd(TEXT[:1000]) + b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + _zstd(TEXT[1000:]),
        gzip.compress(b"\xef\xbb\xbf" + TEXT, mtime=0),
    ],
    ids=["plain", "byte order mark", "gzip", "gzip members", "zstd", "zstd frames", "byte order mark in gzip"],
)
def test_the_text_is_the_same_however_it_is_packed(tmp_path: Path, content: bytes) -> None:
    chunks = list(text_chunks(_file(tmp_path, content)))

    assert b"".join(chunks) == TEXT
    assert max(map(len, chunks)) <= CHUNK_BYTES * 2


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0), _zstd(b"")])
def test_an_empty_file_has_no_text(tmp_path: Path, content: bytes) -> None:
    assert b"".join(text_chunks(_file(tmp_path, content))) == b""


@pytest.mark.parametrize("pack", [gzip.compress, _zstd])
@pytest.mark.parametrize("damage", ["cut", "changed", "followed by rubbish"])
def test_a_damaged_file_is_read_up_to_its_damage(tmp_path: Path, pack: object, damage: str) -> None:
    packed = pack(os.urandom(200_000) + TEXT)  # type: ignore[operator]
    middle = len(packed) * 3 // 4
    content = {
        "cut": packed[:middle],
        "changed": packed[:middle] + bytes(8) + packed[middle + 8 :],
        "followed by rubbish": packed + b"rubbish",
    }[damage]
    path, read = _file(tmp_path, content), list[bytes]()

    with pytest.raises(SourceError) as caught:
        read.extend(text_chunks(path))

    assert len(b"".join(read)) > 100_000
    assert str(caught.value).startswith(f"{path}: the ")
    assert "file is damaged" in str(caught.value)
    assert "what stands before the damage has been read" in str(caught.value)
    assert "--as-new if it turns out that damaged text was read" in str(caught.value)


def test_memory_is_bounded_when_a_small_file_holds_a_huge_text(tmp_path: Path) -> None:
    huge = 64 << 20
    for packed in (gzip.compress(bytes(huge)), _zstd(bytes(huge))):
        sizes = [len(chunk) for chunk in text_chunks(_file(tmp_path, packed))]
        assert sum(sizes) == huge
        assert max(sizes) <= 32 << 20


def test_a_window_beyond_the_limit_is_damage_not_memory(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=30, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = compressor.compress(TEXT) + compressor.flush()

    with pytest.raises(SourceError, match="zstd file is damaged"):
        list(text_chunks(_file(tmp_path, packed)))


@pytest.mark.parametrize(
    ("head", "kind"),
    [(b"BZh91AY", "bzip2"), (b"PK\x03\x04aa", "zip"), (b"\xff\xfe{\0\n\0", "UTF-16"), (b"PAR1aaaa", "Parquet")],
)
def test_other_kinds_are_named(tmp_path: Path, head: bytes, kind: str) -> None:
    with pytest.raises(SourceError, match=f"the file is {kind}, which is not read"):
        list(text_chunks(_file(tmp_path, head)))


def test_a_directory_and_a_missing_file_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"it is a directory.*name the files in it"):
        open_file(tmp_path)
    with pytest.raises(SourceError, match=r"there is no such file.*check the path"):
        open_file(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="cannot be read: Not a directory"):
        open_file(_file(tmp_path, b"") / "below")


def test_a_file_without_permission_says_so(tmp_path: Path) -> None:
    path = _file(tmp_path, TEXT)
    path.chmod(0)
    said, tell = os.pipe()
    child = os.fork()
    if child == 0:  # as somebody who is not root, whom permissions do not bind
        if os.geteuid() == 0:
            os.setuid(65_534)
        try:
            open_file(path)
        except SourceError as error:
            os.write(tell, str(error).encode())
        os._exit(0)
    os.close(tell)
    os.waitpid(child, 0)

    text = os.read(said, 4096).decode()
    os.close(said)
    assert "the file cannot be read: no permission to read it (run as a user who may read it)" in text


def test_standard_input_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"{}")
    os.write(writing, b"\n[]\n")
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(pipe))
        assert b"".join(text_chunks(None)) == b"{}\n[]\n"
    assert str(place_of(None)) == "stdin"


def test_of_a_small_damaged_file_the_text_before_the_damage_is_read_too(tmp_path: Path) -> None:
    text = b"".join(b"%064x\n" % (number * 7919) for number in range(20_000))
    packed = bytearray(gzip.compress(text, mtime=0))
    packed[len(packed) // 2] ^= 0xFF
    read: list[bytes] = []
    with pytest.raises(SourceError, match="the gzip file is damaged"):
        read.extend(text_chunks(_file(tmp_path, bytes(packed))))
    found = b"".join(read)
    assert len(found) > len(text) // 3
    assert text.startswith(found[: len(text) // 3])


def test_of_text_that_packs_well_nothing_before_the_damage_is_lost(tmp_path: Path) -> None:
    text = b"".join(b'{"n":%d,"same":"again and again and again"}\n' % number for number in range(200_000))
    packed = bytearray(gzip.compress(text, mtime=0))
    packed[-5] ^= 1  # the check sum behind it
    read, error = _until_error(tmp_path, bytes(packed))
    assert read == text
    assert f"after {len(text):,} bytes of text" in error


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_damaged_gzip_file_gives_all_that_can_be_unpacked(tmp_path: Path, at: float) -> None:
    packed = bytearray(gzip.compress(TEXT, mtime=0))
    packed[int(len(packed) * at)] ^= 0x55
    possible, member = bytearray(), zlib.decompressobj(wbits=31)
    with suppress(zlib.error):
        for byte in packed:
            possible += member.decompress(bytes([byte]))
    read, _ = _until_error(tmp_path, bytes(packed))
    assert read == bytes(possible)


def _until_error(folder: Path, content: bytes) -> tuple[bytes, str]:
    path = folder / "log.gz"
    path.write_bytes(content)
    read: list[bytes] = []
    with pytest.raises(SourceError) as caught:
        read.extend(text_chunks(path))
    return b"".join(read), str(caught.value)
