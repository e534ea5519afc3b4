"""The gateway as its senders see it: a real server on the loopback, a real spool behind it."""

import asyncio
import datetime as dt
import json
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from schemas.events import ACT, MAX_MESSAGE_BYTES
from services.gateway_limits import SECOND
from services.gateway_producers import Producers, read_producers
from services.spool import FILE, Spool
from tests.support import events as samples
from tests.support.cloudtrail import message as cloudtrail
from tests.support.gateways import BATCH, EVENTS, OTHER_TOKEN, STRUCTURED, events, producers_file, running, spool_in

SECRET = "Sekret-4711"
pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def spool(tmp_path: Path) -> Spool:
    return spool_in(tmp_path)


def kept(spool: Spool, topic: str = EVENTS) -> list[bytes]:
    batch = spool.read(topic)
    return batch.messages if batch else []


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["type"] == f"urn:ashiato:problem:{kind}"
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    return found


async def test_a_structured_event_is_kept_as_it_came(tmp_path: Path, spool: Spool) -> None:
    body = b' { "extra":1.50, %b ' % samples.message().removeprefix(b"{")
    async with running(tmp_path, spool) as gateway:
        answer = await gateway.post(body, f"{STRUCTURED}; charset=UTF-8")

        assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
        assert kept(spool) == [body]


async def test_a_binary_event_is_kept_in_its_structured_form_with_its_data_as_it_came(
    tmp_path: Path, spool: Spool
) -> None:
    event = samples.event()
    data = b'{"actor": {}, "asset":{"id":"x"},\n"action":"read", "more": 1.50}'
    headers = {f"ce-{name}": event[name] for name in ("specversion", "id", "source", "type", "time")}
    async with running(tmp_path, spool) as gateway:
        answer = await gateway.client.post(
            "/v1/events",
            content=data,
            headers={"content-type": "application/json", "ce-subject": "caf%C3%A9", **headers},
        )

        assert answer.status_code == 202
        (message,) = kept(spool)
        assert message.endswith(b',"data":%b}' % data)
        assert json.loads(message)["subject"] == "café"
        assert json.loads(message)["datacontenttype"] == "application/json"


async def test_a_batch_is_kept_in_its_order_each_event_as_it_came(tmp_path: Path, spool: Spool) -> None:
    parts = [json.dumps(one, indent=1).encode() for one in events(3)]
    async with running(tmp_path, spool) as gateway:
        answer = await gateway.post(b"[ %b\n]" % b" ,\n".join(parts), BATCH)

        assert answer.json() == {"accepted": 3}
        assert kept(spool) == parts


async def test_an_empty_batch_is_accepted_and_nothing_is_kept(tmp_path: Path, spool: Spool) -> None:
    async with running(tmp_path, spool) as gateway:
        assert (await gateway.post([], BATCH)).json() == {"accepted": 0}
        assert kept(spool) == []


async def test_one_bad_event_keeps_the_whole_batch_out_and_each_bad_one_is_named(tmp_path: Path, spool: Spool) -> None:
    batch = [*events(2), {}, *events(1), events(1, action="stroll")[0], {**events(1)[0], "source": "//billing/x"}]
    async with running(tmp_path, spool) as gateway:
        found = problem(await gateway.post(batch, BATCH), 400, "invalid-events")

        assert found["detail"] == "3 of 6 events cannot be accepted"
        assert [(one["event"], one["reason"], one["fields"]) for one in found["errors"]] == [
            (2, "missing-field", ["type"]),
            (4, "invalid-value", ["data.action"]),
            (5, "source-not-allowed", ["source"]),
        ]
        assert kept(spool) == []


async def test_no_answer_repeats_what_was_sent(tmp_path: Path, spool: Spool) -> None:
    sent = [
        ({"type": SECRET}, STRUCTURED, {}),
        ({SECRET: 1}, STRUCTURED, {}),
        ([events(1, actor=SECRET, action=SECRET, asset={"id": SECRET * 100})[0]], BATCH, {}),
        (SECRET.encode(), BATCH, {}),
        (f'[{{"id": "{SECRET}"'.encode(), BATCH, {}),
        ({}, f"text/{SECRET}", {}),
        ({}, f"application/json; charset={SECRET}", {"ce-id": "1"}),
        ({}, "application/json", {"ce-id": f"{SECRET}%", "ce-source": SECRET}),
        ({}, "application/json", {f"ce-{SECRET}": "\xe9"}),
        ({}, "application/json", {"ce-id": SECRET, "ce-time": SECRET, "ce-type": SECRET}),
        ({**events(1)[0], "source": SECRET}, STRUCTURED, {}),
        ({}, STRUCTURED, {"authorization": f"Bearer {SECRET}"}),
        ({}, STRUCTURED, {"content-encoding": SECRET}),
    ]  # fmt: skip
    async with running(tmp_path, spool) as gateway:
        for what, content_type, headers in sent:
            body = what if isinstance(what, bytes) else json.dumps(what).encode()
            everything = {"content-type": content_type, **headers}
            encoded = [(name.encode(), text.encode("latin-1")) for name, text in everything.items()]
            answer = await gateway.client.post("/v1/events", content=body, headers=encoded)
            assert answer.status_code in {400, 401, 403, 415}
            assert SECRET.lower() not in (answer.text + str(answer.headers)).lower()
        assert SECRET.lower() not in (await gateway.client.get(f"/{SECRET}")).text.lower()
        assert SECRET.lower() not in str(gateway.handled).lower()


async def test_a_long_list_of_bad_events_is_cut_and_counted(tmp_path: Path, spool: Spool) -> None:
    async with running(tmp_path, spool) as gateway:
        found = problem(await gateway.post([{}] * 250, BATCH), 400, "invalid-events")

        assert len(found["errors"]) == 100
        assert found["more_errors"] == 150


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"authorization": ""}, "credentials"),
        ({"authorization": "Bearer"}, "credentials"),
        ({"authorization": "Bearer wrong"}, "credentials"),
        ({"authorization": "Basic Y3JtOmNybQ=="}, "credentials"),
        ({"authorization": f"Bearer {OTHER_TOKEN}x"}, "credentials"),
    ],
)
async def test_who_is_not_known_is_not_let_in(tmp_path: Path, spool: Spool, headers: dict[str, str], says: str) -> None:
    async with running(tmp_path, spool) as gateway:
        answer = await gateway.post(samples.event(), **headers)

        assert says in problem(answer, 401, "not-authenticated")["detail"]
        assert answer.headers["www-authenticate"] == "Bearer"
        assert kept(spool) == []


async def test_two_credentials_at_once_are_none(tmp_path: Path, spool: Spool) -> None:
    async with running(tmp_path, spool) as gateway:
        request = b"POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n"
        twice = b"authorization: Bearer correct horse battery staple\r\nauthorization: Bearer another token\r\n\r\n"
        assert b" 401 " in (await gateway.say(request + twice)).splitlines()[0]


async def test_a_producer_stays_within_its_prefix_and_its_types(tmp_path: Path, spool: Spool) -> None:
    act = samples.event(ACT)
    async with running(tmp_path, spool) as gateway:
        foreign = await gateway.post(samples.event() | {"source": "//crm-of-somebody-else"})
        (found,) = problem(foreign, 403, "not-allowed")["errors"]
        assert (found["reason"], found["fields"]) == ("source-not-allowed", ["source"])

        (found,) = problem(await gateway.post(act), 403, "not-allowed")["errors"]
        assert found["reason"] == "type-not-allowed"

        below = await gateway.post(samples.event() | {"source": "//crm/database"})
        assert below.status_code == 202
        assert len(kept(spool)) == 1


async def test_of_two_equal_keys_the_last_decides_about_the_prefix_too(tmp_path: Path, spool: Spool) -> None:
    raw = samples.message()[:-1] + b',"source":"//billing/x"}'
    async with running(tmp_path, spool) as gateway:
        problem(await gateway.post(raw), 403, "not-allowed")


async def test_acts_are_taken_from_a_producer_that_may_send_them(tmp_path: Path, spool: Spool) -> None:
    async with running(tmp_path, spool, producer={"types": [ACT]}) as gateway:
        assert (await gateway.post(samples.event(ACT))).status_code == 202
        problem(await gateway.post(samples.event()), 403, "not-allowed")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": ""},
        {"content-type": "text/plain"},
        {"content-type": "application/json"},  # no ce- headers
        {"content-type": "application/xml", "ce-id": "1"},
        {"content-type": "application/cloudevents+avro", "ce-id": "1"},
        {"content-type": "application/cloudevents"},
        {"content-type": f"{STRUCTURED}; charset=shift_jis"},
        {"content-type": STRUCTURED, "content-encoding": "gzip"},
    ],
)
async def test_a_form_that_is_not_read_is_refused(tmp_path: Path, spool: Spool, headers: dict[str, str]) -> None:
    async with running(tmp_path, spool) as gateway:
        answer = await gateway.client.post("/v1/events", content=samples.message(), headers=headers)
        problem(answer, 415, "unsupported-media-type")


async def test_sizes_are_limited(tmp_path: Path, spool: Spool) -> None:
    large = samples.event() | {"padding": "x" * 4000}
    limits: dict[str, Any] = {"max_event_bytes": 2048, "max_batch_bytes": 8192, "max_batch_events": 5}
    async with running(tmp_path, spool, **limits) as gateway:
        problem(await gateway.post(large), 413, "too-large")
        (found,) = problem(await gateway.post([*events(1), large], BATCH), 413, "too-large")["errors"]
        assert (found["event"], found["reason"]) == (1, "message-too-large")
        assert "2,048 are allowed" in found["detail"]
        problem(await gateway.post([large] * 3, BATCH), 413, "too-large")
        problem(await gateway.post(events(6), BATCH), 413, "too-large")
        assert (await gateway.post(events(5), BATCH)).status_code == 202
        assert len(kept(spool)) == 5


async def test_a_body_without_length_is_cut_off_at_the_limit(tmp_path: Path, spool: Spool) -> None:
    async def endless() -> Any:
        for _ in range(2000):
            yield b" " * 1000

    async with running(tmp_path, spool) as gateway:
        answer = await gateway.client.post("/v1/events", content=endless(), headers={"content-type": STRUCTURED})
        problem(answer, 413, "too-large")
        assert (await gateway.post(samples.event())).status_code == 202


async def test_the_largest_event_is_accepted(tmp_path: Path, spool: Spool) -> None:
    whole = samples.event() | {"padding": ""}
    whole["padding"] = "x" * (MAX_MESSAGE_BYTES - len(json.dumps(whole)))
    async with running(tmp_path, spool) as gateway:
        assert (await gateway.post(whole)).status_code == 202
        assert [len(one) for one in kept(spool)] == [MAX_MESSAGE_BYTES]


async def test_who_sends_too_fast_is_told_when_to_come_again_and_others_are_not_slowed(
    tmp_path: Path, spool: Spool
) -> None:
    now = [100 * SECOND]
    rate = {"events_per_second": 2, "burst": 4}
    async with running(tmp_path, spool, producer=rate, clock=lambda: now[0]) as gateway:
        assert (await gateway.post(events(4), BATCH)).status_code == 202
        answer = await gateway.post(samples.event())
        problem(answer, 429, "rate-limited")
        assert answer.headers["retry-after"] == "1"
        other = samples.event() | {"source": "//billing/x"}
        assert (await gateway.post(other, authorization=f"Bearer {OTHER_TOKEN}")).status_code == 202
        now[0] += SECOND // 2
        assert (await gateway.post(samples.event())).status_code == 202
        assert len(kept(spool)) == 6


async def test_a_full_spool_says_come_again_and_takes_more_once_there_is_room(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, max_bytes=400_000)
    async with running(tmp_path, spool) as gateway:
        accepted = 0
        while (answer := await gateway.post(events(20, purpose="x" * 1000), BATCH)).status_code == 202:
            accepted += 20
        problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert spool.problem()
        assert len(kept(spool)) == accepted > 0

        from_here = spool.end(EVENTS) - 1
        spool.trim(EVENTS, from_here, dt.datetime.max.replace(tzinfo=dt.UTC))
        assert (await gateway.post(samples.event())).status_code == 202
        assert not spool.problem()


async def test_a_log_that_does_not_acknowledge_is_waited_for_so_long_only(tmp_path: Path, spool: Spool) -> None:
    other = sqlite3.connect(tmp_path / "spool" / FILE, isolation_level=None)
    async with running(tmp_path, spool, append_seconds=0.2) as gateway:
        other.execute("BEGIN EXCLUSIVE")
        answer = await gateway.post(samples.event())
        problem(answer, 503, "unavailable")
        assert "retry-after" in answer.headers
        other.execute("ROLLBACK")
        other.close()
        while (await gateway.post(samples.event())).status_code != 202:  # noqa: ASYNC110  (the writer is still waiting)
            await asyncio.sleep(0.05)


async def test_too_many_bytes_under_way_are_answered_with_come_again(tmp_path: Path, spool: Spool) -> None:
    head = (
        b"POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/cloudevents+json\r\nconnection: close\r\n"
        b"authorization: Bearer correct horse battery staple\r\ncontent-length: 6000\r\n\r\n"
    )
    limits: dict[str, Any] = {
        "max_pending_bytes": 8192,
        "max_batch_bytes": 8192,
        "max_event_bytes": 8192,
        "body_seconds": 1,
    }
    async with running(tmp_path, spool, **limits) as gateway:
        slow = asyncio.create_task(gateway.say(head + b" " * 5999))
        await asyncio.sleep(0.2)
        answer = await gateway.post(samples.event() | {"padding": "x" * 4000})
        problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert b" 408 " in (await slow).splitlines()[0]
        assert (await gateway.post(samples.event() | {"padding": "x" * 4000})).status_code == 202


async def test_a_foreign_format_goes_to_its_own_topic_as_it_came(tmp_path: Path, spool: Spool) -> None:
    raw = cloudtrail("s3:GetObject", {"bucketName": "b", "key": "k"})
    producer = {"formats": ["cloudtrail"], "source_prefix": "aws:cloudtrail"}
    async with running(tmp_path, spool, producer=producer) as gateway:
        json_type = {"content-type": "application/json"}
        answer = await gateway.client.post("/v1/raw/cloudtrail", content=raw, headers=json_type)
        assert answer.status_code == 202, answer.text
        assert kept(spool, "audit.raw.cloudtrail") == [raw]
        assert kept(spool) == []

        broken = await gateway.client.post("/v1/raw/cloudtrail", content=b'{"a":', headers=json_type)
        problem(broken, 400, "invalid-events")
        problem(await gateway.client.post("/v1/raw/nothing", content=raw, headers=json_type), 403, "not-allowed")
        problem(await gateway.client.post("/v1/raw/cloudtrail", content=raw), 415, "unsupported-media-type")


async def test_a_foreign_format_needs_to_be_allowed_and_stays_within_the_prefix(tmp_path: Path, spool: Spool) -> None:
    raw, json_type = cloudtrail("s3:GetObject"), {"content-type": "application/json"}
    async with running(tmp_path, spool) as gateway:
        answer = await gateway.client.post("/v1/raw/cloudtrail", content=raw, headers=json_type)
        problem(answer, 403, "not-allowed")
    other = spool_in(tmp_path)
    async with running(tmp_path, other, producer={"formats": ["cloudtrail"]}) as gateway:
        answer = await gateway.client.post("/v1/raw/cloudtrail", content=raw, headers=json_type)
        (found,) = problem(answer, 403, "not-allowed")["errors"]
        assert found["reason"] == "source-not-allowed"


async def test_what_does_not_exist_is_a_problem_too(tmp_path: Path, spool: Spool) -> None:
    async with running(tmp_path, spool) as gateway:
        problem(await gateway.client.get("/"), 404, "not-found")
        answer = await gateway.client.get("/v1/events")
        problem(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == "POST"


async def test_other_routes_stand_beside(tmp_path: Path, spool: Spool) -> None:
    async def healthy(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    async with running(tmp_path, spool, extra_routes=[Route("/healthz", healthy)]) as gateway:
        assert (await gateway.client.get("/healthz")).text == "ok"


async def test_producers_can_be_replaced_while_it_runs(tmp_path: Path, spool: Spool) -> None:
    async with running(tmp_path, spool) as gateway:
        gateway.gateway.producers = Producers(())
        problem(await gateway.post(samples.event()), 401, "not-authenticated")
        gateway.gateway.producers = read_producers(producers_file(tmp_path))
        assert (await gateway.post(samples.event())).status_code == 202


async def test_what_became_of_each_request_is_told_without_its_content(tmp_path: Path, spool: Spool) -> None:
    async with running(tmp_path, spool) as gateway:
        await gateway.post(events(2), BATCH)
        await gateway.post({})
        await gateway.post(samples.event(), authorization="Bearer x")

        told = [(one.producer, one.status, one.problem, one.events) for one in gateway.handled]
        assert told == [("crm", 202, "", 2), ("crm", 400, "invalid-events", 0), ("", 401, "not-authenticated", 0)]
        assert gateway.handled[0].bytes == len(json.dumps(events(2)))
        assert all(0 <= one.seconds < 60 for one in gateway.handled)


async def test_requests_that_come_together_share_a_commit(tmp_path: Path, spool: Spool) -> None:
    async with running(tmp_path, spool) as gateway:
        answers = await asyncio.gather(*(gateway.post(one) for one in events(60)))

        assert {one.status_code for one in answers} == {202}
        assert sorted(json.loads(one)["id"] for one in kept(spool)) == sorted(one["id"] for one in events(60))
        assert spool.commits < 60


async def test_the_api_is_described(tmp_path: Path, spool: Spool) -> None:
    async with running(tmp_path, spool) as gateway:
        found = (await gateway.client.get("/v1/openapi.json")).json()

        answers = found["paths"]["/v1/events"]["post"]["responses"]
        assert answers.keys() >= {"202", "400", "401", "403", "408", "413", "415", "429", "503"}
        assert "Retry-After" in answers["503"]["headers"]
