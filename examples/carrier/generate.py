"""Write one business day of the logs of Tsubame Telecom, the made-up carrier of this folder.

Most of it is ordinary work: call centres, shops, nightly jobs, database operators, transfers to the data lake. Into
it goes the story of `story.json`. The same arguments give the same bytes on any machine, and nothing is needed but
the standard library.

    python examples/carrier/generate.py --out day/                     # 24,000 events
    python examples/carrier/generate.py --out big/ --events 2000000    # for measuring

Out come NDJSON files of native events (CloudEvents 1.0) and CloudTrail files as a provider delivers them.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import gzip
import heapq
import io
import json
import random
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

DEFAULT_SEED: Final = 20261102
DEFAULT_DAY: Final = dt.date(2026, 11, 2)
DEFAULT_EVENTS: Final = 24_000
TOKYO: Final = dt.timezone(dt.timedelta(hours=9), "JST")
STORY: Final = Path(__file__).with_name("story.json")
ACCOUNT: Final = "111122223333"

CRM: Final = "https://crm.tsubame.example"
PLATFORM: Final = "https://platform.tsubame.example"
RIGHTS: Final = "https://iam.tsubame.example"
TRAIL: Final = "cloudtrail"
FILES: Final = {CRM: "crm.ndjson", PLATFORM: "platform.ndjson", RIGHTS: "access-rights.ndjson"}
STAFF: Final = "https://id.tsubame.example"
PARTNERS: Final = "https://partners.tsubame.example"
CLUSTER: Final = "https://k8s.tsubame.example"

Document = dict[str, Any]
Make = Callable[[random.Random], Document]


@dataclass(frozen=True, slots=True)
class Entry:
    """One message at its moment: ``file`` it goes to and ``body``, a native event or a CloudTrail record."""

    at: dt.datetime
    file: str
    body: Document


# --- The hours of a day, as weights -----------------------------------------------------------------------------------

OFFICE: Final = (0, 0, 0, 0, 0, 0, 0, 0, 1, 8, 10, 10, 7, 9, 10, 10, 9, 7, 3, 1, 0, 0, 0, 0)
COUNTER: Final = (0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 9, 10, 9, 10, 10, 10, 10, 10, 9, 7, 1, 0, 0, 0)
NIGHT: Final = (6, 10, 10, 9, 6, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3)
ALWAYS: Final = (5, 4, 3, 3, 3, 4, 6, 8, 9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 9, 9, 9, 8, 7, 6)


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of ordinary work: its share of the day in parts, its hours, its producer (a source), what it writes."""

    share: int
    hours: Sequence[int]
    source: str
    make: Make


# --- Native events ----------------------------------------------------------------------------------------------------

CONTACT: Final = ("name", "phone", "email", "address", "plan", "status", "contact_history")


def address(rng: random.Random, prefix: str) -> Document:
    """Return an origin within a /16 such as ``10.60``."""
    return {"ip": f"{prefix}.{rng.randrange(1, 60)}.{rng.randrange(1, 255)}"}


def touched(rng: random.Random, fields: Sequence[str], count: int = 1) -> Document:
    """Return how much was touched, with one to three user references."""
    names = sorted(rng.sample(fields, rng.randint(1, min(4, len(fields)))))
    users = [f"u-{rng.randrange(12_000_000):08d}" for _ in range(min(count, 3))]
    return {"count": count, "fields": names, "users": users}


def person(rng: random.Random, team: str, size: int, issuer: str = STAFF) -> Document:
    """Return one of ``size`` members of a team."""
    return {"issuer": issuer, "subject": f"{team}-{rng.randrange(1, size + 1):03d}", "kind": "person"}


def job(name: str) -> Document:
    """Return a service account of the carrier's cluster."""
    return {"issuer": CLUSTER, "subject": f"system:serviceaccount:{name}", "kind": "service"}


def access(actor: Document, origin: Document, locator: str, action: str, operation: str, **more: object) -> Document:
    """Return an access event without its envelope."""
    data = {"actor": actor, "origin": origin, "asset": {"locator": locator}, "action": action, "operation": operation}
    return {"type": "io.ashiato.access.v1", "data": {**data, "outcome": "success", **more}}


def transfer(actor: Document, locator: str, destination: Document, **more: object) -> Document:
    """Return a transfer from the carrier's data centre without its envelope."""
    return {
        "type": "io.ashiato.transfer.v1",
        "data": {
            "actor": actor,
            "origin": {"ip": "10.40.8.21"},
            "asset": {"locator": locator},
            "action": "copy",
            "operation": "put",
            "outcome": "success",
            **more,
            "destination": {"protocol": "https", "encrypted": True, "persistence": "stored", **destination},
        },
    }


CUSTOMER: Final = "crm-db1.tsubame.example/crm.public.customer"
SCREENS: Final = {
    "read": "customer.show",
    "query": "customer.search",
    "create": "application.create",
    "change": "customer.update",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """The work of ``size`` people of a team who look up and change customers, one at a time."""

    team: str
    size: int
    issuer: str
    prefix: str
    purpose: str
    fields: Sequence[str]
    actions: Sequence[str]

    def __call__(self, rng: random.Random) -> Document:
        """Return one look; now and then somebody is turned away."""
        action = rng.choice(self.actions)
        return access(
            person(rng, self.team, self.size, self.issuer),
            address(rng, self.prefix),
            CUSTOMER,
            action,
            SCREENS[action],
            outcome="denied" if rng.random() < 0.01 else "success",
            records=touched(rng, self.fields),
            purpose=self.purpose,
            ticket=f"INQ-{rng.randrange(1_000_000):06d}",
        )


def recording(rng: random.Random) -> Document:
    """A supervisor listens to a recorded call."""
    where = f"https://rec.hokuto-cc.example/2026/{rng.randrange(1, 11):02d}/{rng.randrange(10**6):06d}.opus"
    who = person(rng, "hokuto", 40, PARTNERS)
    records = touched(rng, ("recording",))
    return access(who, address(rng, "10.60"), where, "read", "recording.play", records=records, purpose="complaint")


def database(team: str, size: int, prefix: str, issuer: str, *tables: str) -> Make:
    """Return the work of database operators."""

    def make(rng: random.Random) -> Document:
        who = person(rng, team, size, issuer)
        action, operation = rng.choice((("query", "SELECT"), ("manage", "ANALYZE"), ("login", "CONNECT")))
        records = touched(rng, ("status", "plan"), rng.randrange(1, 400)) if action == "query" else {"count": 0}
        return access(
            who, address(rng, prefix), rng.choice(tables), action, operation, records=records,
            purpose="database_operation", ticket=f"OPS-{rng.randrange(100_000):05d}",
        )  # fmt: skip

    return make


def batch(name: str, action: str, operation: str, fields: Sequence[str], *locators: str) -> Make:
    """Return the work of a job that handles many records at once."""

    def make(rng: random.Random) -> Document:
        records = touched(rng, fields, rng.randrange(100, 5000))
        del records["users"]
        return access(job(name), {"ip": "10.40.8.20"}, rng.choice(locators), action, operation, records=records)

    return make


def monitoring(rng: random.Random) -> Document:
    """The group's network centre in Singapore looks after sessions; the published policy names Singapore."""
    where = rng.choice(("radius.tsubame.example/acct.session", "wifi-auth.tsubame.example/auth.session"))
    records = touched(rng, ("contract_id", "ip_address", "session"), rng.randrange(1, 50))
    who = person(rng, "sg-noc", 12, PARTNERS)
    return access(who, address(rng, "10.100"), where, "query", "SELECT", records=records, purpose="network_monitoring")


def office(rng: random.Random) -> Document:
    """Other teams of the carrier at their own data."""
    team, where = rng.choice((
        ("net", "radius.tsubame.example/acct.session"),
        ("mail", "mail-log.tsubame.example/postfix.delivery"),
        ("fin", "cert-db1.tsubame.example/cert.issued"),
        ("fin", "billing-db1.tsubame.example/billing.invoice"),
        ("mkt", "search-db1.tsubame.example/history.query"),
        ("cc", "filter-db1.tsubame.example/filter.profile"),
        ("sec", "https://wiki.tsubame.example/runbooks"),
    ))  # fmt: skip
    records = {"count": rng.randrange(1, 30)}
    return access(person(rng, team, 30), address(rng, "10.10"), where, "read", "view", records=records)


def to_lake(rng: random.Random) -> Document:
    """A table goes to the data lake in Tokyo."""
    part = f"arn:aws:s3:::tsubame-lake/crm/part-{rng.randrange(10_000):04d}.parquet"
    count = {"count": rng.randrange(1000, 50_000)}
    to = {"locator": part, "region": "ap-northeast-1", "bytes": count["count"] * 180}
    return transfer(job("etl:crm"), "crm-db1.tsubame.example/crm.public.contract", to, records=count)


def to_archive(rng: random.Random) -> Document:
    """An hour of logs goes to the archive in Oregon, as planned and published."""
    part = f"arn:aws:s3:::tsubame-archive-or/radius/{rng.randrange(10_000):04d}.zst"
    to = {"locator": part, "region": "us-west-2", "bytes": rng.randrange(10**6, 10**8)}
    where = "radius.tsubame.example/acct.session"
    return transfer(job("archive:logs"), where, to, approval=["plan-archive-2026"])


def to_osaka(rng: random.Random) -> Document:
    """A nightly backup goes to Osaka."""
    base = rng.choice(("crm-db1.tsubame.example/crm.public.customer", "billing-db1.tsubame.example/billing.invoice"))
    to = {"locator": f"nfs://backup.osaka.tsubame.example/full/{rng.randrange(10_000):04d}", "protocol": "nfs"}
    return transfer(job("backup:full"), base, to)


def to_mailing(rng: random.Random) -> Document:
    """Addresses go to the company that posts letters."""
    count = rng.randrange(100, 3000)
    file = f"sftp://in.yamabiko.example/{rng.randrange(10_000):04d}.csv.gpg"
    to = {"locator": file, "protocol": "sftp", "party": "yamabiko-dm"}
    records = {"count": count, "fields": ["address", "name"]}
    return transfer(job("campaign:letters"), CUSTOMER, to, records=records, purpose="mailing")


def right(rng: random.Random) -> Document:
    """A colleague in Japan gets, or loses, a right for some days."""
    change = rng.choice(("given", "revoked"))
    return {
        "type": "io.ashiato.grant.v1",
        "data": {
            "actor": person(rng, "sec", 9),
            "origin": address(rng, "10.10"),
            "asset": {"id": rng.choice(("crm-db", "billing-db", "ip-log"))},
            "action": "manage",
            "operation": f"role.{change}",
            "outcome": "success",
            "ticket": f"ACC-{rng.randrange(100_000):05d}",
            "grantee": {"issuer": STAFF, "subject": f"{rng.choice(('cc', 'dba', 'net'))}-{rng.randrange(1, 90):03d}"},
            "change": change,
            "privileges": ["read"],
        },
    }


# --- CloudTrail records -----------------------------------------------------------------------------------------------


def role_session(role: str, session: str) -> Document:
    """Return the ``userIdentity`` of an assumed role."""
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE{role[:4].upper()}:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}"}},
    }


def s3(role: str, name: str, bucket: str) -> Make:
    """Return S3 object accesses under a role."""

    def make(rng: random.Random) -> Document:
        key = f"dt=2026-11-01/part-{rng.randrange(10_000):04d}.parquet"
        return {
            "userIdentity": role_session(role, f"task-{rng.randrange(40):02d}"),
            "eventSource": "s3.amazonaws.com",
            "eventName": name,
            "readOnly": name == "GetObject",
            "managementEvent": False,
            "eventCategory": "Data",
            "requestParameters": {"bucketName": bucket, "key": key},
            "resources": [
                {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
                {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"},
            ],
        }

    return make


def key_use(rng: random.Random) -> Document:
    """A job uses the data lake's key."""
    key = f"arn:aws:kms:ap-northeast-1:{ACCOUNT}:key/5f1c7a3e-0000-4000-8000-00000000000{rng.randrange(4)}"
    return {
        "userIdentity": role_session("analytics-reader", f"task-{rng.randrange(40):02d}"),
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "readOnly": True,
        "managementEvent": True,
        "eventCategory": "Management",
        "requestParameters": {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
        "resources": [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key}],
    }


BILLING: Final = "billing-db1.tsubame.example/billing.invoice"
ACCOUNTS: Final = "id-db1.tsubame.example/accounts.login"
CDR: Final = "hdfs://cdr.tsubame.example/cdr/2026/11/01"
MAIL: Final = ("mail-log.tsubame.example/postfix.delivery", "imap://mail.tsubame.example/spool")

LOOK: Final = ("read", "read", "query")
SERVE: Final = (*LOOK, "change")
COPY: Final = ("name", "plan", "status", "contact_history")
FORM: Final = ("name", "phone", "email", "address", "plan", "status")

ORDINARY: Final = (
    Work(230, COUNTER, CRM, Desk("cc", 420, STAFF, "10.20", "inquiry", CONTACT, SERVE)),
    Work(180, COUNTER, CRM, Desk("hokuto", 300, PARTNERS, "10.60", "inquiry", CONTACT, SERVE)),
    Work(40, COUNTER, CRM, Desk("ringo", 60, PARTNERS, "10.60", "inquiry", CONTACT, LOOK)),
    Work(50, COUNTER, CRM, Desk("luzon", 80, PARTNERS, "10.70", "inquiry", COPY, ("read",))),
    Work(30, COUNTER, CRM, Desk("shop", 200, STAFF, "10.30", "shop_counter", FORM, ("read", "change"))),
    Work(
        60, COUNTER, CRM, Desk("hayabusa", 500, PARTNERS, "10.65", "shop_counter", FORM, ("read", "create", "change"))
    ),
    Work(10, OFFICE, CRM, recording),
    Work(12, ALWAYS, PLATFORM, database("dba", 12, "10.10", STAFF, CUSTOMER, BILLING, ACCOUNTS)),
    Work(14, ALWAYS, PLATFORM, database("minato-yk", 25, "10.80", PARTNERS, CUSTOMER, BILLING)),
    Work(60, NIGHT, PLATFORM, batch("billing:nightly", "change", "UPDATE", ("amount", "plan"), BILLING)),
    Work(50, ALWAYS, PLATFORM, batch("mediation:cdr", "create", "append", ("caller", "callee", "seconds"), CDR)),
    Work(40, ALWAYS, PLATFORM, batch("mail:delivery", "create", "deliver", ("sender", "recipient"), *MAIL)),
    Work(20, ALWAYS, PLATFORM, monitoring),
    Work(40, OFFICE, PLATFORM, office),
    Work(30, ALWAYS, PLATFORM, to_lake),
    Work(6, ALWAYS, PLATFORM, to_archive),
    Work(12, NIGHT, PLATFORM, to_osaka),
    Work(4, OFFICE, PLATFORM, to_mailing),
    Work(10, OFFICE, RIGHTS, right),
    Work(50, ALWAYS, TRAIL, s3("analytics-reader", "GetObject", "tsubame-lake")),
    Work(16, OFFICE, TRAIL, s3("analytics-reader", "GetObject", "tsubame-lake-anon")),
    Work(16, ALWAYS, TRAIL, s3("analytics-reader", "GetObject", "tsubame-ads")),
    Work(12, ALWAYS, TRAIL, s3("etl-writer", "PutObject", "tsubame-lake")),
    Work(8, ALWAYS, TRAIL, key_use),
)


# --- A day ------------------------------------------------------------------------------------------------------------


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """Split ``total`` by weights into whole parts whose sum is ``total``."""
    whole, seen, before, parts = sum(weights), 0, 0, []
    for weight in weights:
        seen += weight
        upto = total * seen // whole
        parts.append(upto - before)
        before = upto
    return parts


def stamp(body: Document, source: str, number: int, at: dt.datetime, rng: random.Random) -> Document:
    """Put the envelope around what a `Work` or the story wrote, unless it brings its own."""
    if source == TRAIL:
        envelope = {
            "eventVersion": "1.11",
            "eventTime": at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "awsRegion": "ap-northeast-1",
            "sourceIPAddress": f"192.0.2.{rng.randrange(1, 120)}",
            "userAgent": "aws-sdk-java/2.31",
            "requestID": f"{rng.getrandbits(64):016X}",
            "eventID": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            "eventType": "AwsApiCall",
            "recipientAccountId": ACCOUNT,
            "responseElements": None,
        }
        return {**envelope, **body}
    name = FILES[source].partition(".")[0]
    envelope = {"specversion": "1.0", "id": f"{name}-{at:%Y%m%d}-{number:07d}", "source": source}
    return {**envelope, "time": at.isoformat(timespec="milliseconds"), **body}


def place(source: str, at: dt.datetime) -> str:
    """Return the file that holds a message; a CloudTrail file covers six hours."""
    if source != TRAIL:
        return FILES[source]
    start = at.astimezone(dt.UTC)
    start = start.replace(hour=start.hour // 6 * 6)
    ending = "json" if start.hour == 12 else "json.gz"
    return f"{ACCOUNT}_CloudTrail_ap-northeast-1_{start:%Y%m%dT%H}00Z.{ending}"


def ordinary(seed: int, count: int, day: dt.date) -> Iterator[Entry]:
    """Yield exactly ``count`` messages of ordinary work in order of time, an hour at a time in memory."""
    rng = random.Random(f"{seed}/ordinary/{day}")
    midnight = dt.datetime.combine(day, dt.time(), TOKYO)
    amounts = shares(count, [work.share for work in ORDINARY])
    by_work = [shares(amount, work.hours) for work, amount in zip(ORDINARY, amounts, strict=True)]
    number = 0
    for hour in range(24):
        plan = [(rng.randrange(3_600_000), kind) for kind, hours in enumerate(by_work) for _ in range(hours[hour])]
        for millisecond, kind in sorted(plan):
            number += 1
            at = midnight + dt.timedelta(hours=hour, milliseconds=millisecond)
            work = ORDINARY[kind]
            yield Entry(at, place(work.source, at), stamp(work.make(rng), work.source, number, at, rng))


def moment(day: dt.date, clock: str) -> dt.datetime:
    """Return ``HH:MM`` of the day in Tokyo."""
    return dt.datetime.combine(day, dt.time.fromisoformat(clock), TOKYO)


def filled(value: Any, day: dt.date) -> Any:
    """Return a part of the story with each ``{HH:MM}`` replaced by that moment of the day."""
    if isinstance(value, Mapping):
        return {name: filled(item, day) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, day) for item in value]
    if isinstance(value, str) and len(value) == 7 and value[0] == "{" and value[3] == ":":
        return moment(day, value[1:-1]).isoformat()
    return value


def chapters() -> list[Document]:
    """Return the story: chapters with ``title`` and ``acts`` (at, source, times, every, bodies)."""
    found: list[Document] = json.loads(STORY.read_text("utf-8"))["chapters"]
    return found


def story(seed: int, day: dt.date, told: Sequence[Document] | None = None) -> Iterator[Entry]:
    """Yield the messages of the story, or of these chapters of it, in order of time."""
    rng = random.Random(f"{seed}/story/{day}")
    entries = []
    for index, act in enumerate(act for chapter in told or chapters() for act in chapter["acts"]):
        for turn in range(act.get("times", 1)):
            at = moment(day, act["at"]) + dt.timedelta(seconds=turn * act.get("every", 0))
            body = filled(act["bodies"][turn % len(act["bodies"])], day)
            number = 9_000_000 + index * 1000 + turn
            entries.append(Entry(at, place(act["source"], at), stamp(body, act["source"], number, at, rng)))
    yield from sorted(entries, key=lambda entry: entry.at)


def messages(seed: int, count: int, day: dt.date, *, with_story: bool = True) -> Iterator[Entry]:
    """Yield the whole day in order of time: ``count`` messages of ordinary work, and the story."""
    told = story(seed, day) if with_story else iter(())
    return heapq.merge(ordinary(seed, count, day), told, key=lambda entry: entry.at)


# --- Files ------------------------------------------------------------------------------------------------------------


def opened(path: Path, stack: contextlib.ExitStack) -> IO[bytes]:
    """Open a file for writing; gzip without a time or name, so that the bytes depend on the content only."""
    raw = stack.enter_context(path.open("wb"))
    if path.suffix != ".gz":
        return raw
    packed = stack.enter_context(gzip.GzipFile("", "wb", 6, raw, mtime=0))
    return stack.enter_context(io.BufferedWriter(packed, 1 << 16))


def write(
    out: Path,
    *,
    seed: int = DEFAULT_SEED,
    count: int = DEFAULT_EVENTS,
    day: dt.date = DEFAULT_DAY,
    with_story: bool = True,
) -> list[Path]:
    """Write the day below ``out`` (made if missing) and return the files, sorted by name."""
    out.mkdir(parents=True, exist_ok=True)
    files: dict[str, IO[bytes]] = {}
    with contextlib.ExitStack() as stack:
        for entry in messages(seed, count, day, with_story=with_story):
            body = json.dumps(entry.body, ensure_ascii=False, separators=(",", ":")).encode()
            if entry.file.endswith(".ndjson"):
                file = files.get(entry.file) or files.setdefault(entry.file, opened(out / entry.file, stack))
                file.write(body + b"\n")
            elif entry.file in files:
                files[entry.file].write(b"," + body)
            else:
                files[entry.file] = opened(out / entry.file, stack)
                files[entry.file].write(b'{"Records":[' + body)
        for name, file in files.items():
            if not name.endswith(".ndjson"):
                file.write(b"]}\n")
    return [out / name for name in sorted(files)]


def main(arguments: Sequence[str]) -> None:
    """Read the command line and write the day."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--events", type=int, default=DEFAULT_EVENTS, help="messages of ordinary work (%(default)s)")
    parser.add_argument("--day", type=dt.date.fromisoformat, default=DEFAULT_DAY, help="day in Japan (%(default)s)")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another seed, another day (%(default)s)")
    parser.add_argument("--no-story", action="store_true", help="ordinary work only")
    chosen = parser.parse_args(arguments)
    for path in write(
        chosen.out, seed=chosen.seed, count=chosen.events, day=chosen.day, with_story=not chosen.no_story
    ):
        print(f"{path.stat().st_size:>12,}  {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
