-- Dead letters behind a position, in order; bytes in hexadecimal, because they need not be text.
SELECT
    `position.source` AS source, `position.partition` AS partition, `position.offset` AS offset,
    `position.part` AS part, reason, text, bytes, recorded_at, if({raw:Bool}, hex(raw), '') AS raw
FROM dead_letters
WHERE ({source:String} = '' OR `position.source` = {source:String})
  AND ({reason:String} = '' OR reason = {reason:String})
  AND (`position.source`, `position.partition`, `position.offset`, `position.part`)
    > ({after_source:String}, {after_partition:Int64}, {after_offset:Int64}, {after_part:Int64})
ORDER BY source, partition, offset, part
LIMIT {limit:UInt32}
