"""docs/operations.md names commands, settings, metrics, files and headings that there are."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner

from services.cli import ashiato
from services.metric_names import METRICS
from services.settings import Settings
from services.settings_files import OTHER_NAMES, _names_at
from tests.support.deployed import ROOT, compose

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCKS = [line for block in re.findall(r"```\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
SPANS = re.findall(r"`([^`\n]+)`", PAGE)
COMMANDS = sorted(
    {span.removeprefix("ashiato ") for span in SPANS if re.match(r"ashiato [a-z]", span)}
    | {line.removeprefix("ashiato ") for line in BLOCKS if line.startswith("ashiato ")}
    | {re.sub(r".*--rm (recorder|migrate) ?", "", line) for line in BLOCKS if "--rm recorder" in line}
)
SETTINGS = sorted(
    {
        span
        for span in SPANS
        if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", span) and span.split(".")[0] in Settings.model_fields
    }
)
PATHS = sorted({span for span in SPANS if re.match(r"(deploy|dashboards|docs)/", span)})


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_is_one_with_such_options(line: str) -> None:
    words = [word for word in shlex.split(line) if not word.isupper()]
    options = [word for word in words if word.startswith("--")]
    at = next((number for number, word in enumerate(words) if not re.fullmatch(r"[a-z]+", word)), len(words))
    told = CliRunner().invoke(ashiato, [*words[:at], "--help"])
    assert told.exit_code == 0, told.output
    assert not [option for option in options if option not in told.output]


def test_the_command_of_every_block_is_one_that_is_checked_here() -> None:
    known = (
        "ashiato ",
        "docker compose ",
        "CARRIER_DIR=",
        "python deploy/make_secrets.py",
        "make bench-kafka",
        "kafka-configs.sh ",  # Kafka's own
        "ASHIATO_KAFKA__TOPICS=",
        "export ASHIATO_",
    )
    assert not [line for line in BLOCKS if not line.startswith(known)]
    services = {match for line in BLOCKS for match in re.findall(r"--rm (\w+)", line)}
    assert services <= compose()["services"].keys()


def test_a_variable_that_is_set_is_a_setting() -> None:
    found = re.findall(r"^export ASHIATO_(\w+)=", "\n".join(BLOCKS), re.MULTILINE)
    names = [name.lower().split("__") for name in found if f"ASHIATO_{name}" not in {*OTHER_NAMES, "ASHIATO_DATA_DIR"}]
    assert len(found) >= 5
    assert not [name for name in names if name[-1] not in _names_at(tuple(name[:-1]))]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_one(name: str) -> None:
    *section, last = name.split(".")
    if name not in {"retention.ms", "min.insync.replicas"}:
        assert last in _names_at(tuple(section))


def test_metrics_are_metrics() -> None:
    assert set(re.findall(r"ashiato_\w+", PAGE)) <= {
        name for one in METRICS for name in (one.name, f"{one.name}_sum", f"{one.name}_bucket")
    }


@pytest.mark.parametrize("path", PATHS)
def test_a_file_is_there_or_is_made(path: str) -> None:
    assert (ROOT / path).exists() or path.startswith("deploy/secrets")


def test_links_within_the_page_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings


def test_what_the_recorder_says_when_it_stops_is_what_the_page_quotes() -> None:
    code = "".join(path.read_text() for path in (ROOT / "services").glob("*.py"))
    quoted = [
        span.strip("… ")
        for span in SPANS
        if re.match(r"(the log |messages are gone|… became|the store is older|it does not let)", span)
    ]
    assert len(quoted) >= 5
    assert not [text for text in quoted if text not in code]
