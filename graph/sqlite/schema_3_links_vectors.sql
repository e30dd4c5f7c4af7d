-- Who is the same (`SAME_AS` between entities; `source` 'hand' is a person's word), and where facts lie in the space of
-- a model: half-precision numbers, lowest byte first. The two ends of a link stand in the order of their ids.

CREATE TABLE links (
  id TEXT PRIMARY KEY, one TEXT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
  other TEXT NOT NULL REFERENCES entities (id) ON DELETE CASCADE, score REAL NOT NULL, source TEXT NOT NULL, same INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX links_one ON links (one);
CREATE INDEX links_other ON links (other);

CREATE TABLE models (
  rid INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, length INTEGER NOT NULL
) STRICT;

CREATE TABLE event_vectors (
  rid INTEGER PRIMARY KEY, event_rid INTEGER NOT NULL REFERENCES events ON DELETE CASCADE,
  model INTEGER NOT NULL REFERENCES models, numbers BLOB NOT NULL
) STRICT;
CREATE TABLE entity_vectors (
  rid INTEGER PRIMARY KEY, entity_rid INTEGER NOT NULL REFERENCES entities ON DELETE CASCADE,
  model INTEGER NOT NULL REFERENCES models, numbers BLOB NOT NULL
) STRICT;
CREATE TABLE caption_vectors (
  rid INTEGER PRIMARY KEY, caption_rid INTEGER NOT NULL REFERENCES captions ON DELETE CASCADE,
  model INTEGER NOT NULL REFERENCES models, numbers BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_vectors_of ON event_vectors (event_rid, model);
CREATE UNIQUE INDEX entity_vectors_of ON entity_vectors (entity_rid, model);
CREATE UNIQUE INDEX caption_vectors_of ON caption_vectors (caption_rid, model);
CREATE INDEX track_points_chunk ON track_points (chunk_id);
