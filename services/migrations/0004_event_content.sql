-- What an event says, as the keyed hash that its record has, beside the record: whether an id came again with another
-- content can be told without reading records. Rows of before take it from their record when they are read.
ALTER TABLE evidence_rows
    ADD COLUMN IF NOT EXISTS `event.content` String DEFAULT JSONExtractString(record, 'event', 'content') CODEC(ZSTD(1));
