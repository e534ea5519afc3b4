-- When an event of each log source was last recorded; also by an attempt that was interrupted: its source was heard of.
SELECT `event.source` AS source, max(recorded_at) AS heard_at
FROM evidence_rows
WHERE recorded_at >= {since:DateTime64(6, 'UTC')} AND `event.source` IN {sources:Array(String)}
GROUP BY source
