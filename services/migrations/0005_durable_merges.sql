-- What was synced when it was inserted stays so: a merged part is synced too, and what it was made of stays on the disk for
-- eight minutes, so that a merge that went wrong can be told while the rows are still there. A server keeps it for so long by
-- itself; the embedded engine let it go after half a minute.
ALTER TABLE range_rows MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;
ALTER TABLE sealed_ranges MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;
ALTER TABLE evidence_rows MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;
ALTER TABLE personal_short_rows MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;
ALTER TABLE personal_long_rows MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;
ALTER TABLE dead_letter_rows MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;
ALTER TABLE finding_rows MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;
ALTER TABLE acts MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;
ALTER TABLE versions MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;
ALTER TABLE reviewed_positions MODIFY SETTING min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480;
