-- Version 2: what people give a task besides its parameters, files kept with tasks, and who serves queues.

-- A task without a row was given nothing: tasks of studies are created without one.
CREATE TABLE card (
    task TEXT PRIMARY KEY REFERENCES task (id),
    project TEXT NOT NULL,
    type TEXT NOT NULL,
    tags TEXT NOT NULL,
    parent TEXT,
    comment TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX card_parent ON card (parent) WHERE parent IS NOT NULL;

-- Names are data; `file` is made by the store and is all that ever becomes part of a path.
CREATE TABLE artifact (
    task TEXT NOT NULL REFERENCES task (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    file TEXT NOT NULL,
    size INTEGER NOT NULL,
    hash TEXT NOT NULL,
    time REAL NOT NULL,
    about TEXT NOT NULL,
    PRIMARY KEY (task, kind, name)
) WITHOUT ROWID;

CREATE TABLE agent (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    slots INTEGER NOT NULL,
    gpus TEXT NOT NULL,
    owner TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL
);
CREATE INDEX agent_queue ON agent (queue);
CREATE INDEX agent_serving ON agent (key) WHERE ended IS NULL;
CREATE INDEX task_held ON task (agent) WHERE state = 'running';
