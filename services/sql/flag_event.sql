-- One finding of a flag: that of its n-th event. The same event delivered twice counts once; the first position shows.
SELECT
    `position.source`, `position.partition`, `position.offset`, `position.part`, rule_version, rule_sha256, level,
    event_time, facts, register_sha256, interpretations_sha256, record, leaf_hash, range_id
FROM findings
WHERE rule = {rule:String} AND role = {role:String} AND asset = {asset:String} AND ifNull(party, '') = {party:String}
    AND ifNull(country, '') = {country:String} AND ifNull(policy_item, '') = {policy_item:String}
    AND ifNull(episode, '') = {episode:String}
ORDER BY event_time, event_identity, event_content, `position.source`, `position.partition`, `position.offset`,
    `position.part`
LIMIT 1 BY event_identity, event_content
LIMIT 1 OFFSET {before:UInt64}
