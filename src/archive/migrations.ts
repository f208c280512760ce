/**
 * The schema, one entry a version, applied in order and never edited after a release (service.md §3.2).
 * Times are ms since 1970; UIDs are text; headers are DICOM JSON by tag.
 */
export const migrations: readonly string[] = [`
CREATE TABLE studies (
  study TEXT PRIMARY KEY,
  first_at INTEGER NOT NULL,
  -- last new or changed input: the study's quiet period counts from here
  last_at INTEGER NOT NULL,
  -- of the last report job; 0 before the first
  revision INTEGER NOT NULL DEFAULT 0,
  -- 1 when something came that no report job covers yet
  dirty INTEGER NOT NULL DEFAULT 0,
  patient_id TEXT, study_date TEXT, accession_number TEXT,
  header TEXT NOT NULL
) STRICT;
CREATE INDEX studies_dirty ON studies (last_at) WHERE dirty = 1;
CREATE INDEX studies_patient ON studies (patient_id);
CREATE INDEX studies_date ON studies (study_date);
CREATE INDEX studies_accession ON studies (accession_number);

CREATE TABLE series (
  series TEXT PRIMARY KEY,
  study TEXT NOT NULL REFERENCES studies (study) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('input', 'result')),
  modality TEXT,
  header TEXT NOT NULL,
  -- what headers hint at, and what the PACS said
  expected_header INTEGER, expected_pacs INTEGER,
  first_at INTEGER NOT NULL,
  -- first new instance since it was last opened
  opened_at INTEGER NOT NULL,
  -- last new instance; duplicates do not count
  last_at INTEGER NOT NULL,
  -- when the completion rules look at it again
  due_at INTEGER,
  state TEXT NOT NULL CHECK (state IN ('OPEN', 'COMPLETE', 'FORCED', 'SKIPPED', 'RESULT')),
  why TEXT,
  revision INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX series_study ON series (study);
CREATE INDEX series_due ON series (due_at) WHERE state = 'OPEN';

CREATE TABLE instances (
  sop TEXT PRIMARY KEY,
  series TEXT NOT NULL REFERENCES series (series) ON DELETE CASCADE,
  study TEXT NOT NULL REFERENCES studies (study) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('input', 'result')),
  sop_class TEXT NOT NULL, transfer_syntax TEXT NOT NULL,
  rows INTEGER, columns INTEGER, frames INTEGER NOT NULL, instance_number INTEGER,
  -- ImagePositionPatient, ImageOrientationPatient as JSON arrays of mm and cosines
  position TEXT, orientation TEXT,
  bytes INTEGER NOT NULL, digest TEXT NOT NULL, pixel_digest TEXT,
  revision INTEGER NOT NULL DEFAULT 0,
  -- below the spool folder
  path TEXT NOT NULL UNIQUE,
  received_at INTEGER NOT NULL,
  header TEXT NOT NULL
) STRICT;
CREATE INDEX instances_series ON instances (series, instance_number);
CREATE INDEX instances_study ON instances (study);
CREATE INDEX instances_kind ON instances (kind, received_at);

CREATE TABLE ignored (
  sop TEXT PRIMARY KEY, series TEXT NOT NULL, study TEXT NOT NULL, why TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE INDEX ignored_series ON ignored (series);
CREATE INDEX ignored_at ON ignored (at);

CREATE TABLE jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('analyse', 'report')),
  -- the series, or the study of a report
  subject TEXT NOT NULL,
  study TEXT NOT NULL,
  revision INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('QUEUED', 'RUNNING', 'ANALYSED', 'DELIVERING', 'DONE', 'DEAD', 'CANCELED')),
  priority INTEGER NOT NULL DEFAULT 100,
  created_at INTEGER NOT NULL,
  -- start of the first run: the time that the results carry, kept for every retry
  first_run_at INTEGER,
  updated_at INTEGER NOT NULL,
  run_at INTEGER NOT NULL,
  lease_until INTEGER,
  attempt INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  crashes INTEGER NOT NULL DEFAULT 0,
  interruptions INTEGER NOT NULL DEFAULT 0,
  error_code TEXT, error_text TEXT,
  -- findings of an analysis, below the findings folder; and what it said of itself (JSON)
  result_path TEXT, summary TEXT,
  UNIQUE (subject, revision, kind)
) STRICT;
CREATE INDEX jobs_queue ON jobs (priority, run_at) WHERE state = 'QUEUED';
CREATE INDEX jobs_study ON jobs (study, kind, state);
CREATE INDEX jobs_state ON jobs (state, updated_at);

CREATE TABLE job_inputs (
  job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, sop TEXT NOT NULL, digest TEXT NOT NULL,
  PRIMARY KEY (job, sop)
) STRICT, WITHOUT ROWID;

-- kept after the file is purged: the loop guard and "same UID, same bytes" need it
CREATE TABLE artifacts (
  sop TEXT PRIMARY KEY,
  job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  study TEXT NOT NULL, series TEXT NOT NULL, sop_class TEXT NOT NULL,
  kind TEXT NOT NULL, ordinal INTEGER NOT NULL,
  -- of a report: the series that it is about
  source_series TEXT,
  -- of the file
  sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,
  path TEXT
) STRICT;
CREATE INDEX artifacts_job ON artifacts (job);
CREATE INDEX artifacts_study ON artifacts (study);

CREATE TABLE deliveries (
  job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  destination TEXT NOT NULL,
  sop TEXT NOT NULL,
  study TEXT NOT NULL,
  -- 0 images, 1 documents that refer to them
  stage INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('PENDING', 'SENT', 'VERIFIED', 'DEAD')),
  attempt INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- NULL when nothing more is to be done
  next_at INTEGER,
  http INTEGER, failure_reason INTEGER, warning_reason INTEGER, error TEXT,
  -- how often it was sent and then not found
  looked INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (job, destination, sop)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (destination, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_study ON deliveries (study, destination, stage) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_sop ON deliveries (sop, destination);

CREATE TABLE destinations (id TEXT PRIMARY KEY, failures INTEGER NOT NULL DEFAULT 0, open_until INTEGER) STRICT;
CREATE TABLE tombstones (uid_hash TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE probe (id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
`, `
-- how a job came to its state; triggers write it, so that no change can be forgotten
CREATE TABLE job_events (
  job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, ordinal INTEGER NOT NULL,
  at INTEGER NOT NULL, state TEXT NOT NULL, attempt INTEGER NOT NULL, error_code TEXT,
  PRIMARY KEY (job, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER job_created AFTER INSERT ON jobs BEGIN
  INSERT INTO job_events (job, ordinal, at, state, attempt, error_code)
    VALUES (NEW.id, 1, NEW.created_at, NEW.state, NEW.attempt, NEW.error_code);
END;
-- a job that waits for a full disk tries for ever: the last 200 changes are enough
CREATE TRIGGER job_changed AFTER UPDATE OF state ON jobs WHEN OLD.state <> NEW.state BEGIN
  INSERT INTO job_events (job, ordinal, at, state, attempt, error_code)
    SELECT NEW.id, COALESCE(MAX(ordinal), 0) + 1, NEW.updated_at, NEW.state, NEW.attempt, NEW.error_code FROM job_events WHERE job = NEW.id;
  DELETE FROM job_events WHERE job = NEW.id AND ordinal <= (SELECT MAX(ordinal) - 200 FROM job_events WHERE job = NEW.id);
END;
INSERT INTO job_events (job, ordinal, at, state, attempt, error_code)
  SELECT id, 1, updated_at, state, attempt, error_code FROM jobs;
CREATE INDEX jobs_listed ON jobs (state, id);
CREATE INDEX jobs_subject ON jobs (subject, kind, revision);
-- for the metrics, which count at every scrape
CREATE INDEX deliveries_dead ON deliveries (destination) WHERE state = 'DEAD';
CREATE INDEX deliveries_oldest ON deliveries (destination, created_at) WHERE next_at IS NOT NULL;
CREATE INDEX instances_bytes ON instances (bytes);
CREATE INDEX ignored_study ON ignored (study);
`, `
-- of this data folder, in the UIDs under which its jobs are seen as workitems
CREATE TABLE archive_identity (id TEXT NOT NULL) STRICT;
INSERT INTO archive_identity VALUES (lower(hex(randomblob(8))));

CREATE TABLE workitems (
  uid TEXT PRIMARY KEY,
  origin TEXT NOT NULL CHECK (origin IN ('local', 'claiming', 'claimed')),
  state TEXT NOT NULL CHECK (state IN ('SCHEDULED', 'IN PROGRESS', 'COMPLETED', 'CANCELED')),
  transaction_uid TEXT,
  -- 0 when a client claimed it
  ours INTEGER NOT NULL DEFAULT 1,
  -- DICOM JSON, as it was created
  attributes TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, begun_at INTEGER, ended_at INTEGER,
  -- JSON array of job ids
  report_jobs TEXT NOT NULL DEFAULT '[]',
  reason TEXT,
  -- the PACS was asked for its inputs
  fetched INTEGER NOT NULL DEFAULT 0,
  -- when the worklist of a claimed one is to be told its state; NULL when it knows
  tell_at INTEGER, attempt INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX workitems_created ON workitems (created_at);
CREATE INDEX workitems_pending ON workitems (created_at) WHERE state IN ('SCHEDULED', 'IN PROGRESS');
CREATE INDEX workitems_tell ON workitems (tell_at) WHERE tell_at IS NOT NULL;

-- a series of '' is the whole study
CREATE TABLE workitem_inputs (
  uid TEXT NOT NULL REFERENCES workitems (uid) ON DELETE CASCADE, study TEXT NOT NULL, series TEXT NOT NULL,
  PRIMARY KEY (uid, study, series)
) STRICT, WITHOUT ROWID;
CREATE INDEX workitem_inputs_study ON workitem_inputs (study);
`, `
-- of what a sender sent, where it was coerced before it was written; NULL where both are the same
ALTER TABLE instances ADD COLUMN received_digest TEXT;
`, `
-- has a row while a webhook is configured: without one nothing is noted for it
CREATE TABLE webhook (id INTEGER PRIMARY KEY CHECK (id = 1), since INTEGER NOT NULL) STRICT;

-- what the webhook is to be told; a row goes when it was told
CREATE TABLE webhook_events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE DEFAULT ('msg_' || lower(hex(randomblob(16)))),
  type TEXT NOT NULL, at INTEGER NOT NULL, job INTEGER NOT NULL,
  -- as it was sent first: every attempt sends the same
  body TEXT,
  attempt INTEGER NOT NULL DEFAULT 0,
  -- NULL when it was given up
  next_at INTEGER, error TEXT
) STRICT;
CREATE INDEX webhook_events_due ON webhook_events (next_at) WHERE next_at IS NOT NULL;
CREATE TRIGGER webhook_noted AFTER UPDATE OF state ON jobs WHEN OLD.state <> NEW.state AND EXISTS (SELECT 1 FROM webhook) BEGIN
  INSERT INTO webhook_events (type, at, job, next_at) SELECT type, NEW.updated_at, NEW.id, NEW.updated_at FROM (SELECT CASE
    WHEN NEW.kind = 'report' AND OLD.state = 'RUNNING' AND NEW.state = 'DELIVERING' THEN 'report.issued'
    WHEN NEW.kind = 'report' AND OLD.state = 'DELIVERING' AND NEW.state = 'DONE' THEN 'report.delivered'
    WHEN NEW.kind = 'report' AND OLD.state = 'DELIVERING' AND NEW.state = 'DEAD' THEN 'delivery.dead'
    WHEN NEW.state = 'DEAD' THEN 'job.dead' END AS type) WHERE type IS NOT NULL;
END;
`]
