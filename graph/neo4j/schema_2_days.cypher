// Facts found by words say which days of their stream's clock they touch, so that the full-text index can be asked for
// some days alone: of what is common over a month it names the best of those days, not of the month.

DROP INDEX event_words IF EXISTS;
DROP INDEX entity_words IF EXISTS;
DROP INDEX caption_words IF EXISTS;

MATCH (f:Event|Entity|Caption)
WHERE f.days IS NULL
CALL (f) {
  WITH f.start_us / 86400000000 AS first, (f.end_us - 1) / 86400000000 AS last
  SET f.days = CASE WHEN last - first < 31 THEN substring(reduce(days = '', n IN range(first, last) | days + ' d' + n), 1)
    ELSE 'always' END
} IN TRANSACTIONS OF 2000 ROWS;

CREATE FULLTEXT INDEX event_words IF NOT EXISTS FOR (f:Event) ON EACH [f.words, f.stream_id, f.days]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace', `fulltext.eventually_consistent`: true}};
CREATE FULLTEXT INDEX entity_words IF NOT EXISTS FOR (f:Entity) ON EACH [f.words, f.stream_id, f.days]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace', `fulltext.eventually_consistent`: true}};
CREATE FULLTEXT INDEX caption_words IF NOT EXISTS FOR (f:Caption) ON EACH [f.words, f.stream_id, f.days]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace', `fulltext.eventually_consistent`: true}};
