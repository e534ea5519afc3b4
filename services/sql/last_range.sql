-- The range that a source's partition ends with: resuming compares its last message.
SELECT
    id, source, partition, first, last, messages, skipped, events, dead_letters, findings, merkle_root, messages_hmac,
    last_message_hmac, register_sha256, rulebook_sha256, interpretations_sha256, mmdb_sha256, salt_key_id, program,
    recorded_at
FROM range_rows
WHERE source = {source:String} AND partition = {partition:UInt32}
ORDER BY last DESC, first, id
LIMIT 1
