"""What events are judged with, in files that tests change while it is in use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.hot_reload import Judging
from services.metrics import Metrics
from services.settings import PathsSection
from services.store import Store
from tests.support.stores import NOW, names


def register_file(folder: Path, name: str = "Tsubame", source: str = "urn:app") -> Path:
    """Write a register of one party and one asset; return its folder."""
    register = folder / "register"
    register.mkdir(exist_ok=True)
    (register / "all.yaml").write_text(
        f"""
parties:
  - {{id: tsubame, valid_from: 2025-04-01, name: {name}, kind: own}}
assets:
  - id: crm
    valid_from: 2025-04-01
    name: CRM
    log_sources: [{{source: "{source}", expected_every_minutes: 15}}]
"""
    )
    return register


def metrics() -> Metrics:
    """Return metrics at a fixed time."""
    return Metrics(lambda: NOW, process=False)


def judging(store: Store, metrics: Metrics, **paths: Any) -> Judging:
    """Return what events are judged with, from these files."""
    section = PathsSection.model_validate({name: str(path) for name, path in paths.items()})
    return Judging(store, section, metrics, now=lambda: NOW, new_id=names("act"))


def acts(store: Store) -> list[tuple[str, str]]:
    """Return kind and text of every act, in order."""
    return [(row["kind"], row["text"]) for row in store.rows("SELECT kind, text FROM acts ORDER BY at, id")]
