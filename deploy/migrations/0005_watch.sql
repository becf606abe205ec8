-- How far the watch over deadlines has come: in the log, and in the world's time. On a store that is in use already it
-- begins with its first look: nobody is told of what had passed long before.

CREATE TABLE ops.watch (LIKE ops.relay INCLUDING ALL, looked_at timestamptz);
INSERT INTO ops.watch DEFAULT VALUES;
UPDATE ops.watch SET (xid, position) = (last.xid, last.position)
FROM (SELECT xid, position FROM store.event ORDER BY xid DESC, position DESC LIMIT 1) last;
