-- What facts are found by repeats: each set of stemmed words (graph/words.py) is kept once, and facts refer to it. `key`
-- is the digest of the words and their count, `words` that count, repeats included. The numbers of texts are never used
-- again, so that who remembers one remembers it rightly. Which words it is made of is in the full-text index alone.
--
-- `blocks` has a row for each part of a stream's clock, six hours long, in which a fact begins: `latest_us` is no earlier than the last
-- of their ends, and `version` is another whenever one of them has changed: what a process keeps in memory of a part is
-- right as long as the version is. The row of no stream and part -1 changes with any of them.

CREATE TABLE texts (
  rid INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, words INTEGER NOT NULL
) STRICT;
CREATE VIRTUAL TABLE text_words USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='ascii');

CREATE TABLE blocks (
  of TEXT NOT NULL, stream_id TEXT NOT NULL, part INTEGER NOT NULL, latest_us INTEGER NOT NULL, version INTEGER NOT NULL,
  PRIMARY KEY (of, stream_id, part)
) STRICT, WITHOUT ROWID;

ALTER TABLE events ADD COLUMN text_rid INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entities ADD COLUMN text_rid INTEGER NOT NULL DEFAULT 0;
ALTER TABLE captions ADD COLUMN text_rid INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events DROP COLUMN words;
ALTER TABLE entities DROP COLUMN words;
ALTER TABLE captions DROP COLUMN words;
DROP TABLE event_words;
DROP TABLE entity_words;
DROP TABLE caption_words;

-- By kind in order of time, over all streams; who is known by a track is asked when something is forgotten alone.
DROP INDEX events_kind;
CREATE INDEX events_kind ON events (kind, start_us, end_us, stream_id);
DROP INDEX same_as_track;
