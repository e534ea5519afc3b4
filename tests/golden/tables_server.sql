CREATE DATABASE IF NOT EXISTS `ashiato`;

CREATE TABLE IF NOT EXISTS migrations
(
    name String,
    sha256 String,
    applied_at DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY name
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

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

CREATE OR REPLACE VIEW ranges AS
SELECT
    id, source, partition, first, last, accepted_first, last AS accepted_last, messages, skipped, events, dead_letters,
    findings, merkle_root, messages_hmac, last_message_hmac, register_sha256, rulebook_sha256, interpretations_sha256,
    mmdb_sha256, salt_key_id, program, recorded_at, sealed
FROM
(
    SELECT *, if(isNull(end_before), first, greatest(first, assumeNotNull(end_before) + 1)) AS accepted_first
    FROM
    (
        SELECT
            *,
            id IN (SELECT range_id FROM sealed_ranges) AS sealed,
            max(toNullable(last)) OVER (
                PARTITION BY source, partition ORDER BY sealed DESC, first, id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS end_before
        FROM range_rows
    )
)
WHERE accepted_first <= last;

CREATE OR REPLACE VIEW evidence AS
SELECT
    r.source AS `position.source`,
    r.partition AS `position.partition`,
    e.`position.offset` AS `position.offset`,
    e.`position.part` AS `position.part`,
    e.kind AS kind,
    nullIf(e.`event.kind`, '') AS `event.kind`,
    nullIf(e.`event.id`, '') AS `event.id`,
    nullIf(e.`event.source`, '') AS `event.source`,
    e.`event.time` AS `event.time`,
    JSONExtract(e.record, 'event', 'content', 'Nullable(String)') AS `event.content`,
    JSONExtract(e.record, 'actor', 'issuer', 'Nullable(String)') AS `actor.issuer`,
    JSONExtract(e.record, 'actor', 'kind', 'Nullable(String)') AS `actor.kind`,
    JSONExtract(e.record, 'actor', 'role', 'Nullable(String)') AS `actor.role`,
    nullIf(e.`asset.key`, '') AS `asset.key`,
    nullIf(e.`asset.category`, '') AS `asset.category`,
    JSONExtract(e.record, 'asset', 'category_reason', 'Nullable(String)') AS `asset.category_reason`,
    JSONExtract(e.record, 'asset', 'service', 'Nullable(String)') AS `asset.service`,
    JSONExtract(e.record, 'asset', 'region', 'Nullable(String)') AS `asset.region`,
    JSONExtract(e.record, 'asset', 'equipment_country', 'Nullable(String)') AS `asset.equipment_country`,
    JSONExtract(e.record, 'asset', 'country_from', 'Nullable(String)') AS `asset.country_from`,
    JSONExtract(e.record, 'asset', 'operator', 'Nullable(String)') AS `asset.operator`,
    JSONExtract(e.record, 'asset', 'operator_country', 'Nullable(String)') AS `asset.operator_country`,
    nullIf(e.action, '') AS action,
    JSONExtract(e.record, 'operation', 'Nullable(String)') AS operation,
    JSONExtract(e.record, 'outcome', 'Nullable(String)') AS outcome,
    JSONExtract(e.record, 'records', 'count', 'Nullable(Int64)') AS `records.count`,
    JSONExtract(e.record, 'records', 'fields_count', 'Nullable(Int64)') AS `records.fields_count`,
    JSONExtract(e.record, 'records', 'fields', 'Array(String)') AS `records.fields`,
    nullIf(e.`party.key`, '') AS `party.key`,
    JSONExtract(e.record, 'party', 'kind', 'Nullable(String)') AS `party.kind`,
    JSONExtract(e.record, 'party', 'contract', 'Nullable(String)') AS `party.contract`,
    JSONExtract(e.record, 'party', 'country', 'Nullable(String)') AS `party.country`,
    JSONExtract(e.record, 'party', 'home_country', 'Nullable(String)') AS `party.home_country`,
    JSONExtract(e.record, 'party', 'place_country', 'Nullable(String)') AS `party.place_country`,
    JSONExtract(e.record, 'party', 'abroad', 'Nullable(Bool)') AS `party.abroad`,
    JSONExtract(e.record, 'destination', 'key', 'Nullable(String)') AS `destination.key`,
    JSONExtract(e.record, 'destination', 'region', 'Nullable(String)') AS `destination.region`,
    JSONExtract(e.record, 'destination', 'equipment_country', 'Nullable(String)') AS `destination.equipment_country`,
    JSONExtract(e.record, 'destination', 'country_from', 'Nullable(String)') AS `destination.country_from`,
    JSONExtract(e.record, 'destination', 'operator', 'Nullable(String)') AS `destination.operator`,
    JSONExtract(e.record, 'destination', 'persistence', 'Nullable(String)') AS `destination.persistence`,
    parseDateTime64BestEffortOrNull(JSONExtractString(e.record, 'destination', 'temporary.until'), 6, 'UTC') AS `destination.temporary.until`,
    JSONExtract(e.record, 'destination', 'protocol', 'Nullable(String)') AS `destination.protocol`,
    JSONExtract(e.record, 'destination', 'encrypted', 'Nullable(Bool)') AS `destination.encrypted`,
    JSONExtract(e.record, 'destination', 'bytes', 'Nullable(Int64)') AS `destination.bytes`,
    JSONExtract(e.record, 'recipient', 'key', 'Nullable(String)') AS `recipient.key`,
    JSONExtract(e.record, 'recipient', 'kind', 'Nullable(String)') AS `recipient.kind`,
    JSONExtract(e.record, 'recipient', 'contract', 'Nullable(String)') AS `recipient.contract`,
    JSONExtract(e.record, 'recipient', 'country', 'Nullable(String)') AS `recipient.country`,
    JSONExtract(e.record, 'recipient', 'abroad', 'Nullable(Bool)') AS `recipient.abroad`,
    JSONExtract(e.record, 'exposure', 'to', 'Nullable(String)') AS `exposure.to`,
    JSONExtract(e.record, 'exposure', 'country', 'Nullable(String)') AS `exposure.country`,
    JSONExtract(e.record, 'grant', 'change', 'Nullable(String)') AS `grant.change`,
    JSONExtract(e.record, 'grant', 'privileges_count', 'Nullable(Int64)') AS `grant.privileges_count`,
    JSONExtract(e.record, 'grant', 'privileges', 'Array(String)') AS `grant.privileges`,
    parseDateTime64BestEffortOrNull(JSONExtractString(e.record, 'grant', 'until'), 6, 'UTC') AS `grant.until`,
    JSONExtract(e.record, 'planned', 'id', 'Nullable(String)') AS `planned.id`,
    JSONExtract(e.record, 'act', 'kind', 'Nullable(String)') AS `act.kind`,
    JSONExtract(e.record, 'commitments', 'short', 'Nullable(String)') AS `commitments.short`,
    JSONExtract(e.record, 'commitments', 'long', 'Nullable(String)') AS `commitments.long`,
    e.record AS record,
    lower(hex(e.leaf_hash)) AS leaf_hash,
    e.range_id AS range_id,
    e.recorded_at AS recorded_at
FROM evidence_rows AS e
INNER JOIN ranges AS r ON e.range_id = r.id
WHERE e.`position.offset` BETWEEN r.accepted_first AND r.accepted_last;

CREATE OR REPLACE VIEW personal_short AS
SELECT r.source AS `position.source`, r.partition AS `position.partition`, p.* EXCEPT (recorded_at)
FROM personal_short_rows AS p
INNER JOIN ranges AS r ON p.range_id = r.id
WHERE p.`position.offset` BETWEEN r.accepted_first AND r.accepted_last;

CREATE OR REPLACE VIEW personal_long AS
SELECT r.source AS `position.source`, r.partition AS `position.partition`, p.* EXCEPT (recorded_at)
FROM personal_long_rows AS p
INNER JOIN ranges AS r ON p.range_id = r.id
WHERE p.`position.offset` BETWEEN r.accepted_first AND r.accepted_last;

CREATE OR REPLACE VIEW dead_letters AS
SELECT r.source AS `position.source`, r.partition AS `position.partition`, d.*
FROM dead_letter_rows AS d
INNER JOIN ranges AS r ON d.range_id = r.id
WHERE d.`position.offset` BETWEEN r.accepted_first AND r.accepted_last;

CREATE OR REPLACE VIEW findings AS
SELECT
    f.`position.source` AS `position.source`,
    f.`position.partition` AS `position.partition`,
    f.`position.offset` AS `position.offset`,
    f.`position.part` AS `position.part`,
    f.rule AS rule,
    f.rule_version AS rule_version,
    JSONExtractString(f.record, 'rule_sha256') AS rule_sha256,
    f.role AS role,
    f.level AS level,
    f.event_identity AS event_identity,
    f.event_content AS event_content,
    f.event_time AS event_time,
    f.asset AS asset,
    nullIf(f.party, '') AS party,
    nullIf(f.country, '') AS country,
    nullIf(f.policy_item, '') AS policy_item,
    nullIf(f.episode, '') AS episode,
    f.planned AS planned,
    nullIf(f.action, '') AS action,
    nullIf(f.operation, '') AS operation,
    JSONExtractRaw(f.record, 'facts') AS facts,
    JSONExtractString(f.record, 'register_sha256') AS register_sha256,
    JSONExtractString(f.record, 'interpretations_sha256') AS interpretations_sha256,
    f.record AS record,
    lower(hex(f.leaf_hash)) AS leaf_hash,
    f.range_id AS range_id,
    f.recorded_at AS recorded_at
FROM finding_rows AS f
INNER JOIN ranges AS r ON f.range_id = r.id
WHERE f.at BETWEEN r.accepted_first AND r.accepted_last;

CREATE OR REPLACE VIEW flags AS
SELECT
    lower(substring(hex(SHA256(arrayStringConcat(
        [rule, role, asset, ifNull(party, ''), ifNull(country, ''), ifNull(policy_item, ''), ifNull(episode, '')],
        '\x1F'
    ))), 1, 16)) AS id,
    rule,
    role,
    argMax(f.level, (f.rule_version, f.event_time)) AS level,
    asset,
    party,
    country,
    policy_item,
    episode,
    uniqExact(f.event_identity, f.event_content) AS events,
    uniqExact(f.`position.source`, f.`position.partition`, f.`position.offset`, f.`position.part`) AS positions,
    min(f.event_time) AS first_event,
    max(f.event_time) AS last_event,
    min(f.planned) AS planned,
    arraySort(groupUniqArray(5)(assumeNotNull(coalesce(f.operation, f.action, '')))) AS operations
FROM findings AS f
GROUP BY rule, role, asset, party, country, policy_item, episode;

CREATE TABLE IF NOT EXISTS reviewed_positions
(
    recorded_at DateTime64(6, 'UTC'),
    source LowCardinality(String),
    partition UInt32,
    last UInt64
)
ENGINE = MergeTree
ORDER BY (source, partition, last)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW findings AS
SELECT
    f.`position.source` AS `position.source`,
    f.`position.partition` AS `position.partition`,
    f.`position.offset` AS `position.offset`,
    f.`position.part` AS `position.part`,
    f.rule AS rule,
    f.rule_version AS rule_version,
    JSONExtractString(f.record, 'rule_sha256') AS rule_sha256,
    f.role AS role,
    f.level AS level,
    f.event_identity AS event_identity,
    f.event_content AS event_content,
    f.event_time AS event_time,
    f.asset AS asset,
    nullIf(f.party, '') AS party,
    nullIf(f.country, '') AS country,
    nullIf(f.policy_item, '') AS policy_item,
    nullIf(f.episode, '') AS episode,
    f.planned AS planned,
    nullIf(f.action, '') AS action,
    nullIf(f.operation, '') AS operation,
    JSONExtractRaw(f.record, 'facts') AS facts,
    JSONExtractString(f.record, 'register_sha256') AS register_sha256,
    JSONExtractString(f.record, 'interpretations_sha256') AS interpretations_sha256,
    f.record AS record,
    lower(hex(f.leaf_hash)) AS leaf_hash,
    f.range_id AS range_id,
    f.recorded_at AS recorded_at
FROM finding_rows AS f
INNER JOIN ranges AS r ON f.range_id = r.id
WHERE f.at BETWEEN r.accepted_first AND r.accepted_last
    AND
    (
        r.source != 'ashiato:identity-review'
        OR (f.range_id, f.at) GLOBAL IN
        (
            SELECT argMin((n.range_id, n.at), (NOT s.sealed, n.range_id, n.at))
            FROM finding_rows AS n
            INNER JOIN ranges AS s ON n.range_id = s.id
            WHERE s.source = 'ashiato:identity-review' AND n.at BETWEEN s.accepted_first AND s.accepted_last
            GROUP BY n.`position.source`, n.`position.partition`, n.`position.offset`, n.`position.part`, n.rule, n.role
        )
    );

ALTER TABLE evidence_rows
    ADD COLUMN IF NOT EXISTS `event.content` String DEFAULT JSONExtractString(record, 'event', 'content') CODEC(ZSTD(1));

ALTER TABLE range_rows MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;

ALTER TABLE sealed_ranges MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;

ALTER TABLE evidence_rows MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;

ALTER TABLE personal_short_rows MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;

ALTER TABLE personal_long_rows MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;

ALTER TABLE dead_letter_rows MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;

ALTER TABLE finding_rows MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;

ALTER TABLE acts MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;

ALTER TABLE versions MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;

ALTER TABLE reviewed_positions MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;

