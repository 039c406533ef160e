-- Fields that were settled since the payload was listed: it says nothing of them.
ALTER TABLE shadow_body ADD COLUMN moved TEXT NOT NULL DEFAULT '[]';
-- Until now a missing fingerprint said that of all of them.
UPDATE shadow_body SET payload = NULL WHERE shadow IN (SELECT id FROM shadow WHERE fingerprint IS NULL);
