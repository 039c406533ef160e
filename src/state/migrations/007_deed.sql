-- What a run did to one record, and what an undo goes by: a row for each operation that was sent, and for everything that
-- a CRM deletes along with a contact.
CREATE TABLE deed (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  operation INTEGER NOT NULL,
  side TEXT NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  -- The record as it was, where it went with its contact; the others' stands with their operation.
  image TEXT,
  link INTEGER,
  trace TEXT NOT NULL,
  -- The run that took it back.
  undone INTEGER
) STRICT;
CREATE INDEX deed_run ON deed (run, operation);
-- The run whose writes this one takes back.
ALTER TABLE run ADD COLUMN undoes INTEGER;
CREATE INDEX intent_operation ON intent (run, operation);
