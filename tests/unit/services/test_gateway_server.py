import json
import signal
import ssl
import time
from pathlib import Path

import httpx
import pytest

from schemas.errors import InputError
from services.gateway_server import producers_of, tls_context
from services.gateway_settings import GatewaySettings, TlsSettings
from tests.support.gateway_process import GatewayProcess
from tests.support.gateways import BEARER, OTHER_TOKEN, PATIENCE, TLS, events, producers_file, running, spool_in

FINGERPRINT = "3a2a44fced42325d7fb83483beccacc9a5d9720caf64728fe900165bc2e89b3d"
SERVER = {"certificate_file": TLS / "server.pem", "key_file": TLS / "server.key"}
WITH_CLIENTS = SERVER | {"client_ca_file": TLS / "ca.pem"}


async def post(url: str, who: str | None, token: str | None = None, source: str = "//crm") -> httpx.Response:
    """Send one event over TLS, as a client with a certificate, with a token, with both or with neither."""
    context = ssl.create_default_context(cafile=TLS / "ca.pem")
    if who:
        context.load_cert_chain(TLS / f"{who}.pem", TLS / f"{who}.key")
    headers = {"content-type": "application/cloudevents+json"}
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(verify=context, trust_env=False, timeout=PATIENCE) as client:
        return await client.post(f"{url}/v1/events", json=events(1)[0] | {"source": source}, headers=headers)


@pytest.mark.asyncio
@pytest.mark.parametrize("certificate", [{"sha256": FINGERPRINT}, {"subject": r"CN=crm,O=Example Telecom\, Inc.,C=JP"}])
async def test_a_client_is_known_by_its_certificate(tmp_path: Path, certificate: dict[str, str]) -> None:
    producer = {"tokens": [], "certificates": [certificate]}
    async with running(tmp_path, spool_in(tmp_path), producer=producer, tls=WITH_CLIENTS) as gateway:
        assert (await post(gateway.url, "crm")).status_code == 202
        assert (await post(gateway.url, "crm", source="//billing/x")).status_code == 403
        assert (await post(gateway.url, "billing")).status_code == 401
        assert (await post(gateway.url, None)).status_code == 401
        assert (await post(gateway.url, None, OTHER_TOKEN, "//billing/x")).status_code == 202
        assert [one.producer for one in gateway.handled] == ["crm", "crm", "", "", "billing"]


@pytest.mark.asyncio
async def test_a_certificate_and_a_token_must_be_of_the_same_producer(tmp_path: Path) -> None:
    producer = {"certificates": [{"sha256": FINGERPRINT}]}
    async with running(tmp_path, spool_in(tmp_path), producer=producer, tls=WITH_CLIENTS) as gateway:
        assert (await post(gateway.url, "crm", BEARER["authorization"].partition(" ")[2])).status_code == 202
        assert (await post(gateway.url, "crm", OTHER_TOKEN)).status_code == 401
        assert (await post(gateway.url, "crm", "unknown")).status_code == 401


@pytest.mark.asyncio
async def test_a_certificate_of_another_authority_gets_no_connection(tmp_path: Path) -> None:
    producer = {"tokens": [], "certificates": [{"subject": r"CN=crm,O=Example Telecom\, Inc.,C=JP"}]}
    async with running(tmp_path, spool_in(tmp_path), producer=producer, tls=WITH_CLIENTS) as gateway:
        with pytest.raises(httpx.TransportError):
            await post(gateway.url, "stranger")
        assert gateway.handled == []


@pytest.mark.asyncio
async def test_without_a_client_ca_no_certificate_is_asked_for(tmp_path: Path) -> None:
    async with running(tmp_path, spool_in(tmp_path), tls=SERVER) as gateway:
        assert (await post(gateway.url, "stranger")).status_code == 401
        assert (await post(gateway.url, None, BEARER["authorization"].partition(" ")[2])).status_code == 202


@pytest.mark.asyncio
async def test_old_tls_is_not_spoken(tmp_path: Path) -> None:
    assert tls_context(TlsSettings(**SERVER)).minimum_version == ssl.TLSVersion.TLSv1_2
    async with running(tmp_path, spool_in(tmp_path), tls=SERVER) as gateway:
        with pytest.raises(httpx.TransportError):
            async with httpx.AsyncClient(trust_env=False) as client:
                await client.get(gateway.url.replace("https", "http"))


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"certificate_file": TLS / "nothing.pem"}, "no such file"),
        ({"certificate_file": TLS / "crm.pem"}, "mismatch"),
        ({"key_file": TLS / "README.md"}, "server.pem"),
        ({"client_ca_file": TLS / "crm.key"}, "crm.key"),
    ],
)
def test_tls_files_that_cannot_be_used_are_named(files: dict[str, Path], says: str) -> None:
    with pytest.raises(InputError, match=says):
        tls_context(TlsSettings(**(SERVER | files)))


def test_a_key_with_a_pass_phrase_is_refused_and_nobody_is_asked() -> None:
    with pytest.raises(InputError, match="TLS cannot be set up"):
        tls_context(TlsSettings(certificate_file=TLS / "server.pem", key_file=TLS / "locked.key"))


def test_a_producer_that_can_never_be_known_is_an_error_at_the_start(tmp_path: Path) -> None:
    path = producers_file(tmp_path, tokens=[], certificates=[{"sha256": FINGERPRINT}])
    with pytest.raises(InputError, match="crm can never be known"):
        producers_of(GatewaySettings(producers_file=path))
    tls = TlsSettings(**WITH_CLIENTS)
    assert len(list(producers_of(GatewaySettings(producers_file=path, tls=tls)))) == 2


def test_a_stop_lets_the_request_that_is_under_way_end(tmp_path: Path) -> None:
    event = json.dumps(events(1)[0]).encode()
    head = "POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/cloudevents+json\r\n"
    head += f"authorization: {BEARER['authorization']}\r\ncontent-length: {len(event)}\r\n\r\n"
    with GatewayProcess(tmp_path) as process, process.connection() as connection:
        connection.sendall(head.encode() + event[:10])
        time.sleep(0.3)
        process.signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.sendall(event[10:])
        assert connection.recv(1000).startswith(b"HTTP/1.1 202 ")
        assert process.wait() in {0, -signal.SIGTERM}
    assert len(process.kept()) == 1
