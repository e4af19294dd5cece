-- Named queries of the SQLite store. `-- name:` starts one; the sentence after it says what it is for.

-- name: tick
-- Starts a new revision; the first statement of every transaction that changes a study, task or request.
UPDATE clock SET revision = revision + 1 RETURNING revision;

-- name: cursor
-- Reads the present end of the history.
SELECT (SELECT revision FROM clock), coalesce((SELECT max(key) FROM scalar), 0);

-- name: data_version
-- Reads a number that moves when another connection has committed.
PRAGMA data_version;

-- name: insert_study
-- Records a study.
INSERT INTO study (id, name, project, state, config, limits, created, revision)
VALUES (:id, :name, :project, :state, :config, :limits, :created, :revision)
RETURNING *;

-- name: study_by_id
-- Reads one study.
SELECT * FROM study WHERE id = :id;

-- name: study_by_name
-- Reads one study by the name people gave it.
SELECT * FROM study WHERE name = :name;

-- name: study_names
-- Lists names, to find the closest ones and a free one.
SELECT name FROM study;

-- name: studies
-- Lists studies, newest first.
SELECT * FROM study ORDER BY key DESC;

-- name: own_study
-- Makes one process the driver of a study, unless another one became it meanwhile.
UPDATE study SET owner = :owner, state = :state, revision = :revision WHERE id = :id AND owner IS :replacing
RETURNING *;

-- name: insert_task
-- Records a task.
INSERT INTO task (id, study, trial, attempt, name, state, parameters, queue, code, created, memo, revision)
VALUES (:id, :study, :trial, :attempt, :name, :state, :parameters, :queue, :code, :created, :memo, :revision)
RETURNING *;

-- name: count_trials
-- Counts the trials of a study; a trial that ran again is one.
SELECT count(DISTINCT trial) FROM task WHERE study = :study;

-- name: best_value
-- Reads the smallest and the largest finite value of a metric among the tasks whose results count, see `model.result`.
-- `constraints` is a JSON list of the numbers of metrics, of which none may be above 0 or not a number, `uncounted` one
-- of reasons.
SELECT min(value), max(value) FROM (
    SELECT CASE :extreme WHEN 'min' THEN coalesce(s.min, s.last) WHEN 'max' THEN coalesce(s.max, s.last) ELSE s.last END
        AS value
    FROM task t CROSS JOIN summary s ON s.task = t.key
    WHERE t.study = :study AND s.metric = :metric
    AND (t.state = 'completed' OR (t.state = 'aborted' AND coalesce(t.reason, '') NOT IN (SELECT value FROM json_each(:uncounted))))
    AND NOT EXISTS (
        SELECT 1 FROM summary c
        WHERE c.task = t.key AND c.metric IN (SELECT value FROM json_each(:constraints))
        AND (c.last IS NULL OR c.last > 0)
    )
) WHERE value > -9e999 AND value < 9e999;

-- name: counted_values
-- Reads the value of a metric of each task whose result counts, see `model.result`, with what tells its set.
SELECT t.key, t.parameters, CASE :extreme WHEN 'min' THEN coalesce(s.min, s.last) WHEN 'max' THEN coalesce(s.max, s.last)
    ELSE s.last END
FROM task t CROSS JOIN summary s ON s.task = t.key
WHERE t.study = :study AND s.metric = :metric
AND (t.state = 'completed' OR (t.state = 'aborted' AND coalesce(t.reason, '') NOT IN (SELECT value FROM json_each(:uncounted))))
ORDER BY t.key;

-- name: broken_constraints
-- Reads which tasks have broken one of some constraints (a JSON list of the numbers of metrics).
SELECT DISTINCT t.key, t.parameters
FROM task t CROSS JOIN summary c ON c.task = t.key
WHERE t.study = :study AND c.metric IN (SELECT value FROM json_each(:constraints)) AND (c.last IS NULL OR c.last > 0);

-- name: task_by_id
-- Reads one task.
SELECT * FROM task WHERE id = :id;

-- name: tasks_of_study
-- Lists the tasks of a study in the order they were created.
SELECT * FROM task WHERE study = :study ORDER BY key;

-- name: tasks_in_states
-- Lists the tasks of a study that are in one of some states (a JSON list), in the order they were created.
SELECT * FROM task INDEXED BY task_state
WHERE study = :study AND state IN (SELECT value FROM json_each(:states)) ORDER BY key;

-- name: claim
-- Gives the oldest waiting tasks of a queue to one agent.
UPDATE task SET state = 'running', agent = :agent, started = :now, revision = :revision
WHERE key IN (SELECT key FROM task WHERE queue = :queue AND state = 'queued' ORDER BY key LIMIT :limit)
RETURNING *;

-- name: waiting
-- Tells whether a queue has a waiting task, without starting a write.
SELECT 1 FROM task WHERE queue = :queue AND state = 'queued' LIMIT 1;

-- name: finish
-- Records how a task's code ended.
INSERT OR REPLACE INTO outcome VALUES (:task, :ok, :error);

-- name: outcome
-- Reads how a task's code ended.
SELECT ok, error FROM outcome WHERE task = :task;

-- name: metric_key
-- Finds the number of a metric.
SELECT key FROM metric WHERE title = :title AND series = :series;

-- name: metrics
-- Lists all metrics with their numbers.
SELECT key, title, series FROM metric;

-- name: task_id
-- Finds the id of a task by its number.
SELECT id FROM task WHERE key = :key;

-- name: task_ids
-- Gives the ids of a study's tasks by number.
SELECT key, id FROM task WHERE study = :study ORDER BY key;

-- name: insert_metric
-- Numbers a metric that is new.
INSERT INTO metric (title, series) VALUES (:title, :series) ON CONFLICT DO NOTHING;

-- name: insert_scalar
-- Appends one point; the trigger keeps its summary.
INSERT INTO scalar (task, metric, iteration, time, value) VALUES (?, ?, ?, ?, ?);

-- name: task_key
-- Finds the number of a task.
SELECT key FROM task WHERE id = :task;

-- name: scalars_of_task
-- Reads the points of a task (by number) in the order of (iteration, time).
SELECT task, metric, iteration, time, value FROM scalar WHERE task = :key ORDER BY iteration, time, key;

-- name: scalars_of_task_of_metrics
-- Reads the same of some metrics (a JSON list of numbers).
SELECT task, metric, iteration, time, value FROM scalar
WHERE task = :key AND metric IN (SELECT value FROM json_each(:metrics)) ORDER BY iteration, time, key;

-- name: reports_of_study
-- Reads every point of one metric (by number) of a study in the order reported.
SELECT s.task, s.iteration, s.value
FROM task t CROSS JOIN scalar s ON s.task = t.key
WHERE t.study = :study AND s.metric = :metric ORDER BY s.key;

-- name: summaries_of_study
-- Reads the summary of each metric of each task of a study.
SELECT t.id, s.metric, s.count, s.last, s.last_iteration, s.min, s.min_iteration, s.max, s.max_iteration
FROM task t CROSS JOIN summary s ON s.task = t.key
WHERE t.study = :study;

-- name: summaries_of_study_of_metrics
-- Reads the summary of some metrics (a JSON list of numbers) of each task of a study.
SELECT t.id, s.metric, s.count, s.last, s.last_iteration, s.min, s.min_iteration, s.max, s.max_iteration
FROM task t CROSS JOIN summary s ON s.task = t.key
WHERE t.study = :study AND s.metric IN (SELECT value FROM json_each(:metrics));

-- name: summaries_of_task
-- Reads the summary of each metric of one task.
SELECT t.id, s.metric, s.count, s.last, s.last_iteration, s.min, s.min_iteration, s.max, s.max_iteration
FROM task t CROSS JOIN summary s ON s.task = t.key
WHERE t.id = :task;

-- name: delta_study
-- Reads a study if it changed.
SELECT * FROM study WHERE id = :study AND revision > :revision;

-- name: delta_tasks
-- Reads the tasks of a study that changed.
SELECT * FROM task WHERE study = :study AND revision > :revision ORDER BY key;

-- name: delta_requests
-- Reads the requests of a study that are new or were handled.
SELECT * FROM request WHERE study = :study AND revision > :revision ORDER BY key;

-- name: delta_scalars
-- Reads the points that tasks of a study reported; costs what all studies reported since.
SELECT s.task, s.metric, s.iteration, s.time, s.value
FROM scalar s CROSS JOIN task t ON t.key = s.task
WHERE s.key > :scalar AND t.study = :study ORDER BY s.key;

-- name: delta_scalars_of_metrics
-- Reads the same of some metrics (a JSON list of numbers).
SELECT s.task, s.metric, s.iteration, s.time, s.value
FROM scalar s CROSS JOIN task t ON t.key = s.task
WHERE s.key > :scalar AND t.study = :study AND s.metric IN (SELECT value FROM json_each(:metrics))
ORDER BY s.key;

-- name: all_scalars
-- Reads every point of a study; costs what that study reported.
SELECT s.task, s.metric, s.iteration, s.time, s.value
FROM task t CROSS JOIN scalar s ON s.task = t.key
WHERE t.study = :study ORDER BY s.key;

-- name: all_scalars_of_metrics
-- Reads every point of some metrics (a JSON list of numbers) of a study.
SELECT s.task, s.metric, s.iteration, s.time, s.value
FROM task t CROSS JOIN scalar s ON s.task = t.key
WHERE t.study = :study AND s.metric IN (SELECT value FROM json_each(:metrics)) ORDER BY s.key;

-- name: insert_request
-- Records something asked of a study or a task.
INSERT INTO request (kind, study, task, payload, time, revision)
VALUES (:kind, coalesce(:study, (SELECT study FROM task WHERE id = :task)), :task, :payload, :time, :revision)
RETURNING *;

-- name: open_requests_of_study
-- Lists what was asked of a study itself and is not handled.
SELECT * FROM request WHERE handled IS NULL AND study = :study AND task IS NULL ORDER BY key;

-- name: open_requests_of_queue
-- Lists what was asked of tasks of a queue and is not handled.
SELECT r.* FROM request r CROSS JOIN task t ON t.id = r.task WHERE r.handled IS NULL AND t.queue = :queue
ORDER BY r.key;

-- name: requests_of_study
-- Lists everything that was ever asked of a study and its tasks.
SELECT * FROM request WHERE study = :study ORDER BY key;

-- name: answer
-- Marks a request as handled.
UPDATE request SET handled = :now, answer = :answer, revision = :revision WHERE key = :key AND handled IS NULL;

-- name: insert_code
-- Keeps a piece of code once.
INSERT INTO code VALUES (:hash, :kind, :body, :about) ON CONFLICT DO NOTHING;

-- name: code
-- Reads a piece of code.
SELECT * FROM code WHERE hash = :hash;
