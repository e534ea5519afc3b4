-- What events name and the register did not know when they were judged: one row per kind and name, the most frequent
-- first. Names lie outside the records and are absent once their clock has erased them; the key stays.
-- An event delivered twice counts once. An unknown category counts as specified user information.
WITH unknown AS
(
    SELECT
        range_id, `position.offset` AS at, `position.part` AS part, `event.kind` AS event_kind,
        `event.source` AS event_source, `event.id` AS event_id, `event.time` AS event_time, ifNull(`asset.category`, '') != 'none' AS sui,
        ifNull(`asset.key`, '') AS asset_key,
        ifNull(`destination.key`, '') AS destination_key, ifNull(`party.key`, '') AS party_key,
        ifNull(`recipient.key`, '') AS recipient_key,
        `actor.issuer` AS actor_issuer,
        if(isNull(`asset.equipment_country`), `asset.region`, NULL) AS asset_region,
        if(isNull(`destination.equipment_country`), `destination.region`, NULL) AS destination_region,
        isNull(`party.place_country`) AS no_place
    FROM evidence
    WHERE isNotNull(`event.kind`) AND `event.kind` != 'act' AND
    (
        startsWith(asset_key, 'unregistered:') OR startsWith(destination_key, 'unregistered:') OR
        startsWith(party_key, 'unknown:') OR startsWith(recipient_key, 'unknown:') OR
        isNotNull(asset_region) OR isNotNull(destination_region) OR no_place
    )
),
named AS
(
    SELECT
        u.event_kind AS event_kind, u.event_source AS event_source, u.event_id AS event_id,
        u.event_time AS event_time, u.sui AS sui, u.asset_key AS asset_key, u.destination_key AS destination_key,
        u.party_key AS party_key, u.recipient_key AS recipient_key, u.actor_issuer AS actor_issuer,
        l.`exposure.party` AS exposed_to, u.asset_region AS asset_region, u.destination_region AS destination_region,
        u.no_place AS no_place, s.`origin.ip` AS ip, s.`asset.locator` AS asset_locator, s.`destination.locator` AS destination_locator,
        l.`actor.subject` AS subject, l.`grantee.subject` AS grantee,
        JSONExtractString(s.raw, 'data', 'asset', 'id') AS asset_id,
        JSONExtractString(s.raw, 'data', 'destination', 'asset') AS destination_id,
        JSONExtractString(s.raw, 'data', 'grantee', 'issuer') AS grantee_issuer,
        JSONExtractString(s.raw, 'data', if(u.event_kind = 'grant', 'grantee', 'actor'), 'party') AS party_id,
        JSONExtractString(s.raw, 'data', 'destination', 'party') AS recipient_id
    FROM unknown AS u
    LEFT JOIN personal_short AS s
        ON u.range_id = s.range_id AND u.at = s.`position.offset` AND u.part = s.`position.part`
    LEFT JOIN personal_long AS l
        ON u.range_id = l.range_id AND u.at = l.`position.offset` AND u.part = l.`position.part`
)
SELECT
    kind,
    nullIf(name, '') AS name,
    nullIf(issuer, '') AS issuer,
    key,
    uniqExact(event_source, event_id) AS events,
    uniqExactIf((event_source, event_id), sui) AS sui_events,
    min(event_time) AS first,
    max(event_time) AS last
FROM
(
    SELECT
        -- An id that is claimed has to be known, whatever the locator beside it leads to (`streams.asset_lookup`).
        if(asset_id != '', 'asset_id', 'asset') AS kind,
        if(asset_id != '', asset_id, asset_locator) AS name,
        '' AS issuer, asset_key AS key, event_source, event_id, event_time, sui
    FROM named WHERE startsWith(asset_key, 'unregistered:')
    UNION ALL
    SELECT
        if(destination_id != '', 'asset_id', 'asset') AS kind,
        if(destination_id != '', destination_id, destination_locator) AS name,
        '' AS issuer, destination_key AS key, event_source, event_id, event_time, sui
    FROM named WHERE startsWith(destination_key, 'unregistered:')
    UNION ALL
    SELECT 'party' AS kind, party_id AS name, '' AS issuer, party_key AS key, event_source, event_id, event_time, sui
    FROM named WHERE startsWith(party_key, 'unknown:') AND party_id != ''
    UNION ALL
    SELECT
        'identity' AS kind,
        if(grantee != '', grantee, subject) AS name,
        if(grantee != '', grantee_issuer, ifNull(actor_issuer, '')) AS issuer,
        party_key AS key, event_source, event_id, event_time, sui
    FROM named WHERE startsWith(party_key, 'unknown:') AND party_id = ''
    UNION ALL
    SELECT 'party' AS kind, if(recipient_id != '', recipient_id, exposed_to) AS name, '' AS issuer, recipient_key AS key, event_source, event_id, event_time, sui
    FROM named WHERE startsWith(recipient_key, 'unknown:')
    UNION ALL
    SELECT 'region' AS kind, assumeNotNull(asset_region) AS name, '' AS issuer, '' AS key, event_source, event_id, event_time, sui
    FROM named WHERE isNotNull(asset_region)
    UNION ALL
    SELECT 'region' AS kind, assumeNotNull(destination_region) AS name, '' AS issuer, '' AS key, event_source, event_id, event_time, sui
    FROM named WHERE isNotNull(destination_region)
    UNION ALL
    SELECT 'network' AS kind, ip AS name, '' AS issuer, '' AS key, event_source, event_id, event_time, sui
    FROM named WHERE no_place AND ip != ''
    UNION ALL
    SELECT
        'country' AS kind, arrayJoin(splitByChar('+', assumeNotNull(country))) AS name, '' AS issuer, '' AS key,
        event_identity AS event_source, event_content AS event_id, event_time, true AS sui
    FROM findings WHERE rule = 'FS-UNASSESSED' AND isNotNull(country)
)
GROUP BY kind, name, issuer, key
ORDER BY sui_events DESC, events DESC, kind, name, key
LIMIT 100000
