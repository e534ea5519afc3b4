-- Positions whose identity (CloudEvents source and id) is known with several contents, as far as they have no finding
-- yet. One slice of the identities that occur in what has grown, see review_state.sql. `event.contents` is 2 however many
-- there are: a finding must not say at which moment it was looked for.
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
    SELECT `event.source`, `event.id`
    FROM evidence_rows
    WHERE kind = 'event'
        AND cityHash64(`event.source`, `event.id`) % {slices:UInt64} = {slice:UInt64}
        AND range_id IN
        (
            SELECT r.id
            FROM range_rows AS r
            INNER JOIN grown AS g ON r.source = g.source AND r.partition = g.partition
            WHERE toInt64(r.last) > g.after AND toInt64(r.last) <= g.through
        )
),
repeated AS
(
    SELECT e.`event.source`, e.`event.id`
    FROM evidence_rows AS e
    INNER JOIN ranges AS r ON e.range_id = r.id
    WHERE e.`position.offset` BETWEEN r.accepted_first AND r.accepted_last
        AND e.kind = 'event'
        AND cityHash64(e.`event.source`, e.`event.id`) % {slices:UInt64} = {slice:UInt64}
        AND (e.`event.source`, e.`event.id`) IN touched
    GROUP BY e.`event.source`, e.`event.id`
    HAVING count() > 1
),
candidates AS
(
    SELECT
        `position.source`, `position.partition`, `position.offset`, `position.part`, `event.kind`, `event.id`,
        `event.source`, `event.time`, `event.content`, `asset.key`, `party.key`, `planned.id`, action, operation,
        least(2, uniqExact(`event.content`) OVER (PARTITION BY `event.source`, `event.id`)) AS `event.contents`
    FROM evidence
    WHERE kind = 'event' AND (assumeNotNull(`event.source`), assumeNotNull(`event.id`)) IN repeated
)
SELECT * FROM candidates
WHERE `event.contents` > 1
    AND (`position.source`, `position.partition`, `position.offset`, `position.part`) NOT IN
    (
        SELECT `position.source`, `position.partition`, `position.offset`, `position.part`
        FROM findings WHERE has({rules:Array(String)}, rule)
    )
ORDER BY `event.source`, `event.id`, `position.source`, `position.partition`, `position.offset`, `position.part`
