-- One row an alert instance: the history. Times are in milliseconds since the epoch.
CREATE TABLE alerts (
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
  UNIQUE (fingerprint, starts_at)
) STRICT;

CREATE INDEX alerts_updated_at ON alerts (updated_at);

-- One row an alert and channel and thing to tell: the outbox, and later the record of how it was told.
CREATE TABLE notifications (
  id INTEGER PRIMARY KEY,
  alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
  channel TEXT NOT NULL,
  -- What it tells; the alert itself may have moved on since.
  status TEXT NOT NULL CHECK (status IN ('firing', 'resolved')),
  -- The webhook it came with: alerts of one are told together.
  batch TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'failed')),
  created_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER NOT NULL,
  finished_at INTEGER,
  -- Why the last attempt failed.
  reason TEXT,
  detail TEXT
) STRICT;

CREATE INDEX notifications_alert ON notifications (alert_id, channel);
CREATE INDEX notifications_pending ON notifications (channel, id) WHERE state = 'pending';

-- What was sent through each limited sender within the last minute.
CREATE TABLE sends (
  sender TEXT NOT NULL,
  sent_at INTEGER NOT NULL
) STRICT;

CREATE INDEX sends_sender ON sends (sender, sent_at);
