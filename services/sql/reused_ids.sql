-- Positions whose identity (CloudEvents source and id) is known with several contents, as far as they have no finding
-- yet. One slice of the identities that occur in what has grown, see repeated_ids.sql; a few stand here as they are.
-- `event.contents` is 2 however many there are: a finding must not say at which moment it was looked for. Records are
-- read of those positions alone.
WITH
repeated AS
(
    -- repeated_ids.sql
),
reused AS
(
    SELECT e.`event.source`, e.`event.id`
    FROM evidence_rows AS e
    GLOBAL INNER JOIN ranges AS r ON e.range_id = r.id
    WHERE e.`position.offset` BETWEEN r.accepted_first AND r.accepted_last
        AND e.kind = 'event'
        AND cityHash64(e.`event.source`, e.`event.id`) IN repeated
    GROUP BY e.`event.source`, e.`event.id`
    HAVING min(e.`event.content`) != max(e.`event.content`)
)
SELECT
    r.source AS `position.source`,
    r.partition AS `position.partition`,
    e.`position.offset` AS `position.offset`,
    e.`position.part` AS `position.part`,
    nullIf(e.`event.kind`, '') AS `event.kind`,
    e.`event.id` AS `event.id`,
    e.`event.source` AS `event.source`,
    e.`event.time` AS `event.time`,
    e.`event.content` AS `event.content`,
    nullIf(e.`asset.key`, '') AS `asset.key`,
    nullIf(e.`party.key`, '') AS `party.key`,
    JSONExtract(e.record, 'planned', 'id', 'Nullable(String)') AS `planned.id`,
    nullIf(e.action, '') AS action,
    JSONExtract(e.record, 'operation', 'Nullable(String)') AS operation,
    2 AS `event.contents`
FROM evidence_rows AS e
GLOBAL INNER JOIN ranges AS r ON e.range_id = r.id
WHERE e.`position.offset` BETWEEN r.accepted_first AND r.accepted_last
    AND e.kind = 'event'
    AND (e.`event.source`, e.`event.id`) IN reused
    AND (r.source, r.partition, e.`position.offset`, e.`position.part`) NOT IN
    (
        SELECT `position.source`, `position.partition`, `position.offset`, `position.part`
        FROM findings WHERE has({rules:Array(String)}, rule)
    )
ORDER BY `event.source`, `event.id`, `position.source`, `position.partition`, `position.offset`, `position.part`
