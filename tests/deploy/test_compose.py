"""compose.yaml: its schema, what every container may and may not, and that the settings it gives are settings."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft7Validator

from schemas.errors import ManyErrors
from services.cli import ashiato
from services.clock import utc_now
from services.settings_files import read_settings
from services.store import Store
from services.topics import INPUTS
from tests.support.deployed import ROOT, compose, made_secrets

COMPOSE = compose()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service["image"].startswith("ashiato:"))
UNITS = {"s": 1, "m": 60}
each = pytest.mark.parametrize("name", sorted(SERVICES))
each_of_ours = pytest.mark.parametrize("name", OURS)


@cache
def schema() -> Draft7Validator:
    package = find_spec("check_jsonschema")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    assert "draft-07" in found["$schema"]
    return Draft7Validator(found)


def seconds(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]]


def environment(name: str) -> dict[str, str]:
    return dict(SERVICES[name].get("environment", {}))


def secrets_of(name: str) -> list[str]:
    return list(SERVICES[name].get("secrets", ()))


def test_it_fits_the_schema_of_compose_files() -> None:
    assert [error.message for error in schema().iter_errors(COMPOSE)] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("read_only: true", "readonly: true"), ("cap_drop: [ALL]", "cap_drop: ALL"), ("image: apache", "imgae: apache")],
)
def test_a_slip_of_the_pen_does_not_fit_the_schema(old: str, new: str) -> None:
    text = (ROOT / "compose.yaml").read_text()
    assert old in text
    assert list(schema().iter_errors(yaml.safe_load(text.replace(old, new, 1))))


@each
def test_an_image_is_named_by_a_tag_that_does_not_move(name: str) -> None:
    image = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", SERVICES[name]["image"])
    tag = image.rpartition(":")[2]
    assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?", tag) or (name in OURS and tag == "local")


def test_broker_and_store_are_those_that_the_tests_run_with(tmp_path: Path) -> None:
    pom = (ROOT / "tests/support/kafka/pom.xml").read_text()
    (kafka,) = re.findall(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([^<]+)<", pom)
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka}"
    with Store.open(tmp_path, now=utc_now(), create=True) as store:
        engine = store.rows("SELECT version() AS version")[0]["version"]
    assert SERVICES["clickhouse"]["image"].rpartition(":")[2] == ".".join(engine.split(".")[:2])


@each
def test_nobody_is_root_or_can_become_it_and_nothing_of_the_image_can_be_changed(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True


@each
def test_processor_memory_processes_and_log_have_a_limit(name: str) -> None:
    limits = SERVICES[name]["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert SERVICES[name]["logging"]["options"] == {"max-size": "50m", "max-file": "5"}
    assert all("size=" in mount for mount in SERVICES[name].get("tmpfs", ()))


@each
def test_each_says_what_happens_when_it_ends_and_whether_it_is_well(name: str) -> None:
    service = SERVICES[name]
    job = service.get("healthcheck", {}).get("disable", False)
    assert service["restart"] == ("on-failure:3" if job else service["restart"])
    assert service["restart"] in {"unless-stopped", "on-failure:3", "on-failure:5"}
    assert job or "test" in service.get("healthcheck", {}) or name in OURS  # ours: the Dockerfile says it


def test_a_recorder_that_stops_on_purpose_is_not_started_for_ever() -> None:
    assert SERVICES["recorder"]["restart"].startswith("on-failure:")


@each
def test_ports_are_open_to_this_machine_alone(name: str) -> None:
    for port in SERVICES[name].get("ports", ()):
        assert port.startswith("127.0.0.1:")
        assert "edge" in SERVICES[name]["networks"]


def test_log_and_store_can_neither_be_reached_from_outside_nor_reach_it() -> None:
    networks = COMPOSE["networks"]
    assert {name for name, network in networks.items() if not network.get("internal")} == {"edge"}
    for name in ("kafka", "clickhouse", "topics", "migrate", "recorder"):
        assert "edge" not in SERVICES[name]["networks"]
        assert "ports" not in SERVICES[name]
    used = {network for service in SERVICES.values() for network in service["networks"]}
    assert used == set(networks)


@each
def test_what_is_mounted_is_there_and_what_is_the_checkouts_stays_as_it_is(name: str) -> None:
    for volume in SERVICES[name].get("volumes", ()):
        source, target, *options = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")
        assert target.startswith("/")
        if source.startswith("."):
            assert (ROOT / source).exists()
            assert options == ["ro"]
        else:
            assert source in COMPOSE["volumes"]


def test_every_volume_is_used() -> None:
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert set(COMPOSE["volumes"]) <= mounted


def test_every_secret_is_a_file_that_is_made_and_none_is_in_the_repository(tmp_path: Path) -> None:
    made = made_secrets(tmp_path / "secrets")
    declared = {name: Path(secret["file"]) for name, secret in COMPOSE["secrets"].items()}
    assert {path.parent for path in declared.values()} == {Path("deploy/secrets")}
    assert {path.name for path in declared.values()} <= {path.name for path in made.iterdir()}
    assert {secret for name in SERVICES for secret in secrets_of(name)} == set(declared)
    kept = subprocess.run(["git", "ls-files", "deploy/secrets"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert kept.stdout.split() in (["deploy/secrets/.gitignore"], [])  # [] where there is no history


@each
def test_what_sounds_like_a_secret_is_the_path_of_one_that_this_container_has(name: str) -> None:
    for variable, value in environment(name).items():
        if re.search(r"PASSWORD|TOKEN|SECRET|SALT|CREDENTIAL|PRODUCERS", variable):
            assert value in {f"/run/secrets/{secret}" for secret in secrets_of(name)}, variable


@each
def test_who_has_to_be_there_first_is_there_and_says_when(name: str) -> None:
    waits = SERVICES[name].get("depends_on", {})
    for other in waits:
        condition = waits[other]["condition"] if isinstance(waits, dict) else "service_started"
        assert other in SERVICES
        assert (condition == "service_completed_successfully") == (
            SERVICES[other].get("healthcheck", {}).get("disable", False)
        )


@each_of_ours
def test_its_command_is_one(name: str) -> None:
    told = CliRunner().invoke(ashiato, [*SERVICES[name]["command"], "--help"])
    assert told.exit_code == 0, told.output
    assert "Usage:" in told.output


@each_of_ours
def test_its_settings_are_settings_and_all_of_them_are_heard(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = environment(name)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    found = json.loads(read_settings().model_dump_json(by_alias=True))
    for variable, value in given.items():
        if not variable.startswith("ASHIATO_"):
            continue
        heard = found
        for step in variable.removeprefix("ASHIATO_").lower().split("__"):
            heard = heard[step]
        assert heard == value or heard == value.split(",")


def test_a_setting_that_there_is_not_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASHIATO_KAFKA__BOOTSTARP", "kafka:9092")
    with pytest.raises(ManyErrors, match="kafka"):
        read_settings()


def test_recorder_and_gateway_have_time_to_end_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("recorder", "gateway"):
        for variable, value in environment(name).items():
            monkeypatch.setenv(variable, value)
    found = read_settings()
    assert found.gateway is not None
    assert seconds(SERVICES["recorder"]["stop_grace_period"]) > found.recorder.grace_seconds + 5
    assert seconds(SERVICES["gateway"]["stop_grace_period"]) > found.gateway.grace_seconds + 5


def test_the_recorder_reads_all_that_the_gateway_takes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in environment("recorder").items():
        monkeypatch.setenv(variable, value)
    assert read_settings().kafka.topics == INPUTS


def test_health_is_asked_where_it_is_told() -> None:
    gateway = environment("gateway")
    port = gateway.get("ASHIATO_GATEWAY__PORT", "8080")
    assert gateway["HEALTH_URL"] == f"http://127.0.0.1:{port}/healthz"
    assert SERVICES["gateway"]["ports"][0].endswith(f":{port}")
    scraped = yaml.safe_load((ROOT / "deploy/prometheus.yml").read_text())["scrape_configs"]
    ports = {job["dns_sd_configs"][0]["names"][0]: job["dns_sd_configs"][0]["port"] for job in scraped}
    assert ports == {"recorder": read_settings().ops.port, "gateway": int(port)}
    for name in ports:
        assert "watch" in SERVICES[name]["networks"]
