-- Rows of the tables that a review reads, for its pace.
SELECT evidence, findings
FROM (SELECT count() AS evidence FROM evidence_rows) AS e
CROSS JOIN (SELECT count() AS findings FROM finding_rows) AS f
