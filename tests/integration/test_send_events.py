"""The guide for senders says what is so: its producers file is read, its commands are accepted."""

import hashlib
import json
import re
import shlex
from pathlib import Path

import pytest

from services.gateway_producers import read_producers
from services.gateway_settings import GatewaySettings
from tests.support.gateways import running, spool_in

GUIDE = (Path(__file__).parents[2] / "docs/how-to/send-events.md").read_text()
TOKEN = "0123456789abcdef" * 4


def commands() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(curl.*?)```", GUIDE, re.DOTALL)
    return [shlex.split(block.replace("\\\n", " ")) for block in blocks]


def test_the_producers_file_of_the_guide_is_read(tmp_path: Path) -> None:
    (yaml,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "producers.yaml").write_text(yaml)
    crm, billing = read_producers(tmp_path / "producers.yaml")

    assert (crm.source_prefix, len(crm.tokens)) == ("https://crm.example.jp", 1)
    assert (billing.burst, billing.certificates[0].subject) == (2000, "CN=billing,O=Example Telecom,C=JP")


@pytest.mark.asyncio
async def test_every_command_of_the_guide_is_accepted(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    producer = {
        "source_prefix": "https://crm.example.jp",
        "tokens": [hashlib.sha256(TOKEN.encode()).hexdigest()],
    }
    async with running(tmp_path, spool, producer=producer) as gateway:
        found = commands()
        assert len(found) == 3
        for command in found:
            options = list(zip(command[2::2], command[3::2], strict=True))
            headers = [
                tuple(value.replace("$TOKEN", TOKEN).split(": ", 1)) for option, value in options if option == "-H"
            ]
            (body,) = [value for option, value in options if option == "-d"]
            path = command[1].removeprefix("http://127.0.0.1:8080")
            gateway.client.headers.pop("authorization", None)
            answer = await gateway.client.post(path, content=body, headers=[(name, value) for name, value in headers])
            assert answer.status_code == 202, answer.text

        batch = spool.read("audit.events")
        assert batch is not None
        assert [json.loads(one)["id"] for one in batch.messages] == ["crm-1", "crm-2", "crm-3", "crm-4"]


def test_the_settings_that_the_guide_names_exist() -> None:
    named = set(re.findall(r"`gateway\.([a-z_]+)", GUIDE))
    assert named
    assert named <= GatewaySettings.model_fields.keys()
