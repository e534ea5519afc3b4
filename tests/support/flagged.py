"""A store with one flag of XB-STORE, for tests of what people are told about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from services.context import build_context
from services.ingest import Ingest
from services.store import Store
from streams.register_versions import canonical_json, content_sha256
from tests.support.registers import register_of
from tests.support.stores import NOW, names

REGISTER: Final = """
carrier:
  - {valid_from: 2024-04-01, name: Test Telecom, designations: [{service_category: mobile_phone, designated_on: 2024-04-01}]}
services:
  - {valid_from: 2024-04-01, id: mobile, name: Mobile, category: mobile_phone, fee: paid}
parties:
  - {valid_from: 2024-04-01, id: own, name: Test Telecom, kind: own, contracting_country: JP}
identities:
  - {valid_from: 2024-04-01, id: hanako, issuer: idp, subject: hanako, party: own, home_country: JP}
countries:
  - {valid_from: 2024-04-01, code: SG, affecting: "no", assessed_on: 2026-06-01, in_use_from: 2024-04-01, sources: [{kind: ppc_survey}]}
assets:
  - {valid_from: 2024-04-01, id: crm, name: CRM, locators: [{pattern: "db/crm/*"}], service: mobile, category: "2",
     natural_persons: true, equipment_country: JP, operator: own}
  - {valid_from: 2025-04-01, id: qa, name: QA server, locators: [{pattern: "sg/qa"}], equipment_country: SG, operator: own}
policy:
  - {valid_from: 2026-11-16, id: sg-storage, item: storage, country: SG, umu: "no", url: "https://telecom.example/policy",
     anchor: abroad}
"""

TRANSFER: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": "t1",
    "source": "urn:app",
    "type": "io.ashiato.transfer.v1",
    "time": "2026-11-02T11:02:00+09:00",
    "data": {
        "actor": {"issuer": "idp", "subject": "hanako", "kind": "person"},
        "origin": {"ip": "192.0.2.7", "country": "JP"},
        "asset": {"locator": "db/crm/contracts"},
        "action": "copy",
        "operation": "scp",
        "outcome": "success",
        "records": {"count": 18000, "fields": ["contract_id"], "users": ["u-1"]},
        "purpose": "data check",
        "destination": {
            "locator": "sg/qa",
            "persistence": "stored",
            "temporary": {"until": "2026-11-02T13:02:00+09:00", "purpose": "data check"},
        },
    },
}
"""A data check of two hours on a server in Singapore (vector 18)."""


def transfer(number: int, time: str = "2026-11-02T11:02:00+09:00") -> dict[str, Any]:
    """Return the transfer under another id and at another time."""
    return {**TRANSFER, "id": f"t{number}", "time": time}


def flagged_store(path: Path, *events: dict[str, Any], register: str = REGISTER) -> Store:
    """Return a store in which these events (the transfer, if there are none) were judged with a register."""
    store = Store.open(path, now=NOW, create=True)
    fill(store, path, *events, register=register)
    return store


def fill(store: Store, path: Path, *events: dict[str, Any], register: str = REGISTER) -> None:
    """Record these events (the transfer, if there are none) in a new store, judged with a register.

    Args:
        store: where; the same events give the same evidence in every store.
        path: folder for the log.
        events: what is recorded.
        register: as YAML.
    """
    store.directory.make_for_keys()
    key = store.directory.keys / "salt.key"
    key.write_text("5a" * 32, encoding="ascii")
    key.chmod(0o600)
    known = register_of(register)
    store.save_version("register", content_sha256(known), canonical_json(known), entries=8, now=NOW)
    log = path / "app.ndjson"
    log.write_text("".join(json.dumps(event) + "\n" for event in (events or (TRANSFER,))), encoding="utf-8")
    Ingest(store, build_context(store, now=NOW), now=lambda: NOW, new_id=names()).files([log])
