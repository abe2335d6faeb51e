-- The ids are swept in their own order: an index by time would hold each of them a second time.
DROP INDEX event_ids_seen_at;

-- One row: the last id looked at, and when (milliseconds since the epoch). The time changes with every sweep, so that
-- each one writes: SQLite writes nothing where nothing changes.
CREATE TABLE sweep (
  position TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

INSERT INTO sweep (position, at) VALUES ('', 0);
