-- One row a series, named as it is exposed.
CREATE TABLE totals (
  series TEXT PRIMARY KEY,
  value REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- Messages of each calendar day (YYYY-MM-DD) in the operator's time zone.
CREATE TABLE daily_messages (
  day TEXT PRIMARY KEY,
  messages INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The ids of the last 24 h: a second event with one of them does not count.
CREATE TABLE event_ids (
  id TEXT PRIMARY KEY,
  seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX event_ids_seen_at ON event_ids (seen_at);
