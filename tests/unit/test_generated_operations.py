"""The references of metrics and settings are what the code says."""

from pathlib import Path
from types import ModuleType

import pytest

from scripts import generate_metrics_reference, generate_settings_reference
from services.metric_names import METRICS
from services.settings import Settings

PAGES = [generate_metrics_reference, generate_settings_reference]


@pytest.mark.parametrize("of", PAGES)
def test_the_committed_page_is_current(of: ModuleType) -> None:
    assert of.main(["--check"]) == 0


@pytest.mark.parametrize("of", PAGES)
def test_a_page_that_is_not_current_fails_the_check(
    of: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of, "PAGE", tmp_path / "page.md")
    assert of.main(["--check"]) == 1
    assert of.main([]) == 0
    assert of.main(["--check"]) == 0


def test_every_metric_and_every_section_is_on_its_page() -> None:
    metrics, settings = generate_metrics_reference.page(), generate_settings_reference.page()
    assert all(f"`{one.name}`" in metrics for one in METRICS)
    assert all(f"`{name}." in settings or f"`{name}`" in settings for name in Settings.model_fields)
