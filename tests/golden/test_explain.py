"""What `ashiato explain` prints of one flag, word for word, in both languages.

When a change of the text is meant: UPDATE_GOLDEN=1 pytest tests/golden, and review the difference.
"""

import os
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from services.context import builtin_rulebook
from services.explain import explain_flag
from services.explain_page import page, show
from services.flags import list_flags
from services.store import Store
from streams.explain import Language
from tests.support.flagged import flagged_store

HASH = re.compile(r"[0-9a-f]{64}")
"""Hashes change with every rule and version; that they are right is tested elsewhere."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with flagged_store(tmp_path_factory.mktemp("golden")) as opened:
        yield opened


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_of_a_flag_is_word_for_word_what_was_reviewed(
    language: Language, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    (flag,) = list_flags(store, builtin_rulebook(), rule="XB-STORE")
    show(page(explain_flag(store, builtin_rulebook(), flag, language=language), language))
    text = HASH.sub("<sha256>", capsys.readouterr().out)
    text = text.replace(f"ashiato {metadata.version('ashiato')}", "ashiato <version>")
    golden = Path(__file__).with_name(f"explain_xb_store.{language}.txt")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
