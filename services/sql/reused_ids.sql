-- Positions whose identity (CloudEvents source and id) is known with several contents, as far as they have no finding
-- yet. One slice of the identities that occur in what has grown, see review_state.sql. `event.contents` is 2 however many
-- there are: a finding must not say at which moment it was looked for. Records are read of those positions alone.
WITH
grown AS
(
    SELECT part.1 AS source, part.2 AS partition, part.3 AS after, part.4 AS through
    FROM
    (
        SELECT arrayJoin(arrayZip(
            {sources:Array(String)}, {partitions:Array(UInt32)}, {afters:Array(Int64)}, {throughs:Array(Int64)}
        )) AS part
    )
),
touched AS
(
    SELECT cityHash64(`event.source`, `event.id`) AS identity
    FROM evidence_rows
    WHERE kind = 'event'
        AND identity % {slices:UInt64} = {slice:UInt64}
        AND range_id IN
        (
            SELECT r.id
            FROM range_rows AS r
            INNER JOIN grown AS g ON r.source = g.source AND r.partition = g.partition
            WHERE toInt64(r.last) > g.after AND toInt64(r.last) <= g.through
        )
),
-- Short numbers first, of whatever rows: nearly all identities are there once, and go no further.
repeated AS
(
    SELECT cityHash64(`event.source`, `event.id`) AS identity
    FROM evidence_rows
    WHERE kind = 'event' AND identity % {slices:UInt64} = {slice:UInt64} AND identity IN touched
    GROUP BY identity
    HAVING count() > 1
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
SETTINGS max_threads = 1  -- it has time; recording has not
