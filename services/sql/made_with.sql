-- What the first range and the first act were made with: by that, keys are known again.
SELECT r.ranges AS ranges, r.salt_key_id AS salt_key_id, a.acts AS acts, a.act_text AS act_text, a.act_subject AS act_subject
FROM
(
    SELECT count() AS ranges, argMin(salt_key_id, (recorded_at, id)) AS salt_key_id FROM range_rows
) AS r
CROSS JOIN
(
    SELECT count() AS acts, argMin(text, (at, id)) AS act_text, argMin(subject, (at, id)) AS act_subject FROM acts
) AS a
