CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  mode TEXT NOT NULL,
  started INTEGER NOT NULL,
  finished INTEGER,
  plan_id TEXT NOT NULL,
  -- running | done | refused | failed
  status TEXT NOT NULL,
  summary TEXT
) STRICT;

-- Every planned operation of every run, its before-image and what came of it.
CREATE TABLE operation (
  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  document TEXT NOT NULL,
  before TEXT,
  outcome TEXT,
  reason TEXT,
  PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

-- I36: a request that may change something has a row here before it is sent.
CREATE TABLE intent (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  operation INTEGER NOT NULL,
  side TEXT NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  request TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  at INTEGER NOT NULL,
  -- in_flight | applied | refused | not_sent | unknown | adopted | absent
  state TEXT NOT NULL,
  detail TEXT,
  -- For creates: what to look for, under which contact, and what to settle when it is found.
  source_id TEXT,
  parent_id TEXT,
  sought TEXT,
  settle TEXT,
  remote_id TEXT
) STRICT;
CREATE INDEX intent_open ON intent (state) WHERE state IN ('in_flight', 'unknown');

-- Plans that a guard stopped, for an approval to name.
CREATE TABLE refused_plan (
  plan_id TEXT PRIMARY KEY,
  run INTEGER,
  guarded TEXT NOT NULL
) STRICT;
