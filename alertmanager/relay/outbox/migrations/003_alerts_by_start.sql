-- A million alerts hardly ever begin at once: with the moment first, the key of a new alert is written at its end, not
-- on a page of its own somewhere in the middle. While it is copied the disk holds the alerts three times.
CREATE TABLE alerts_by_start (
  id INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  starts_at INTEGER NOT NULL,
  ends_at INTEGER,
  status TEXT NOT NULL CHECK (status IN ('firing', 'resolved')),
  labels TEXT NOT NULL,
  annotations TEXT NOT NULL,
  generator_url TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (starts_at, fingerprint)
) STRICT;

INSERT INTO alerts_by_start
SELECT id, fingerprint, starts_at, ends_at, status, labels, annotations, generator_url, received_at, updated_at
FROM alerts;

DROP TABLE alerts;
ALTER TABLE alerts_by_start RENAME TO alerts;

CREATE INDEX alerts_updated_at ON alerts (updated_at);
CREATE INDEX alerts_firing ON alerts (fingerprint) WHERE status = 'firing';
CREATE INDEX alerts_firing_updated_at ON alerts (updated_at) WHERE status = 'firing';
