-- How far identity reviews have got, by source and partition. No evidence: whoever loses it looks at all again, and finds
-- nothing that is not there already.
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

-- Two reviewers that work at once say the same of the same positions, each in a partition of its own. What a rule says of
-- one role at one position counts once: sealed first, then the lowest (range, at).
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
