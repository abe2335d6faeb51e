-- Until when a notification belongs to the attempt that took it, in milliseconds since the epoch: nobody else sends it.
ALTER TABLE notifications ADD COLUMN lease_until INTEGER;

-- 0 for critical, 1 for the rest: what is critical goes first, however much waits.
ALTER TABLE notifications ADD COLUMN urgency INTEGER NOT NULL DEFAULT 1;
CREATE INDEX notifications_urgent ON notifications (channel, urgency, id) WHERE state = 'pending';

-- When Prometheus was last heard, in milliseconds since the epoch: one row.
CREATE TABLE heartbeat (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  heard_at INTEGER NOT NULL
) STRICT;

-- What goes on is asked for by itself as well.
CREATE INDEX alerts_firing ON alerts (fingerprint) WHERE status = 'firing';
CREATE INDEX alerts_firing_updated_at ON alerts (updated_at) WHERE status = 'firing';

-- What failed is asked for by itself, and is rare among all that was sent.
CREATE INDEX notifications_failed ON notifications (id) WHERE state = 'failed';
CREATE INDEX notifications_settled ON notifications (channel, id) WHERE state <> 'pending';
