-- The store's tables, version 1. Times are UTC seconds; JSON is text; ids are 32 hexadecimal digits.
-- `revision` is the value of the clock in the transaction that last changed the row: readers ask for what is above
-- the revision they have seen. Scalars are append-only, so their own number is their cursor.

CREATE TABLE clock (revision INTEGER NOT NULL);
INSERT INTO clock VALUES (0);

CREATE TABLE study (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    error TEXT,
    config TEXT NOT NULL,
    limits TEXT NOT NULL,
    owner TEXT,
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    memo TEXT,
    revision INTEGER NOT NULL
);
CREATE INDEX study_revision ON study (revision);

CREATE TABLE task (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    study TEXT REFERENCES study (id),
    trial INTEGER,
    attempt INTEGER NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    parameters TEXT NOT NULL,
    queue TEXT NOT NULL,
    agent TEXT,
    code TEXT,
    pid INTEGER,
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    archived INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    memo TEXT,
    revision INTEGER NOT NULL
);
CREATE INDEX task_study ON task (study, revision);
CREATE INDEX task_state ON task (study, state);
CREATE INDEX task_order ON task (study, key, id);
CREATE INDEX task_waiting ON task (queue, key) WHERE state = 'queued';

-- How the code of a task ended, in its own words.
CREATE TABLE outcome (
    task TEXT PRIMARY KEY REFERENCES task (id),
    ok INTEGER NOT NULL,
    error TEXT
) WITHOUT ROWID;

CREATE TABLE metric (
    key INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    series TEXT NOT NULL,
    UNIQUE (title, series)
);

-- Keys are given in the order of commits: SQLite has one writer at a time, and nothing is ever deleted.
-- A value that is not a number is NULL (SQLite stores no NaN); infinities are stored as such.
CREATE TABLE scalar (
    key INTEGER PRIMARY KEY,
    task INTEGER NOT NULL REFERENCES task,
    metric INTEGER NOT NULL REFERENCES metric,
    iteration INTEGER NOT NULL,
    time REAL NOT NULL,
    value REAL
);
CREATE INDEX scalar_curve ON scalar (task, metric);

-- Running summary of one metric of one task: a table of 10,000 tasks reads this, never the scalars.
CREATE TABLE summary (
    task INTEGER NOT NULL,
    metric INTEGER NOT NULL,
    count INTEGER NOT NULL,
    last REAL,
    last_iteration INTEGER NOT NULL,
    last_time REAL NOT NULL,
    min REAL,
    min_iteration INTEGER,
    max REAL,
    max_iteration INTEGER,
    PRIMARY KEY (task, metric)
) WITHOUT ROWID;

-- One insert of a scalar is one statement, one transaction, and keeps its summary: 9e999 is SQLite's infinity.
CREATE TRIGGER scalar_summary AFTER INSERT ON scalar BEGIN
    INSERT INTO summary
    SELECT new.task, new.metric, 1, new.value, new.iteration, new.time, finite, at, finite, at
    FROM (
        SELECT
            CASE WHEN new.value > -9e999 AND new.value < 9e999 THEN new.value END AS finite,
            CASE WHEN new.value > -9e999 AND new.value < 9e999 THEN new.iteration END AS at
    ) WHERE true
    ON CONFLICT (task, metric) DO UPDATE SET
        count = count + 1,
        last = CASE WHEN (new.iteration, new.time) >= (last_iteration, last_time) THEN new.value ELSE last END,
        last_time = CASE WHEN (new.iteration, new.time) >= (last_iteration, last_time) THEN new.time ELSE last_time END,
        last_iteration = max(last_iteration, new.iteration),
        min_iteration = CASE WHEN excluded.min < min OR min IS NULL THEN excluded.min_iteration ELSE min_iteration END,
        min = CASE WHEN excluded.min < min OR min IS NULL THEN excluded.min ELSE min END,
        max_iteration = CASE WHEN excluded.max > max OR max IS NULL THEN excluded.max_iteration ELSE max_iteration END,
        max = CASE WHEN excluded.max > max OR max IS NULL THEN excluded.max ELSE max END;
END;

-- Everything that people, other kernels and the engine asked for; kept as the history of interventions.
CREATE TABLE request (
    key INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    study TEXT REFERENCES study (id),
    task TEXT REFERENCES task (id),
    payload TEXT NOT NULL,
    time REAL NOT NULL,
    handled REAL,
    answer TEXT,
    revision INTEGER NOT NULL
);
CREATE INDEX request_study ON request (study, revision);
CREATE INDEX request_open ON request (key) WHERE handled IS NULL;

CREATE TABLE code (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    about TEXT NOT NULL
);
