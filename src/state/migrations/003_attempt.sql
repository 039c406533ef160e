-- What was written to a field and what stood there before: a CRM that shows the old value again did not keep ours (I33).
CREATE TABLE attempt (
  link INTEGER NOT NULL REFERENCES link (id) ON DELETE CASCADE,
  side TEXT NOT NULL,
  field TEXT NOT NULL,
  before TEXT NOT NULL,
  -- When the CRM says that the record changed with our write: a later change is a person's.
  updated TEXT,
  -- 1: it was not kept. It is not sent again until it changes, or with --full.
  rejected INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (link, side, field)
) STRICT, WITHOUT ROWID;
