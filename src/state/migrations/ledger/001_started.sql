-- What the daemon knows of a schedule for a pair, and from when on its due times count.
CREATE TABLE slot (
  schedule TEXT NOT NULL,
  pair TEXT NOT NULL,
  -- The cron line and its zone: under another one, times that are past already were never due.
  means TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (schedule, pair)
) STRICT, WITHOUT ROWID;

-- Written before the work begins: a due time never starts twice, whatever the clock does.
CREATE TABLE started (
  schedule TEXT NOT NULL,
  pair TEXT NOT NULL,
  due INTEGER NOT NULL,
  at INTEGER NOT NULL,
  ended INTEGER,
  code INTEGER,
  PRIMARY KEY (schedule, pair, due)
) STRICT, WITHOUT ROWID;
CREATE INDEX started_pair ON started (pair, at);

CREATE TABLE seed (seed INTEGER NOT NULL) STRICT;
