-- Of a create of a task or note: what stood under its contact before it was sent, and what it may have made although that says
-- something else by now. Ids, as JSON; nothing is known of what an earlier version sent.
ALTER TABLE intent ADD COLUMN known TEXT;
ALTER TABLE intent ADD COLUMN candidates TEXT;
