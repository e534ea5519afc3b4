-- Sources and partitions that have grown since they were last reviewed: the last offset that was reviewed (-1: none), and
-- the last that is recorded.
SELECT source, partition, max(reviewed) AS after, max(recorded) AS through
FROM
(
    SELECT source, partition, toInt64(-1) AS reviewed, toInt64(max(last)) AS recorded
    FROM range_rows WHERE source != {review:String}
    GROUP BY source, partition
    UNION ALL
    SELECT source, partition, toInt64(max(last)) AS reviewed, toInt64(-1) AS recorded
    FROM reviewed_positions
    GROUP BY source, partition
)
GROUP BY source, partition
HAVING through > after
ORDER BY source, partition
