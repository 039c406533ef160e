-- What is kept for long stands packed (`state::packed`): a column of it holds a BLOB, or a TEXT that packing would not shorten.
CREATE TABLE shadow_body_packed (
  shadow INTEGER PRIMARY KEY REFERENCES shadow (id) ON DELETE CASCADE,
  canonical ANY NOT NULL,
  payload ANY,
  -- Fields that were settled since the payload was listed: it says nothing of them.
  moved TEXT NOT NULL DEFAULT '[]',
  -- One half as it was listed when both halves last were, where that is not the payload it was last agreed with: what people
  -- change in it later is told from it.
  listed ANY
) STRICT;
INSERT INTO shadow_body_packed SELECT shadow, packed(canonical), packed(payload), moved, packed(listed)
  FROM shadow_body ORDER BY shadow;
DROP TABLE shadow_body;
ALTER TABLE shadow_body_packed RENAME TO shadow_body;

-- Every planned operation of every run, its before-image and what came of it.
CREATE TABLE operation_packed (
  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  document ANY NOT NULL,
  before ANY,
  outcome TEXT,
  reason TEXT,
  PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
INSERT INTO operation_packed SELECT run, number, packed(document), packed(before), outcome, reason
  FROM operation ORDER BY run, number;
DROP TABLE operation;
ALTER TABLE operation_packed RENAME TO operation;

-- I36: a request that may change something has a row here before it is sent.
CREATE TABLE intent_packed (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  operation INTEGER NOT NULL,
  side TEXT NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  request ANY NOT NULL,
  request_hash TEXT NOT NULL,
  at INTEGER NOT NULL,
  -- in_flight | applied | refused | not_sent | unknown | adopted | absent
  state TEXT NOT NULL,
  detail TEXT,
  -- For creates: what to look for, under which contact, and what to settle when it is found.
  source_id TEXT,
  parent_id TEXT,
  sought ANY,
  settle ANY,
  remote_id TEXT
) STRICT;
INSERT INTO intent_packed SELECT id, run, operation, side, kind, action, packed(request), request_hash, at, state, detail,
    source_id, parent_id, packed(sought), packed(settle), remote_id
  FROM intent ORDER BY id;
-- A number that was given once is not given again.
INSERT INTO sqlite_sequence SELECT 'intent_packed', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'intent_packed');
UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'intent'), 0))
  WHERE name = 'intent_packed';
DROP TABLE intent;
ALTER TABLE intent_packed RENAME TO intent;
CREATE INDEX intent_open ON intent (state) WHERE state IN ('in_flight', 'unknown');
CREATE INDEX intent_operation ON intent (run, operation);

-- What a run did to one record, and what an undo goes by: a row for each operation that was sent, and for everything that
-- a CRM deletes along with a contact.
CREATE TABLE undo_record_packed (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  operation INTEGER NOT NULL,
  side TEXT NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  -- The record as it was, where it went with its contact; the others' stands with their operation.
  image ANY,
  link INTEGER,
  trace ANY NOT NULL,
  -- The run that took it back.
  undone INTEGER
) STRICT;
INSERT INTO undo_record_packed SELECT id, run, operation, side, kind, action, packed(image), link, packed(trace), undone
  FROM undo_record ORDER BY id;
DROP TABLE undo_record;
ALTER TABLE undo_record_packed RENAME TO undo_record;
CREATE INDEX undo_record_run ON undo_record (run, operation);

-- What linked contacts can be recognised by, once for both sides: 1 Cliengo, 2 GHL, 3 both.
CREATE TABLE match_key_of_sides (
  key TEXT NOT NULL,
  link INTEGER NOT NULL REFERENCES link (id) ON DELETE CASCADE,
  sides INTEGER NOT NULL,
  PRIMARY KEY (key, link)
) STRICT, WITHOUT ROWID;
INSERT INTO match_key_of_sides SELECT key, link, sum(CASE side WHEN 'cliengo' THEN 1 ELSE 2 END) FROM match_key
  GROUP BY key, link;
DROP TABLE match_key;
ALTER TABLE match_key_of_sides RENAME TO match_key;
CREATE INDEX match_key_link ON match_key (link);

-- What counts is found by the unique indexes; besides them only secondaries are looked for by GHL's id.
DROP INDEX link_by_cliengo;
DROP INDEX link_by_ghl;
CREATE INDEX link_secondary ON link (ghl_id) WHERE role = 'secondary';
