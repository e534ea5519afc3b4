"""Calls by which data goes from one place to another: copies, exports, replication, subscriptions.

A reader yields `NOWHERE` where a call has to say where the data go, and what it says could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from streams.adapt.cloudtrail.facets import NOWHERE, UNREAD, Sent, told
from streams.adapt.cloudtrail.record import Record, region_of
from streams.adapt.contract import elements, inside, listed, long_text, mapping, text
from streams.fast_events import Destination

Reader = Callable[[Record], Iterable[Sent]]

_QUOTED: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_ZONE_ID: Final = re.compile(r"[a-z]+[0-9]+-az[0-9]+")
_ZONES: Final = ("zone", "availabilityZone", "availabilityZoneId")


def _place(record: Record, zone: Any) -> str | None:
    """Return the region of what is put into ``zone``: the record's, if none is named.

    A zone is named after its region and a letter, or by an id such as ``apne1-az4``. A local or a wavelength zone may
    stand in another country than its parent region: its name without the letter is a region of its own.
    """
    if zone is None or (isinstance(zone, str) and _ZONE_ID.fullmatch(zone)):
        return text(record.region)
    named = text(zone)
    return named[:-1] or None if named and named[-1].isalpha() else named


def _zones(holder: Any) -> list[Any]:
    return [mapping(holder)[key] for key in _ZONES if mapping(holder).get(key) is not None]


def _beyond(record: Record, *holders: Any, source: str | None = None) -> Iterator[Sent]:
    """Yield a transfer for each zone named in ``holders`` that is no availability zone of the record's region."""
    own = text(record.region)
    for place in dict.fromkeys(_place(record, zone) for holder in holders for zone in _zones(holder)):
        if place is None:
            yield replace(NOWHERE, locator=source, region=own)
        elif place != own:
            yield Sent(Destination(region=place), source, own)


def _volume(record: Record) -> Iterator[Sent]:
    """EC2: a volume is a copy of its snapshot, if it has one; within the region none that counts."""
    if record.parameters.get("snapshotId"):
        if not _zones(record.parameters) and not _zones(record.answer):
            yield NOWHERE
        yield from _beyond(record, record.parameters, record.answer)


def _instances(record: Record) -> Iterator[Sent]:
    """EC2: instances hold what their image holds; a subnet names no zone, but the answer does."""
    started = elements(record.answer.get("instancesSet"))
    yield from _beyond(record, record.parameters.get("placement"), *(one.get("placement") for one in started))


def _restored(source: str, resource: str) -> Reader:
    """RDS: a database from a snapshot or from another database of the region."""

    def read(record: Record) -> Iterator[Sent]:
        name = record.parameters.get(source)
        arn = name if isinstance(name, str) and name.startswith("arn:") else record.arn(f"{resource}{name or '*'}")
        yield from _beyond(record, record.parameters, source=long_text(arn))

    return read


def _object_copy(record: Record) -> Iterator[Sent]:
    """S3: from ``x-amz-copy-source`` (a bucket of unknown region) to the record's bucket and region."""
    bucket = record.parameters.get("bucketName")
    if not isinstance(bucket, str) or not bucket:
        yield NOWHERE
        return
    locator = long_text(record.bucket(bucket, record.parameters.get("key")))
    target = Destination(locator=locator, region=text(record.region))
    for source in listed(record.parameters.get("x-amz-copy-source")) or [None]:
        if isinstance(source, str) and source:
            name = _unquoted(source.partition("?")[0]).lstrip("/")
            yield Sent(target, locator=long_text(record.bucket(name)))
        else:
            yield _from_unread(record, target)


def _from_unread(record: Record, target: Destination) -> Sent:
    """Return the transfer of something unknown: the source is not the asset that the record names as the target."""
    return Sent(target, locator=record.arn("*"), exposure=UNREAD)


def _unquoted(text: str) -> str:
    """Return ``text`` without percent-encoding (RFC 3986 §2.1); bytes that are no UTF-8 become U+FFFD."""
    plain = _QUOTED.sub(lambda found: bytes([int(found[1], 16)]), text.encode())
    return plain.decode("utf-8", "replace")


def _to_buckets(record: Record) -> Iterator[Sent]:
    """S3 replication: each rule's bucket; which region it stands in is not said."""
    for rule in listed(inside(record.parameters, "ReplicationConfiguration", "Rule")) or [None]:
        yield _into_bucket(record, inside(rule, "Destination", "Bucket"))


def _into_bucket(record: Record, bucket: Any) -> Sent:
    return Sent(Destination(locator=long_text(record.bucket(bucket)))) if text(bucket) else NOWHERE


def _from_region(
    region: str, source: str, resource: str, *, owned: bool, zone: str = "", unless: str | None = None
) -> Reader:
    """Copy of a resource of another region into the record's region, or into a zone; not where ``unless`` is given."""

    def read(record: Record) -> Iterator[Sent]:
        name, where = record.parameters.get(source), text(record.parameters.get(region))
        target = Destination(region=_place(record, record.parameters.get(zone)))
        if isinstance(name, str) and name:
            arn = name if name.startswith("arn:") else record.arn(resource + name, region=where or "", owned=owned)
            came_from = where or region_of(name) or (None if name.startswith("arn:") else text(record.region))
            yield Sent(target, long_text(arn), came_from)
        elif name is not None or unless not in record.parameters:
            yield _from_unread(record, target)

    return read


def _to_regions(*path: str, each: tuple[str, ...] = ()) -> Reader:
    """Replication to the region or regions named under ``path``."""

    def read(record: Record) -> Iterator[Sent]:
        for one in listed(inside(record.parameters, *path)) or [None]:
            yield _into_region(inside(one, *each) if each else one)

    return read


def _into_region(name: Any) -> Sent:
    region = text(name)
    return NOWHERE if region is None else Sent(Destination(region=region))


def _to_bucket(*path: str) -> Reader:
    """Export to the S3 bucket named under ``path``."""
    return lambda record: [_into_bucket(record, inside(record.parameters, *path))]


def _to_arn(*path: str) -> Reader:
    """Delivery to the resource whose ARN stands under ``path``; the ARN tells the region."""

    def read(record: Record) -> Iterator[Sent]:
        arn = long_text(inside(record.parameters, *path))
        yield Sent(Destination(locator=arn, region=text(region_of(arn)))) if arn else NOWHERE

    return read


def _table_replicas(record: Record) -> Iterator[Sent]:
    """DynamoDB: a replica of the table in another region; one that is changed or deleted is nothing new."""
    updates: list[Any] = listed(record.parameters.get("replicaUpdates"))
    for update in updates:
        if not mapping(update) or not update.keys() <= {"update", "delete"}:
            yield _into_region(inside(update, "create", "regionName"))


_DB: Final = _from_region("sourceRegion", "sourceDBSnapshotIdentifier", "snapshot:", owned=True)
_CLUSTER: Final = _from_region("sourceRegion", "sourceDBClusterSnapshotIdentifier", "cluster-snapshot:", owned=True)
_REPLICA: Final = _from_region(
    "sourceRegion", "sourceDBInstanceIdentifier", "db:", owned=True, zone="availabilityZone",
    unless="sourceDBClusterIdentifier",
)  # fmt: skip
_SNAPSHOT: Final = _from_region(
    "sourceRegion", "sourceSnapshotId", "snapshot/", owned=False, zone="destinationAvailabilityZone"
)

TRANSFERS: Final[dict[str, tuple[Reader, str]]] = {
    "backup:StartCopyJob": (_to_arn("destinationBackupVaultArn"), "`destinationBackupVaultArn`"),
    "dynamodb:CreateGlobalTable": (_to_regions("replicationGroup", each=("regionName",)), "`replicationGroup`"),
    "dynamodb:ExportTableToPointInTime": (_to_bucket("s3Bucket"), "`s3Bucket`"),
    "dynamodb:UpdateTable": (_table_replicas, "`replicaUpdates[].create.regionName`"),
    "ec2:CopyImage": (_from_region("sourceRegion", "sourceImageId", "image/", owned=False), "own region"),
    "ec2:CopySnapshot": (_SNAPSHOT, "own region, or `destinationAvailabilityZone`"),
    "ec2:CreateInstanceExportTask": (_to_bucket("exportToS3", "s3Bucket"), "`exportToS3.s3Bucket`"),
    "ec2:CreateStoreImageTask": (_to_bucket("bucket"), "`bucket`"),
    "ec2:CreateVolume": (_volume, "`zone`, for a volume from a snapshot, if it is no availability zone of the region"),
    "ec2:ExportImage": (_to_bucket("s3ExportLocation", "s3Bucket"), "`s3ExportLocation.s3Bucket`"),
    "ec2:RunInstances": (
        _instances, "`placement.availabilityZone` of request and answer, if it is no availability zone of the region",
    ),
    "kms:ReplicateKey": (_to_regions("replicaRegion"), "`replicaRegion`"),
    "logs:CreateExportTask": (_to_bucket("destination"), "`destination`"),
    "logs:PutSubscriptionFilter": (_to_arn("destinationArn"), "`destinationArn`"),
    "rds:CopyDBClusterSnapshot": (_CLUSTER, "own region"),
    "rds:CopyDBSnapshot": (_DB, "own region"),
    "rds:CreateDBInstanceReadReplica": (_REPLICA, "own region, or `availabilityZone`"),
    "rds:RestoreDBInstanceFromDBSnapshot": (
        _restored("dBSnapshotIdentifier", "snapshot:"),
        "`availabilityZone`, if it is no availability zone of the region",
    ),
    "rds:RestoreDBInstanceToPointInTime": (
        _restored("sourceDBInstanceIdentifier", "db:"),
        "`availabilityZone`, if it is no availability zone of the region",
    ),
    "rds:StartExportTask": (_to_bucket("s3BucketName"), "`s3BucketName`"),
    "redshift:EnableSnapshotCopy": (_to_regions("destinationRegion"), "`destinationRegion`"),
    "s3:CopyObject": (_object_copy, "own bucket, key and region"),
    "s3:UploadPartCopy": (_object_copy, "own bucket, key and region"),
    "s3:PutBucketReplication": (_to_buckets, "each rule's `Destination.Bucket`"),
    "secretsmanager:ReplicateSecretToRegions": (
        _to_regions("addReplicaRegions", each=("region",)), "`addReplicaRegions`",
    ),
}  # fmt: skip
"""Call → (how its parameters are read, where the data goes in words)."""


def transfers_of(record: Record) -> list[Sent]:
    """Return where the call sends data; empty if nowhere, `NOWHERE` if it could not be read."""
    reader = TRANSFERS.get(record.call)
    return told(record, reader[0](record), NOWHERE) if reader else []
