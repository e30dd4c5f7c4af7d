// What lasts longer than a minute says in long_id how long at most: an hour, a day, or longer. A query bounded in time then
// looks back that far, not to the beginning of each stream.

MATCH (f:Chunk|Track|Entity|Event|Caption|Coverage)
WHERE f.long_id = f.stream_id
CALL (f) {
  WITH f.end_us - f.start_us AS duration
  SET f.long_id = f.stream_id + CASE WHEN duration <= 3600000000 THEN ':hour' WHEN duration <= 86400000000 THEN ':day' ELSE ':longer' END
} IN TRANSACTIONS OF 2000 ROWS;

MATCH ()-[f:REL]->()
WHERE f.long_id = f.stream_id
CALL (f) {
  WITH f.end_us - f.start_us AS duration
  SET f.long_id = f.stream_id + CASE WHEN duration <= 3600000000 THEN ':hour' WHEN duration <= 86400000000 THEN ':day' ELSE ':longer' END
} IN TRANSACTIONS OF 2000 ROWS;
