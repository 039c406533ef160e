-- Fields that an undo took back: both sides differ in them on purpose, until somebody changes one.
CREATE TABLE taken_back (
  link INTEGER NOT NULL REFERENCES link (id) ON DELETE CASCADE,
  field TEXT NOT NULL,
  PRIMARY KEY (link, field)
) STRICT, WITHOUT ROWID;
