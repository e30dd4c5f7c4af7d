// The memory in Neo4j: what must be one of a kind, and what is found without looking at everything.
// docs/reference/memory.md explains it. Every statement may be run again.

CREATE CONSTRAINT fact_id IF NOT EXISTS FOR (f:Fact) REQUIRE f.id IS UNIQUE;
CREATE CONSTRAINT relation_id IF NOT EXISTS FOR ()-[r:REL]-() REQUIRE r.id IS UNIQUE;
CREATE CONSTRAINT model_key IF NOT EXISTS FOR (m:Model) REQUIRE m.key IS UNIQUE;

CREATE INDEX stream_memory IF NOT EXISTS FOR (s:Stream) ON (s.memory);
CREATE INDEX same_memory IF NOT EXISTS FOR ()-[r:SAME_AS]-() ON (r.memory);
CREATE INDEX not_same_memory IF NOT EXISTS FOR ()-[r:NOT_SAME_AS]-() ON (r.memory);

CREATE INDEX chunk_when IF NOT EXISTS FOR (f:Chunk) ON (f.stream_id, f.start_us, f.end_us);
CREATE INDEX track_when IF NOT EXISTS FOR (f:Track) ON (f.stream_id, f.start_us, f.end_us);
CREATE INDEX entity_when IF NOT EXISTS FOR (f:Entity) ON (f.stream_id, f.start_us, f.end_us);
CREATE INDEX event_when IF NOT EXISTS FOR (f:Event) ON (f.stream_id, f.start_us, f.end_us);
CREATE INDEX caption_when IF NOT EXISTS FOR (f:Caption) ON (f.stream_id, f.start_us, f.end_us);
CREATE INDEX coverage_when IF NOT EXISTS FOR (f:Coverage) ON (f.stream_id, f.start_us, f.end_us);
CREATE INDEX relation_when IF NOT EXISTS FOR ()-[f:REL]-() ON (f.stream_id, f.start_us, f.end_us);

// What lasts longer than a minute: few, so that a query bounded in time looks back a minute, and into these.
CREATE INDEX chunk_long IF NOT EXISTS FOR (f:Chunk) ON (f.long_id, f.start_us, f.end_us);
CREATE INDEX track_long IF NOT EXISTS FOR (f:Track) ON (f.long_id, f.start_us, f.end_us);
CREATE INDEX entity_long IF NOT EXISTS FOR (f:Entity) ON (f.long_id, f.start_us, f.end_us);
CREATE INDEX event_long IF NOT EXISTS FOR (f:Event) ON (f.long_id, f.start_us, f.end_us);
CREATE INDEX caption_long IF NOT EXISTS FOR (f:Caption) ON (f.long_id, f.start_us, f.end_us);
CREATE INDEX coverage_long IF NOT EXISTS FOR (f:Coverage) ON (f.long_id, f.start_us, f.end_us);
CREATE INDEX relation_long IF NOT EXISTS FOR ()-[f:REL]-() ON (f.long_id, f.start_us, f.end_us);

CREATE INDEX chunk_number IF NOT EXISTS FOR (f:Chunk) ON (f.stream_id, f.number);
CREATE INDEX event_kind IF NOT EXISTS FOR (f:Event) ON (f.kind, f.stream_id, f.start_us, f.end_us);

// The indexed text is already cut into stemmed words (graph/words.py), so that every store has one notion of a word.
CREATE FULLTEXT INDEX event_words IF NOT EXISTS FOR (f:Event) ON EACH [f.words, f.stream_id]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace', `fulltext.eventually_consistent`: true}};
CREATE FULLTEXT INDEX entity_words IF NOT EXISTS FOR (f:Entity) ON EACH [f.words, f.stream_id]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace', `fulltext.eventually_consistent`: true}};
CREATE FULLTEXT INDEX caption_words IF NOT EXISTS FOR (f:Caption) ON EACH [f.words, f.stream_id]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace', `fulltext.eventually_consistent`: true}};
