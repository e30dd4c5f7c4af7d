-- The memory over time: what was seen, when, to whom, how sure, on what evidence. docs/reference/memory.md explains it.
-- Times are microseconds on the stream's own clock, spans half-open. `rid` is a table's own short key, `id` the derived one.
-- `said_us` is the start of the chunk that had the last word on a row; an earlier chunk's word never replaces it.
-- `words` is how many words the row is indexed under. Each `…_long` index holds the few rows longer than a minute, so
-- that a query bounded in time need look back no further than that in `…_when`.

CREATE TABLE chunks (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream_id TEXT NOT NULL, number INTEGER NOT NULL,
  start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, overlap_us INTEGER NOT NULL
) STRICT;

CREATE TABLE tracks (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream_id TEXT NOT NULL, number INTEGER NOT NULL, label TEXT NOT NULL,
  start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, confidence REAL NOT NULL, attributes TEXT NOT NULL, source TEXT NOT NULL,
  said_us INTEGER NOT NULL
) STRICT;

CREATE TABLE track_points (
  track_rid INTEGER NOT NULL REFERENCES tracks ON DELETE CASCADE, chunk_us INTEGER NOT NULL, chunk_id TEXT NOT NULL,
  points BLOB NOT NULL,
  PRIMARY KEY (track_rid, chunk_us, chunk_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE entities (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream_id TEXT NOT NULL, label TEXT NOT NULL, name TEXT NOT NULL,
  start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, confidence REAL NOT NULL, attributes TEXT NOT NULL,
  words INTEGER NOT NULL, said_us INTEGER NOT NULL
) STRICT;

CREATE TABLE same_as (
  entity_rid INTEGER NOT NULL REFERENCES entities ON DELETE CASCADE, seq INTEGER NOT NULL, track_id TEXT NOT NULL,
  PRIMARY KEY (entity_rid, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream_id TEXT NOT NULL, kind TEXT NOT NULL, zone TEXT,
  start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, confidence REAL NOT NULL, attributes TEXT NOT NULL, source TEXT NOT NULL,
  open INTEGER NOT NULL, words INTEGER NOT NULL DEFAULT 0, said_us INTEGER NOT NULL
) STRICT;

CREATE TABLE took_part (
  event_rid INTEGER NOT NULL REFERENCES events ON DELETE CASCADE, seq INTEGER NOT NULL, entity_id TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (event_rid, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE relations (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream_id TEXT NOT NULL, subject TEXT NOT NULL, predicate TEXT NOT NULL,
  object TEXT NOT NULL, start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, confidence REAL NOT NULL, source TEXT NOT NULL,
  said_us INTEGER NOT NULL
) STRICT;

CREATE TABLE event_evidence (
  event_rid INTEGER NOT NULL REFERENCES events ON DELETE CASCADE, seq INTEGER NOT NULL, chunk_id TEXT NOT NULL,
  at_us INTEGER NOT NULL, x1 REAL, y1 REAL, x2 REAL, y2 REAL,
  PRIMARY KEY (event_rid, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE relation_evidence (
  relation_rid INTEGER NOT NULL REFERENCES relations ON DELETE CASCADE, seq INTEGER NOT NULL, chunk_id TEXT NOT NULL,
  at_us INTEGER NOT NULL, x1 REAL, y1 REAL, x2 REAL, y2 REAL,
  PRIMARY KEY (relation_rid, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE captions (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream_id TEXT NOT NULL, chunk_id TEXT NOT NULL,
  start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, text TEXT NOT NULL, model TEXT NOT NULL, status TEXT NOT NULL,
  words INTEGER NOT NULL, said_us INTEGER NOT NULL
) STRICT;

CREATE TABLE coverage (
  rid INTEGER PRIMARY KEY, stream_id TEXT NOT NULL, chunk_id TEXT NOT NULL, start_us INTEGER NOT NULL, end_us INTEGER NOT NULL,
  state TEXT NOT NULL, looked_by TEXT NOT NULL, looked_for TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;

-- The indexed text is already cut into stemmed words (graph/words.py), so that every store has one notion of a word.
CREATE VIRTUAL TABLE event_words USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='ascii');
CREATE VIRTUAL TABLE entity_words USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='ascii');
CREATE VIRTUAL TABLE caption_words USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='ascii');

CREATE INDEX chunks_when ON chunks (stream_id, start_us, end_us);
CREATE INDEX tracks_when ON tracks (stream_id, start_us, end_us);
CREATE INDEX entities_when ON entities (stream_id, start_us, end_us);
CREATE INDEX events_when ON events (stream_id, start_us, end_us);
CREATE INDEX events_kind ON events (kind, stream_id, start_us, end_us);
CREATE INDEX relations_when ON relations (stream_id, start_us, end_us);
CREATE INDEX captions_when ON captions (stream_id, start_us, end_us);
CREATE INDEX coverage_when ON coverage (stream_id, start_us, end_us);

CREATE INDEX chunks_long ON chunks (stream_id, start_us, end_us) WHERE end_us - start_us > 60000000;
CREATE INDEX tracks_long ON tracks (stream_id, start_us, end_us) WHERE end_us - start_us > 60000000;
CREATE INDEX entities_long ON entities (stream_id, start_us, end_us) WHERE end_us - start_us > 60000000;
CREATE INDEX events_long ON events (stream_id, start_us, end_us) WHERE end_us - start_us > 60000000;
CREATE INDEX relations_long ON relations (stream_id, start_us, end_us) WHERE end_us - start_us > 60000000;
CREATE INDEX captions_long ON captions (stream_id, start_us, end_us) WHERE end_us - start_us > 60000000;
CREATE INDEX coverage_long ON coverage (stream_id, start_us, end_us) WHERE end_us - start_us > 60000000;

CREATE INDEX took_part_who ON took_part (entity_id, event_rid);
CREATE INDEX same_as_track ON same_as (track_id);
CREATE INDEX relations_subject ON relations (subject);
CREATE INDEX relations_object ON relations (object);
CREATE INDEX event_evidence_chunk ON event_evidence (chunk_id);
CREATE INDEX relation_evidence_chunk ON relation_evidence (chunk_id);
CREATE INDEX captions_chunk ON captions (chunk_id);
CREATE INDEX coverage_chunk ON coverage (chunk_id);
