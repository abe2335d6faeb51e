-- Until when a notification belongs to the attempt that took it, in milliseconds since the epoch: nobody else sends it.
ALTER TABLE notifications ADD COLUMN lease_until INTEGER;

-- What goes on is asked for by itself as well.
CREATE INDEX alerts_firing ON alerts (fingerprint) WHERE status = 'firing';

-- What failed is asked for by itself, and is rare among all that was sent.
CREATE INDEX notifications_failed ON notifications (id) WHERE state = 'failed';
