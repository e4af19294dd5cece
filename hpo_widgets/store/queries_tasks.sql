-- Named queries for what people do with tasks; see queries.sql.

-- name: card
-- Reads what people gave a task.
SELECT project, type, tags, parent, comment FROM card WHERE task = :task;

-- name: put_card
-- Keeps what people gave a task.
INSERT OR REPLACE INTO card (task, project, type, tags, parent, comment)
VALUES (:task, :project, :type, :tags, :parent, :comment);

-- name: cards
-- Lists what people gave the tasks of a study, in the order the tasks were created.
SELECT t.id AS task, c.project, c.type, c.tags, c.parent, c.comment
FROM card c JOIN task t ON t.id = c.task WHERE t.study = :study ORDER BY t.key;

-- name: find_tasks
-- Lists tasks with their cards, newest first; a task of a study is in its study's project unless it has a card.
SELECT t.*, c.project AS card_project, c.type AS card_type, c.tags AS card_tags, c.parent AS card_parent,
    c.comment AS card_comment, s.project AS study_project
FROM task t LEFT JOIN card c ON c.task = t.id LEFT JOIN study s ON s.id = t.study
WHERE (:project IS NULL OR coalesce(c.project, s.project, '') = :project)
    AND (:name IS NULL OR t.name = :name) AND (:parent IS NULL OR c.parent = :parent)
ORDER BY t.key DESC;

-- name: put_artifact
-- Keeps the entry of a file.
INSERT OR REPLACE INTO artifact (task, kind, name, file, size, hash, time, about)
VALUES (:task, :kind, :name, :file, :size, :hash, :time, :about);

-- name: artifacts
-- Lists the files of a task, of one kind or of all.
SELECT * FROM artifact WHERE task = :task AND (:kind IS NULL OR kind = :kind) ORDER BY kind, name;

-- name: artifact
-- Reads the entry of one file.
SELECT * FROM artifact WHERE task = :task AND kind = :kind AND name = :name;

-- name: drop_artifact
-- Removes the entry of a file.
DELETE FROM artifact WHERE task = :task AND kind = :kind AND name = :name;

-- name: insert_agent
-- Records an agent that begins to serve.
INSERT INTO agent (id, queue, slots, gpus, owner, started) VALUES (:id, :queue, :slots, :gpus, :owner, :started)
RETURNING *;

-- name: end_agent
-- Records that an agent serves no longer, the first time only.
UPDATE agent SET ended = :now WHERE id = :id AND ended IS NULL;

-- name: agents
-- Lists all agents there ever were, oldest first.
SELECT * FROM agent ORDER BY key;

-- name: agents_serving
-- Lists the agents that have not said that they left.
SELECT * FROM agent WHERE ended IS NULL ORDER BY key;

-- name: held_tasks
-- Lists the tasks that an agent has claimed and not ended.
SELECT * FROM task WHERE agent = :agent AND state = 'running' ORDER BY key;

-- name: count_waiting
-- Counts the tasks that wait in a queue.
SELECT count(*) FROM task WHERE queue = :queue AND state = 'queued';
