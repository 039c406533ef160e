-- What is known of the pair itself: accounts bound to, what was learned of them, generation.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- One story: the two records that tell it. Tasks and notes hang under their contact's link.
CREATE TABLE link (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('contact', 'task', 'note')),
  parent INTEGER REFERENCES link (id),
  cliengo_id TEXT,
  ghl_id TEXT,
  role TEXT NOT NULL DEFAULT 'primary' CHECK (role IN ('primary', 'secondary')),
  -- live: both sides take part. kept: one side is gone and the survivor stays. out_of_scope: nothing is written.
  -- retired: kept for history only.
  status TEXT NOT NULL DEFAULT 'live' CHECK (status IN ('live', 'kept', 'out_of_scope', 'retired')),
  run INTEGER
) STRICT;
-- I15: an id stands in at most one link that counts; several Cliengo contacts may share one of GHL's as secondaries.
CREATE UNIQUE INDEX link_cliengo ON link (kind, cliengo_id) WHERE cliengo_id IS NOT NULL AND status <> 'retired';
CREATE UNIQUE INDEX link_ghl ON link (kind, ghl_id) WHERE ghl_id IS NOT NULL AND role = 'primary' AND status <> 'retired';
CREATE INDEX link_by_cliengo ON link (kind, cliengo_id);
CREATE INDEX link_by_ghl ON link (kind, ghl_id);
CREATE INDEX link_parent ON link (parent);

-- Each side's half of a link as it was last agreed; compared only with its own side.
CREATE TABLE shadow (
  id INTEGER PRIMARY KEY,
  link INTEGER NOT NULL REFERENCES link (id) ON DELETE CASCADE,
  side TEXT NOT NULL CHECK (side IN ('cliengo', 'ghl')),
  kind TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  parent_id TEXT,
  -- NULL: read the next listing again, whatever it looks like.
  fingerprint BLOB,
  -- 1 after our own write: a listing that disagrees may lag, so the record itself is asked.
  written INTEGER NOT NULL DEFAULT 0,
  -- The run that first missed it, for records whose absence must be seen twice.
  missed INTEGER
) STRICT;
CREATE UNIQUE INDEX shadow_remote ON shadow (side, kind, remote_id);
CREATE UNIQUE INDEX shadow_link ON shadow (link, side);

-- Bodies apart, so that the nightly sieve reads small pages only.
CREATE TABLE shadow_body (
  shadow INTEGER PRIMARY KEY REFERENCES shadow (id) ON DELETE CASCADE,
  canonical TEXT NOT NULL,
  payload TEXT
) STRICT;

-- What linked contacts can be recognised by.
CREATE TABLE match_key (
  side TEXT NOT NULL,
  key TEXT NOT NULL,
  link INTEGER NOT NULL REFERENCES link (id) ON DELETE CASCADE,
  PRIMARY KEY (side, key, link)
) STRICT, WITHOUT ROWID;
CREATE INDEX match_key_link ON match_key (link, side);

-- Records that we deleted or that were deleted and must not come back from a lagging listing. By id, never by name.
CREATE TABLE tombstone (
  side TEXT NOT NULL,
  kind TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  run INTEGER,
  reason TEXT NOT NULL,
  PRIMARY KEY (side, kind, remote_id)
) STRICT, WITHOUT ROWID;

-- What a side could not express and was said once.
CREATE TABLE unsupported (
  what TEXT PRIMARY KEY,
  link INTEGER REFERENCES link (id) ON DELETE CASCADE,
  run INTEGER
) STRICT;

-- What the last run listed, to see a listing shrink.
CREATE TABLE listing (
  side TEXT NOT NULL,
  kind TEXT NOT NULL,
  count INTEGER NOT NULL,
  run INTEGER NOT NULL,
  PRIMARY KEY (side, kind)
) STRICT, WITHOUT ROWID;

-- When a contact's notes were last listed, for the rotation.
CREATE TABLE visited (
  side TEXT NOT NULL,
  contact_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (side, contact_id)
) STRICT, WITHOUT ROWID;
