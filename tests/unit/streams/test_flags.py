import hashlib
from typing import Any

from streams.flags import flag_id

KEY: dict[str, Any] = {
    "rule": "XB-STORE", "role": "asset", "asset": "crm-db", "party": None, "country": "US", "policy_item": "storage",
    "episode": None,
}  # fmt: skip


def test_a_flag_is_named_by_what_it_is_folded_by() -> None:
    assert flag_id(**KEY) == hashlib.sha256(b"XB-STORE\x1fasset\x1fcrm-db\x1f\x1fUS\x1fstorage\x1f").hexdigest()[:16]


def test_any_other_part_is_another_flag() -> None:
    others = {flag_id(**{**KEY, name: "other"}) for name in KEY}
    moved = flag_id(**{**KEY, "party": "US", "country": None})

    assert len(others | {moved, flag_id(**KEY)}) == len(KEY) + 2
