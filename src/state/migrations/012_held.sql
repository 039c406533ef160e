-- What waited for a person when the last run looked: shown by `held`, and acknowledged by its id.
CREATE TABLE held (
  id TEXT PRIMARY KEY,
  place INTEGER NOT NULL,
  kind TEXT NOT NULL,
  cliengo_id TEXT,
  ghl_id TEXT,
  label TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  -- The same for all records of one person.
  person TEXT NOT NULL,
  -- Of its content: what changed is news again.
  fingerprint TEXT NOT NULL,
  -- Both records, as JSON: what a person compares.
  shown TEXT NOT NULL,
  -- The run that saw it first.
  run INTEGER NOT NULL
) STRICT;

-- What a person has acknowledged: it is counted, and asks for nobody until its content changes or the day has come.
CREATE TABLE acknowledged (
  id TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  -- The day as it was given, and the instant at which it begins.
  until TEXT,
  until_at INTEGER,
  note TEXT,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
