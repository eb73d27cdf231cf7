import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeFolder } from '../../make-folder.ts'

/*
 * How long another process may have the file locked, milliseconds: while it is opened, when that process may be
 * creating it, and later at each transaction, for which callers wait.
 */
const openMs = 10_000
const lockedMs = 3_000

/** Version of the tables below, and of what is written into them; a file with another version is refused. */
const version = 1

const tables = `
CREATE TABLE entries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  queue TEXT NOT NULL,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  order_key TEXT,
  -- blocked: behind another one with its order key
  state TEXT NOT NULL CHECK (state IN ('blocked', 'waiting', 'running', 'dead')),
  put_at_ms INTEGER NOT NULL,
  not_before_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  is_interrupted INTEGER NOT NULL DEFAULT 0,
  is_untouched INTEGER NOT NULL DEFAULT 1,
  holder TEXT,
  died_at_ms INTEGER,
  reason TEXT,
  UNIQUE (queue, id)
) STRICT;
CREATE INDEX entries_due ON entries (queue, state, owner, not_before_ms, seq);
CREATE INDEX entries_in_order ON entries (queue, order_key, seq)
  WHERE order_key IS NOT NULL AND state <> 'dead';
CREATE INDEX entries_running ON entries (holder) WHERE state = 'running';
CREATE INDEX entries_dead ON entries (queue, died_at_ms, seq) WHERE state = 'dead';
CREATE INDEX entries_age ON entries (queue, put_at_ms) WHERE state <> 'dead';

-- Apart, so that a change of state does not write a large body anew.
CREATE TABLE payloads (
  seq INTEGER PRIMARY KEY,
  payload BLOB NOT NULL
) STRICT;

CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  state TEXT NOT NULL,
  accepted_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  job TEXT NOT NULL,
  answer_body BLOB
) STRICT;
CREATE INDEX jobs_of_owner ON jobs (owner, accepted_at_ms);
CREATE INDEX jobs_in_state ON jobs (state, accepted_at_ms);
CREATE INDEX jobs_accepted ON jobs (accepted_at_ms);
CREATE INDEX jobs_over ON jobs (ended_at_ms) WHERE ended_at_ms IS NOT NULL;
CREATE INDEX jobs_not_over ON jobs (expires_at_ms) WHERE ended_at_ms IS NULL;

CREATE TABLE results (
  job_id TEXT NOT NULL,
  item INTEGER NOT NULL,
  result TEXT NOT NULL,
  PRIMARY KEY (job_id, item)
) STRICT, WITHOUT ROWID;
`

/**
 * Opens the file of jobs, or creates it: readable only by its user, since it contains bodies of requests. What is
 * committed is on disk.
 * @throws when it cannot be opened, or has tables of another version
 */
export function openJobFile(file: string): DatabaseSync {
  makeFolder(dirname(file))
  closeSync(openSync(file, 'a', 0o600))
  const db = new DatabaseSync(file, { timeout: openMs })
  db.exec('PRAGMA journal_mode = WAL')
  db.exec('PRAGMA synchronous = FULL')
  // Another process may be creating the same file.
  db.exec('BEGIN IMMEDIATE')
  const found = Number(db.prepare('PRAGMA user_version').get()?.user_version)
  if (found === 0) {
    db.exec(tables)
    db.exec(`PRAGMA user_version = ${version}`)
  }
  db.exec('COMMIT')
  if (found === 0 || found === version) {
    db.exec(`PRAGMA busy_timeout = ${lockedMs}`)
    return db
  }
  db.close()
  throw new Error(`${file} has jobs of version ${found}, and this is version ${version}`)
}
