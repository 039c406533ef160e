-- What Cliengo, where it keeps no tasks, was told of a contact's tasks: once, whatever became of it there (semantics 27).
CREATE TABLE told (
  link INTEGER NOT NULL REFERENCES link (id) ON DELETE CASCADE,
  -- task, done, or due: the earliest due date of all of them.
  facet TEXT NOT NULL,
  task TEXT NOT NULL,
  said TEXT NOT NULL,
  PRIMARY KEY (link, facet, task)
) STRICT, WITHOUT ROWID;
