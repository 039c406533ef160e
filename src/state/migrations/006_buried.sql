-- When a complete listing first lacked what was buried: a lag is over soon after, and the id may come back.
ALTER TABLE tombstone ADD COLUMN absent INTEGER;
