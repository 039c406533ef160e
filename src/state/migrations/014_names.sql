-- The field's own words.
ALTER TABLE deed RENAME TO undo_record;
ALTER TABLE setback RENAME TO failed_operation;
ALTER TABLE apart RENAME TO excluded_pair;
