-- Events of the ranges that have grown, see review_state.sql; rows of the tables that a review reads, for its pace.
WITH grown AS
(
    SELECT part.1 AS source, part.2 AS partition, part.3 AS after, part.4 AS through
    FROM
    (
        SELECT arrayJoin(arrayZip(
            {sources:Array(String)}, {partitions:Array(UInt32)}, {afters:Array(Int64)}, {throughs:Array(Int64)}
        )) AS part
    )
)
SELECT
    sum(r.events) AS events,
    (SELECT count() FROM evidence_rows) AS evidence,
    (SELECT count() FROM finding_rows) AS findings
FROM range_rows AS r
INNER JOIN grown AS g ON r.source = g.source AND r.partition = g.partition
WHERE toInt64(r.last) > g.after AND toInt64(r.last) <= g.through
