import pytest

from schemas.errors import UsageError
from streams.adapt import FORMATS, adapter_of, detect
from streams.adapt.cloudtrail import adapt_cloudtrail
from tests.support.cloudtrail import FIXTURES, message, records
from tests.support.events import message as native


def test_formats_have_adapters_but_our_own() -> None:
    assert FORMATS == ("native", "cloudtrail")
    assert adapter_of("cloudtrail") is adapt_cloudtrail
    with pytest.raises(UsageError, match="there is no such log format"):
        adapter_of("native")


def test_a_format_is_told_by_a_message() -> None:
    assert detect(message("s3:GetObject")) == "cloudtrail"
    assert detect(b'{"Records": [{"eventSource": 1}]}') == "cloudtrail"
    assert [detect(one) for one in records(FIXTURES / "management-events.json")] == ["cloudtrail"] * 9


@pytest.mark.parametrize("raw", [native(), b"", b"{", b"[]", b'"Records"', b'{"Records": 1}', b"\xff", b"[" * 5000])
def test_what_looks_like_no_foreign_format_is_native(raw: bytes) -> None:
    assert detect(raw) == "native"
