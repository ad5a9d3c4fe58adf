"""The store's tables, version by version."""

APPLICATION_ID = 0x6E6C6162  # "nlab"

_VERSION_1 = """
-- One row a process that has runs under way: whose process is dead, its runs were interrupted.
CREATE TABLE owners (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started REAL NOT NULL,              -- of the process: another may get its pid
    heartbeat REAL NOT NULL
);
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,            -- letters and digits: it names a folder
    arm TEXT NOT NULL,
    seed INTEGER NOT NULL,
    experiment TEXT NOT NULL,           -- JSON: its table, as in a preset
    created REAL NOT NULL,              -- seconds since 1970, as all times
    finished REAL,
    outcome TEXT,                       -- NULL while it is under way
    reason TEXT,
    owner INTEGER REFERENCES owners,    -- NULL once it has ended
    device TEXT,
    num_parameters INTEGER NOT NULL DEFAULT 0,
    num_steps INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL DEFAULT 0,
    step INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0,
    best TEXT,                          -- JSON: a point, non-finite numbers as "nan" and "inf"
    last TEXT,
    name TEXT,
    note TEXT NOT NULL DEFAULT '',
    origin TEXT,
    environment TEXT NOT NULL DEFAULT '{}',     -- JSON
    deleted REAL                        -- when; until it is purged it can be brought back
);
CREATE INDEX runs_outcome ON runs (outcome);
CREATE INDEX runs_owner ON runs (owner) WHERE owner IS NOT NULL;
CREATE INDEX runs_created ON runs (created) WHERE deleted IS NULL;
CREATE INDEX runs_seed ON runs (seed);
-- Every setting of every run, so that any of them can be asked for.
CREATE TABLE settings (
    path TEXT NOT NULL,
    value NOT NULL,
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    PRIMARY KEY (path, value, run)
) WITHOUT ROWID;
CREATE INDEX settings_run ON settings (run);
-- The metrics of the best and the last evaluation; those that aren't finite are left out.
CREATE TABLE scores (
    metric TEXT NOT NULL,
    at TEXT NOT NULL,
    value REAL NOT NULL,
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    PRIMARY KEY (metric, at, value, run)
) WITHOUT ROWID;
CREATE INDEX scores_run ON scores (run);
CREATE TABLE tags (
    tag TEXT NOT NULL,
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    PRIMARY KEY (tag, run)
) WITHOUT ROWID;
CREATE INDEX tags_run ON tags (run);
CREATE TABLE metrics (
    id INTEGER PRIMARY KEY,
    names TEXT NOT NULL UNIQUE          -- JSON: the names of an evaluation's numbers, in their order
);
-- An evaluation each. A resumed run measures some anew: the later one counts.
CREATE TABLE points (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    step INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    metrics INTEGER NOT NULL REFERENCES metrics,
    numbers BLOB NOT NULL,              -- float64, little-endian: NULL is all that SQLite makes of nan
    PRIMARY KEY (run, step)
) WITHOUT ROWID;
-- All other events worth keeping.
CREATE TABLE events (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    step INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    event TEXT NOT NULL,
    body BLOB NOT NULL,                 -- JSON, deflated
    PRIMARY KEY (run, step, sequence)
) WITHOUT ROWID;
"""

_VERSION_2 = """
ALTER TABLE runs ADD COLUMN fingerprint TEXT;   -- of what the run must come to; see lab/fingerprint.py
CREATE INDEX runs_fingerprint ON runs (fingerprint);
-- Studies have no runs of their own: theirs are found by fingerprint, and may be several studies'.
CREATE TABLE studies (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL UNIQUE,           -- of all that makes it this study, but for words and seeds
    preset TEXT NOT NULL,               -- JSON: its table, as in a file
    device TEXT NOT NULL,
    origin TEXT,
    looks TEXT NOT NULL,                -- JSON: the number of seeds at each look
    claims TEXT NOT NULL,               -- JSON: a key of each claim, whatever seeds it is judged by
    created REAL NOT NULL,
    deleted REAL                        -- when; its looks still count where it is asked for again
);
"""

VERSIONS = (_VERSION_1, _VERSION_2)
"""What makes each version from the one before it; a change to the tables is a line more."""
