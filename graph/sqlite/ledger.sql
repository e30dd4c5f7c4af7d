-- The ledger: one row per thing that changes. `kind` is the class in core/, `row` its fields as JSON; `seq` keeps the
-- order in which rows were first put. The two indexes serve what is asked most: rows in a state, the job with a key.
CREATE TABLE rows (
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, row TEXT NOT NULL,
  UNIQUE (kind, id)
) STRICT;

CREATE INDEX rows_state ON rows (kind, json_extract(row, '$.state'));
CREATE INDEX rows_key ON rows (kind, json_extract(row, '$.key'));
