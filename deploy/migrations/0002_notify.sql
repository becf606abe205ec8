-- How far notify has come in the log. On a store that is in use already it begins at the log's end: nobody is written
-- to about what happened before.

CREATE TABLE ops.notify (LIKE ops.relay INCLUDING ALL);
INSERT INTO ops.notify DEFAULT VALUES;
UPDATE ops.notify SET (xid, position) = (last.xid, last.position)
FROM (SELECT xid, position FROM store.event ORDER BY xid DESC, position DESC LIMIT 1) last;
