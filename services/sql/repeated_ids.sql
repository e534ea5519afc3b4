-- Identities (as short numbers) that occur in what has grown, see review_state.sql, and stand in more than one row,
-- whatever rows these are: nearly all identities are there once, and go no further. One slice of them.
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
)
SELECT cityHash64(`event.source`, `event.id`) AS identity
FROM evidence_rows
WHERE kind = 'event' AND identity % {slices:UInt64} = {slice:UInt64} AND identity IN touched
GROUP BY identity
HAVING count() > 1
