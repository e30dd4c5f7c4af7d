-- What was looked for is one of few lists, which every row of coverage names: each is kept once.

CREATE TABLE label_lists (
  rid INTEGER PRIMARY KEY, labels TEXT NOT NULL UNIQUE
) STRICT;

INSERT INTO label_lists (labels) SELECT DISTINCT looked_for FROM coverage;

ALTER TABLE coverage ADD COLUMN label_list INTEGER REFERENCES label_lists;

UPDATE coverage SET label_list = (SELECT l.rid FROM label_lists l WHERE l.labels = coverage.looked_for);

ALTER TABLE coverage DROP COLUMN looked_for;
