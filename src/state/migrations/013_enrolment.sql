-- What contacts were put into in GHL: at most once each, for ever.
CREATE TABLE enrolment (
  contact TEXT NOT NULL,
  effect TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('owed', 'sent', 'unknown', 'done')),
  operation TEXT NOT NULL,
  label TEXT NOT NULL,
  run INTEGER NOT NULL,
  PRIMARY KEY (contact, effect)
) WITHOUT ROWID;
