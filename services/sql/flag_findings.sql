-- Findings of one flag, the latest first.
SELECT
    `position.source`, `position.partition`, `position.offset`, `position.part`, rule_version, level, event_time, action,
    operation, planned, facts, rule_sha256, register_sha256, interpretations_sha256, leaf_hash
FROM findings
WHERE rule = {rule:String} AND role = {role:String} AND asset = {asset:String} AND ifNull(party, '') = {party:String}
    AND ifNull(country, '') = {country:String} AND ifNull(policy_item, '') = {policy_item:String}
    AND ifNull(episode, '') = {episode:String}
ORDER BY event_time DESC, `position.source`, `position.partition`, `position.offset`, `position.part`
LIMIT {limit:UInt32}
