-- Operations that keep failing (I44): tried again with pauses, then set aside until a person or a change takes them out.
CREATE TABLE setback (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  side TEXT NOT NULL,
  action TEXT NOT NULL,
  cliengo_id TEXT,
  ghl_id TEXT,
  -- The contact of a task or note.
  parent_cliengo TEXT,
  parent_ghl TEXT,
  label TEXT NOT NULL,
  -- Of the operation: another one is no repetition.
  fingerprint TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  words TEXT NOT NULL,
  -- The run that failed last, and the generation from which it is tried again.
  run INTEGER NOT NULL,
  due INTEGER NOT NULL,
  -- 1: a person gave it up. Nothing is said of it until it changes.
  dropped INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Fields that both sides changed and a person is to decide, with both values and the choice, once it is made.
CREATE TABLE conflict (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  cliengo_id TEXT,
  ghl_id TEXT,
  parent_cliengo TEXT,
  parent_ghl TEXT,
  label TEXT NOT NULL,
  field TEXT NOT NULL,
  base TEXT,
  cliengo TEXT NOT NULL,
  ghl TEXT NOT NULL,
  -- The run that saw it first.
  run INTEGER NOT NULL,
  choice TEXT
) STRICT;

-- Records whose link a person removed: nobody links, creates or changes them until they are linked by hand.
CREATE TABLE apart (
  kind TEXT NOT NULL,
  cliengo_id TEXT NOT NULL,
  ghl_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (kind, cliengo_id, ghl_id)
) STRICT, WITHOUT ROWID;

-- Contacts that a person had forgotten: they are not even staged. Their ids, and nothing else.
CREATE TABLE forgotten (
  side TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (side, remote_id)
) STRICT, WITHOUT ROWID;
