-- Contacts whose tasks or notes could not be read, with the number of runs in a row that tried.
CREATE TABLE unread (
  side TEXT NOT NULL, kind TEXT NOT NULL, contact TEXT NOT NULL, runs INTEGER NOT NULL,
  PRIMARY KEY (side, kind, contact)
) STRICT, WITHOUT ROWID;
