-- Rows of evidence, and what lies outside the record. Plain MergeTree tables: a row is written once and never replaced.
-- Each row carries its range; it counts only once the range's own row is written (0002_views.sql). Partitions are
-- months of recording, because an event's own time can be forged. Absent texts are empty here and NULL in the views.
--
-- Settings: an insert is durable when it returns. One insert is one part of one file (not one file per column: each
-- file costs an fsync). Parts are merged by the thirty, not by the five: merging rewrites all records and cost as much
-- CPU as writing them did. A merge holds a granule of each of its parts: where rows are long, granules are of 1 MB, not
-- of 10, or thirty of them would be a gigabyte.

CREATE TABLE IF NOT EXISTS range_rows
(
    id String,
    source LowCardinality(String),
    partition UInt32,
    first UInt64,
    last UInt64,
    messages UInt64,
    skipped UInt64,
    events UInt64,
    dead_letters UInt64,
    findings UInt64,
    merkle_root String,
    messages_hmac String,
    last_message_hmac String,
    register_sha256 LowCardinality(String),
    rulebook_sha256 LowCardinality(String),
    interpretations_sha256 LowCardinality(String),
    mmdb_sha256 LowCardinality(Nullable(String)),
    salt_key_id LowCardinality(String),
    program LowCardinality(String),
    recorded_at DateTime64(6, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (source, partition, first, id)
SETTINGS
    fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 100000000, min_rows_for_wide_part = 0, min_parts_to_merge_at_once = 30;

-- Ranges that are leaves of a sealed tree; what is sealed stays accepted whatever comes later.
CREATE TABLE IF NOT EXISTS sealed_ranges
(
    range_id String,
    sealed_at DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY range_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS evidence_rows
(
    range_id LowCardinality(String),
    recorded_at DateTime64(6, 'UTC'),
    `position.offset` UInt64,
    `position.part` UInt32,
    kind LowCardinality(String),
    `event.kind` LowCardinality(String),
    `event.source` LowCardinality(String),
    `event.id` String,
    `event.time` Nullable(DateTime64(6, 'UTC')),
    `asset.key` LowCardinality(String),
    `asset.category` LowCardinality(String),
    `party.key` LowCardinality(String),
    action LowCardinality(String),
    record String CODEC(ZSTD(1)),
    leaf_hash FixedString(32)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (range_id, `position.offset`, `position.part`)
SETTINGS
    fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 100000000, min_rows_for_wide_part = 0, min_parts_to_merge_at_once = 30,
    index_granularity_bytes = 1000000;

-- Values under the short clock (communication-derived, and the raw message) with the salt that they are committed by.
CREATE TABLE IF NOT EXISTS personal_short_rows
(
    range_id LowCardinality(String),
    recorded_at DateTime64(6, 'UTC'),
    `position.offset` UInt64,
    `position.part` UInt32,
    salt String,
    raw String CODEC(ZSTD(1)),
    `origin.ip` String,
    `asset.locator` String,
    `destination.locator` String,
    `records.users` Array(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (range_id, `position.offset`, `position.part`)
SETTINGS
    fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 100000000, min_rows_for_wide_part = 0, min_parts_to_merge_at_once = 30,
    index_granularity_bytes = 1000000;

-- Values under the long clock (accountability), and keyed pseudonyms of users.
CREATE TABLE IF NOT EXISTS personal_long_rows
(
    range_id LowCardinality(String),
    recorded_at DateTime64(6, 'UTC'),
    `position.offset` UInt64,
    `position.part` UInt32,
    salt String,
    `actor.subject` LowCardinality(String),
    `actor.on_behalf_of.subject` LowCardinality(String),
    `grantee.subject` LowCardinality(String),
    purpose LowCardinality(String),
    ticket String,
    `destination.temporary.purpose` LowCardinality(String),
    `exposure.party` LowCardinality(String),
    `exposure.system` LowCardinality(String),
    `act.subject` String,
    `records.fields` String CODEC(ZSTD(1)),
    `grant.privileges` String CODEC(ZSTD(1)),
    `user.pseudonyms` Array(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (range_id, `position.offset`, `position.part`)
SETTINGS
    fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 100000000, min_rows_for_wide_part = 0, min_parts_to_merge_at_once = 30;

-- Bytes of messages that cannot be read; their records are in evidence_rows.
CREATE TABLE IF NOT EXISTS dead_letter_rows
(
    range_id LowCardinality(String),
    recorded_at DateTime64(6, 'UTC'),
    `position.offset` UInt64,
    `position.part` UInt32,
    reason LowCardinality(String),
    text String,
    bytes UInt64,
    salt String,
    raw String CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (range_id, `position.offset`, `position.part`)
SETTINGS
    fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 100000000, min_rows_for_wide_part = 0, min_parts_to_merge_at_once = 30;

-- `at` is the offset within the range. It is the event's offset, except for reviews over what is recorded already:
-- their ranges have a source of their own.
CREATE TABLE IF NOT EXISTS finding_rows
(
    range_id LowCardinality(String),
    recorded_at DateTime64(6, 'UTC'),
    at UInt64,
    `position.source` LowCardinality(String),
    `position.partition` UInt32,
    `position.offset` UInt64,
    `position.part` UInt32,
    rule LowCardinality(String),
    rule_version UInt32,
    role LowCardinality(String),
    level LowCardinality(String),
    event_identity String,
    event_content String,
    event_time DateTime64(6, 'UTC'),
    asset LowCardinality(String),
    party LowCardinality(String),
    country LowCardinality(String),
    policy_item LowCardinality(String),
    episode LowCardinality(String),
    planned Bool,
    action LowCardinality(String),
    operation LowCardinality(String),
    record String CODEC(ZSTD(1)),
    leaf_hash FixedString(32)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (range_id, at, `position.part`, rule, role)
SETTINGS
    fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 100000000, min_rows_for_wide_part = 0, min_parts_to_merge_at_once = 30;

-- What was done in Ashiato itself. `text` is outside the record (a query may name a person).
CREATE TABLE IF NOT EXISTS acts
(
    id String,
    at DateTime64(6, 'UTC'),
    kind LowCardinality(String),
    actor String,
    subject String,
    rows UInt64,
    text String,
    record String,
    leaf_hash FixedString(32)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (at, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Registers, interpretations and rulebooks that findings name, as canonical text under their SHA-256.
CREATE TABLE IF NOT EXISTS versions
(
    kind LowCardinality(String),
    sha256 String,
    recorded_at DateTime64(6, 'UTC'),
    entries UInt64,
    content String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (kind, recorded_at, sha256)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
