-- The accepted record at one position.
SELECT *
FROM evidence
WHERE `position.source` = {source:String} AND `position.partition` = {partition:UInt32}
    AND `position.offset` = {offset:UInt64} AND `position.part` = {part:UInt32} AND kind = 'event'
LIMIT 1
