-- Ranges that vouch for other numbers of records than there are: rows were taken out, or put in, behind Ashiato's back.
-- One pass over numbers and names of ranges, never over records. Ranges that count in part are left out. So is what lies
-- outside the records (personal_short_rows, personal_long_rows, dead_letter_rows): its clocks may have erased it.
SELECT
    id, max(of_source) AS source, max(of_partition) AS partition, max(begin) AS first, max(end) AS last,
    sum(said_events) AS events, sum(said_dead_letters) AS dead_letters, sum(said_findings) AS findings,
    sum(seen_events) AS events_here, sum(seen_dead_letters) AS dead_letters_here, sum(seen_findings) AS findings_here
FROM
(
    SELECT
        id, true AS counts, toString(source) AS of_source, partition AS of_partition, first AS begin, last AS end,
        events AS said_events, dead_letters AS said_dead_letters, findings AS said_findings,
        0 AS seen_events, 0 AS seen_dead_letters, 0 AS seen_findings
    FROM ranges
    WHERE accepted_first = first
    UNION ALL
    SELECT
        toString(range_id) AS id, false, '', 0, 0, 0, 0, 0, 0, countIf(kind != 'dead_letter'), countIf(kind = 'dead_letter'), 0
    FROM evidence_rows
    WHERE empty({only:Array(String)}) OR range_id IN {only:Array(String)}
    GROUP BY range_id
    UNION ALL
    SELECT toString(range_id) AS id, false, '', 0, 0, 0, 0, 0, 0, 0, 0, count()
    FROM finding_rows
    WHERE empty({only:Array(String)}) OR range_id IN {only:Array(String)}
    GROUP BY range_id
)
WHERE empty({only:Array(String)}) OR id IN {only:Array(String)}
GROUP BY id
HAVING max(counts)
    AND (events != events_here OR dead_letters != dead_letters_here OR findings != findings_here)
ORDER BY source, partition, first
LIMIT {limit:UInt32}
