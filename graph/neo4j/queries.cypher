// The statements by which the memory in Neo4j is written, walked and forgotten. docs/reference/memory.md has the schema.
// What is long comes in one map, $o: Neo4j plans a statement anew for parameters of other types, and for longer lists.
// Everything that can be named is a Fact with an id; what was named and not yet described has no second label.

// name: known
// Takes the stream for this writer (a lock until the transaction ends), and says what is known of these ids.
MERGE (s:Fact {id: $o.stream})
SET s:Stream, s.memory = $o.memory, s.last_chunk_id = $o.chunk
WITH s
CALL () {
  UNWIND $o.ids AS id
  MATCH (f:Fact {id: id})
  RETURN collect([f.id, f.said_us, f.start_us, f.end_us, f.label, f.name, f.attributes, f.tracks,
    EXISTS { (f)-[:TOOK_PART]->() }]) AS known
}
CALL () {
  UNWIND $o.relations AS id
  MATCH ()-[r:REL {id: id}]->()
  RETURN collect([r.id, r.said_us]) AS related
}
CALL () {
  UNWIND $o.models AS key
  MATCH (m:Model {key: key})
  RETURN collect([m.name, m.length, m.near]) AS models
}
RETURN known, related, models, EXISTS { MATCH (c:Fact {id: $o.chunk}) WHERE c.start_us IS NOT NULL } AS again,
  EXISTS { MATCH (c:Chunk {stream_id: $o.stream}) WHERE c.number IN $o.beside } AS beside

// name: mentions
// The events these entities took part in, with the looks of everyone known to have taken part.
UNWIND $ids AS id
MATCH (:Fact {id: id})-[:TOOK_PART]->(e:Event)
WITH DISTINCT e
RETURN e.id, e.kind, e.zone, e.attributes, e.who, e.roles,
  [(n:Entity)-[:TOOK_PART]->(e) | [n.id, n.label, n.name, n.attributes]] AS looks

// name: told
// The same of these events.
UNWIND $ids AS id
MATCH (e:Event&Fact {id: id})
RETURN e.id, e.kind, e.zone, e.attributes, e.who, e.roles,
  [(n:Entity)-[:TOOK_PART]->(e) | [n.id, n.label, n.name, n.attributes]] AS looks

// name: speak
UNWIND $rows AS row
MATCH (e:Fact {id: row.id})
SET e += row

// name: write
// One chunk's observation, after `known` in the same transaction has told what of it is the latest word. Parts under a
// line `for` are left out where the observation needs none of them (`_needed` in write.py): Neo4j takes time for each,
// however little it does. They are few kinds, because every set of them is another statement to plan.
MATCH (s:Fact {id: $o.stream})
SET s.event_count = coalesce(s.event_count, 0) + $o.counts.events,
  s.entity_count = coalesce(s.entity_count, 0) + $o.counts.entities,
  s.caption_count = coalesce(s.caption_count, 0) + $o.counts.captions
MERGE (c:Fact {id: $o.chunk.id})
SET c:Chunk, c += $o.chunk
WITH s, c
// for: fresh
CALL (s, c) {
  CREATE (c)-[:IN]->(s)
}
// for: next
CALL (c) {
  MATCH (b:Chunk {stream_id: c.stream_id, number: c.number - 1})
  MERGE (b)-[:NEXT]->(c)
}
CALL (c) {
  MATCH (d:Chunk {stream_id: c.stream_id, number: c.number + 1})
  MERGE (c)-[:NEXT]->(d)
}
// for: again
CALL (c) {
  MATCH (v:Coverage)-[:OF]->(c)
  DETACH DELETE v
}
// for: coverage
CALL (c) {
  UNWIND $o.coverage AS row
  CREATE (v:Coverage)-[:OF]->(c)
  SET v = row
}
// for: tracks
CALL (s) {
  UNWIND $o.tracks AS row
  MERGE (t:Fact {id: row.id})
  SET t:Track, t = row
  MERGE (t)-[:IN]->(s)
}
// for: again
CALL () {
  UNWIND $o.spans AS row
  MATCH (t:Fact {id: row.id})
  SET t += row
}
// for: tracks
CALL (c) {
  UNWIND $o.points AS row
  MATCH (t:Fact {id: row.track})
  MERGE (t)-[p:SEEN_IN]->(c)
  SET p.points = row.points
}
// for: entities
CALL () {
  UNWIND $o.entities AS row
  MERGE (n:Fact {id: row.id})
  SET n:Entity, n = row
}
CALL (c) {
  UNWIND $o.shown AS id
  MATCH (n:Fact {id: id})
  MERGE (c)-[:SHOWS]->(n)
}
// for: again
CALL () {
  UNWIND $o.unfollow AS id
  MATCH (:Fact)-[r:SAME_AS]->(:Fact {id: id}) WHERE r.id IS NULL
  DELETE r
}
// for: entities
CALL () {
  UNWIND $o.follow AS row
  MATCH (n:Fact {id: row.entity})
  MERGE (t:Fact {id: row.track})
  CREATE (t)-[:SAME_AS]->(n)
}
// for: again
CALL () {
  UNWIND $o.old_events AS row
  MATCH (e:Fact {id: row.id})
  SET e = row
  WITH e
  MATCH (e)-[r:TOOK_PART|SEEN_IN|AT]-()
  DELETE r
}
// for: events
CALL (s) {
  UNWIND $o.new_events AS row
  CREATE (e:Fact:Event)-[:IN]->(s)
  SET e = row
}
CALL () {
  UNWIND $o.took AS row
  MATCH (e:Fact {id: row.event})
  MERGE (n:Fact {id: row.who})
  CREATE (n)-[:TOOK_PART {role: row.role}]->(e)
}
CALL () {
  UNWIND $o.seen AS row
  MATCH (e:Fact {id: row.event})
  MERGE (k:Fact {id: row.chunk})
  CREATE (e)-[:SEEN_IN {at_us: row.at_us}]->(k)
}
CALL (s) {
  UNWIND $o.zones AS row
  MERGE (z:Fact {id: row.id})
  SET z:Zone, z += row
  MERGE (z)-[:IN]->(s)
}
CALL () {
  UNWIND $o.at AS row
  MATCH (e:Fact {id: row.event})
  MATCH (z:Fact {id: row.zone})
  CREATE (e)-[:AT]->(z)
}
// for: captions
CALL () {
  UNWIND $o.captions AS row
  MERGE (k:Fact {id: row.id})
  SET k:Caption, k = row
  MERGE (of:Fact {id: row.chunk_id})
  MERGE (k)-[:OF]->(of)
}
// for: relations
CALL () {
  UNWIND $o.unrelate AS id
  MATCH ()-[r:REL {id: id}]->()
  DELETE r
}
CALL () {
  UNWIND $o.relations AS row
  MERGE (a:Fact {id: row.subject})
  MERGE (b:Fact {id: row.object})
  CREATE (a)-[r:REL]->(b)
  SET r = row.props
}
// for: again
CALL () {
  UNWIND $o.spoken AS row
  MATCH (e:Fact {id: row.id})
  SET e += row
}
// for: models
CALL () {
  UNWIND $o.models AS row
  MERGE (m:Model {key: row.key})
  SET m += row
}
// for: pending
CALL () {
  UNWIND $o.pending AS id
  MATCH (f:Fact {id: id})
  SET f:Pending
}
CALL () {
  MATCH (f:Pending)
  RETURN count(f) AS waiting
}
RETURN waiting

// name: pend
UNWIND $ids AS id
MATCH (f:Fact {id: id}) WHERE f:Event OR f:Entity OR f:Caption
SET f:Pending
WITH count(f) AS some
CALL () {
  MATCH (f:Pending)
  RETURN count(f) AS waiting
}
RETURN waiting

// name: turn
// Waits until nobody else brings vectors into the index; how many facts wait for it then, and the models that have one.
MATCH (v:SightlineSchema {name: 'memory'})
SET v.turn = true
REMOVE v.turn
WITH count(v) AS one
CALL () {
  MATCH (f:Pending)
  RETURN count(f) AS waiting
}
CALL () {
  MATCH (m:Model) WHERE m.near
  RETURN collect(DISTINCT m.name) AS models
}
RETURN waiting, models

// name: take_pending
// Takes the label, and with it the node for this writer, before its vectors are read: nobody else changes them until they are
// in the index.
MATCH (f:Pending)
WITH f LIMIT $most
REMOVE f:Pending
WITH f
RETURN f.id, [name IN $vectors | f[name]]

// name: neighbours
// Ids one edge away: who took part in what, who is related to whom, who is the same.
UNWIND $ids AS id
MATCH (f:Fact {id: id})
CALL (f) {
  MATCH (f)-[:TOOK_PART|REL]-(g:Fact) RETURN g.id AS other
  UNION ALL
  MATCH (f)-[:SAME_AS]-(g:Entity) WHERE f:Entity RETURN g.id AS other
}
RETURN DISTINCT other

// name: between
// The relations and links of which both ends are among these entities.
UNWIND $ids AS id
MATCH (a:Entity&Fact {id: id})-[r:REL|SAME_AS|NOT_SAME_AS]->(b:Entity)
WHERE b.id IN $ids
RETURN type(r) AS type, r AS edge, a.id AS one, b.id AS other

// name: linked
// What is said of these pairs so far, and which ends are known. Takes both ends for this writer, in order of their ids.
UNWIND $pairs AS pair
MATCH (a:Entity&Fact {id: pair[0]})
MATCH (b:Entity&Fact {id: pair[1]})
SET a.linking = true, b.linking = true
REMOVE a.linking, b.linking
WITH a, b
OPTIONAL MATCH (a)-[r:SAME_AS|NOT_SAME_AS]-(b)
RETURN a.id, b.id, r.source

// name: link
UNWIND $rows AS row
MATCH (a:Fact {id: row.one})
MATCH (b:Fact {id: row.other})
CALL (a, b) {
  MATCH (a)-[r:SAME_AS|NOT_SAME_AS]-(b)
  DELETE r
}
CALL (a, b, row) {
  WITH a, b, row WHERE row.same
  CREATE (a)-[r:SAME_AS]->(b)
  SET r = row.props
}
CALL (a, b, row) {
  WITH a, b, row WHERE NOT row.same
  CREATE (a)-[r:NOT_SAME_AS]->(b)
  SET r = row.props
}

// name: mark
UNWIND $rows AS row
MATCH (f:Fact {id: row.id}) WHERE f:Event OR f:Entity OR f:Caption
SET f += row.props

// name: named_by
// What these facts name that may be named by nobody else, and was never described.
UNWIND $ids AS id
MATCH (:Fact {id: id})--(g:Fact) WHERE size(labels(g)) = 1
RETURN DISTINCT g.id

// name: tidy
// What was named and never described goes with the last that named it.
UNWIND $ids AS id
MATCH (g:Fact {id: id}) WHERE size(labels(g)) = 1 AND NOT EXISTS { (g)--() }
DELETE g

// name: zones_of
// Where these events happened.
UNWIND $ids AS id
MATCH (:Fact {id: id})-[:AT]->(z:Zone)
RETURN DISTINCT z.id

// name: tidy_zones
// A zone goes with its last event.
UNWIND $ids AS id
MATCH (z:Zone&Fact {id: id}) WHERE NOT EXISTS { (z)<-[:AT]-() }
DETACH DELETE z

// name: count_vectors
UNWIND $ids AS id
MATCH (f:Fact {id: id})
RETURN coalesce(sum(size([property IN $properties WHERE f[property] IS NOT NULL])), 0)

// name: delete_facts
UNWIND $ids AS id
MATCH (f:Fact {id: id})
DETACH DELETE f

// name: delete_relations
UNWIND $ids AS id
MATCH ()-[r:REL {id: id}]->()
DELETE r

// name: part_in
// The events in which these entities took part: how many others did, too.
UNWIND $ids AS id
MATCH (:Fact {id: id})-[:TOOK_PART]->(e:Event)
RETURN DISTINCT e.id, all(one IN e.who WHERE one IN $ids)

// name: ends
// The relations and links of which an end is among these entities.
UNWIND $ids AS id
MATCH (:Fact {id: id})-[r:REL|SAME_AS|NOT_SAME_AS]-() WHERE r.id IS NOT NULL
RETURN DISTINCT type(r), r.id

// name: leave_out
UNWIND $ids AS id
MATCH (e:Event&Fact {id: id})
WITH e, [n IN range(0, size(e.who) - 1) WHERE NOT e.who[n] IN $gone] AS left
SET e.who = [n IN left | e.who[n]], e.roles = [n IN left | e.roles[n]]

// name: cite_no_more
UNWIND $ids AS id
MATCH (:Fact {id: id})<-[:SEEN_IN]-(f:Event)
WITH DISTINCT f
WITH f, [n IN range(0, size(f.evidence_chunks) - 1) WHERE NOT f.evidence_chunks[n] IN $ids] AS left
SET f.evidence_chunks = [n IN left | f.evidence_chunks[n]],
  f.evidence_boxes = [n IN range(0, size(f.evidence_boxes) - 1) WHERE n / 4 IN left | f.evidence_boxes[n]],
  f.evidence_us = [n IN left | f.evidence_us[n]]

// name: relations_cite_no_more
MATCH (s:Stream {memory: $memory})
MATCH ()-[f:REL]->()
WHERE f.stream_id = s.id AND f.start_us >= 0 AND f.end_us >= 0 AND any(chunk IN f.evidence_chunks WHERE chunk IN $ids)
WITH f, [n IN range(0, size(f.evidence_chunks) - 1) WHERE NOT f.evidence_chunks[n] IN $ids] AS left
SET f.evidence_chunks = [n IN left | f.evidence_chunks[n]],
  f.evidence_boxes = [n IN range(0, size(f.evidence_boxes) - 1) WHERE n / 4 IN left | f.evidence_boxes[n]],
  f.evidence_us = [n IN left | f.evidence_us[n]]

// name: follow_no_more
UNWIND $ids AS id
MATCH (:Fact {id: id})-[:SAME_AS]->(n:Entity)
WITH DISTINCT n
SET n.tracks = [track IN n.tracks WHERE NOT track IN $ids]

// name: uncount
UNWIND $ids AS id
MATCH (f:Fact {id: id}) WHERE f:Event OR f:Entity OR f:Caption
WITH f.stream_id AS stream, count(CASE WHEN f:Event THEN 1 END) AS events,
  count(CASE WHEN f:Entity THEN 1 END) AS entities, count(CASE WHEN f:Caption THEN 1 END) AS captions
MATCH (s:Fact {id: stream})
SET s.event_count = s.event_count - events, s.entity_count = s.entity_count - entities,
  s.caption_count = s.caption_count - captions
