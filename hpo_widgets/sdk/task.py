"""`Task`: one recorded run of code, with ClearML's names (reference a8), in the store beside the notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hpo_widgets.agents import metrics_tensorboard
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.card import TaskCard
from hpo_widgets.model.task import TaskState
from hpo_widgets.sdk import task_own
from hpo_widgets.sdk.logger import Logger
from hpo_widgets.sdk.parameters import merged
from hpo_widgets.sdk.parameters_argparse import ParserLink
from hpo_widgets.sdk.task_artifacts import TaskArtifacts
from hpo_widgets.sdk.task_card import TaskCards, TaskTypes, type_of
from hpo_widgets.sdk.task_code import check_runnable, main_script, put_function, put_script
from hpo_widgets.sdk.task_draft import check_names, check_queue, draft
from hpo_widgets.sdk.task_find import by_id, find_tasks, newest
from hpo_widgets.sdk.task_metrics import TaskMetrics
from hpo_widgets.sdk.task_parameters import TaskParameters
from hpo_widgets.sdk.task_running import handle_of, own, store_of, under_agent
from hpo_widgets.sdk.task_states import TaskStates
from hpo_widgets.store.base import Store
from hpo_widgets.store.location import open_store


class Task(TaskParameters, TaskStates, TaskMetrics, TaskArtifacts, TaskCards):
    """Is one task: the process's own, one that an agent runs, a template, or any in the store.

    Get one by `Task.init`, `Task.create`, `Task.get_task`, `Task.current_task` or `Task.clone`. Everything is read from
    and kept in the store at the moment of the call. Safe from any thread.
    """

    TaskTypes = TaskTypes

    # -- getting one -----------------------------------------------------------------------------------------------
    @classmethod
    def init(  # noqa: PLR0913 - ClearML's signature
        cls,
        project_name: str | None = None,
        task_name: str | None = None,
        task_type: Any = "training",
        tags: Sequence[str] | None = None,
        reuse_last_task_id: bool | str = True,
        continue_last_task: bool | str | int = False,
        output_uri: Any = None,
        auto_connect_arg_parser: bool | Mapping[str, bool] = True,
        auto_connect_frameworks: Any = True,
        auto_resource_monitoring: Any = True,
        auto_connect_streams: Any = True,
        deferred_init: bool = False,
    ) -> Task:
        """Begins the task of this process; in a process that an agent has started it gives the task that runs there.

        It ends with the process, or with `close()`. A second call with the same names gives the same task.

        Args:
            project_name: For people; none when absent.
            task_name: For people; the script's name when absent.
            task_type: One of `Task.TaskTypes`.
            tags: For people.
            reuse_last_task_id: Uses a draft of this name again (or the draft of the id given) instead of making a new
                task. A task that has run is a record and stays as it is.
            continue_last_task: Must be false: what has ended never moves again; clone it instead.
            output_uri: Accepted; artifacts lie in the store.
            auto_connect_arg_parser: Whether argparse parsers are connected, or which arguments: `{"lr": False}`.
            auto_connect_frameworks: Whether TensorBoard's scalars are recorded, as `False` or `{"tensorboard": False}`
                says; other frameworks report through `hpo_widgets.integrations`.
            auto_resource_monitoring: Accepted.
            auto_connect_streams: Accepted; an agent keeps the console of what it runs.
            deferred_init: Accepted; nothing here takes long.

        Raises:
            InvalidInput: When this process has begun another task, or something given is not allowed.
        """
        running = under_agent()
        if running is not None:
            task = cls(store_of(running), running.id)
        else:
            if continue_last_task not in (False, None, 0):
                raise InvalidInput(
                    f"continue_last_task is {continue_last_task!r}; a task that has ended stays as it is. Leave it out "
                    "for a new task, and read the last one with Task.get_task."
                )
            wanted = task_own.Wanted(
                project=project_name or "",
                name=task_name or task_own.default_name(),
                card=TaskCard(project=project_name or "", type=type_of(task_type), tags=tuple(tags or ())),
                reuse=reuse_last_task_id,
            )
            task = cls(*task_own.begin(open_store, wanted))
            if _wants_tensorboard(auto_connect_frameworks):
                metrics_tensorboard.install(own())
        # A notebook's parsers are those of its magics.
        if auto_connect_arg_parser and (running is not None or main_script() is not None):
            chosen = auto_connect_arg_parser if isinstance(auto_connect_arg_parser, Mapping) else {}
            left_out = [name for name, yes in chosen.items() if not yes]
            task._parsers().watch_all(left_out, parsed_before=running is None)
        return task

    @classmethod
    def create(  # noqa: PLR0913 - ClearML's signature, shortened
        cls,
        project_name: str | None = None,
        task_name: str | None = None,
        task_type: Any = "training",
        *,
        function: Callable[..., Any] | None = None,
        script: str | Path | None = None,
        argv: Sequence[str] = (),
        metrics: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        store: Store | None = None,
    ) -> Task:
        """Makes a draft without running anything: a template to clone, edit and enqueue.

        Args:
            project_name: For people.
            task_name: For people; the function's or script's name when absent.
            task_type: One of `Task.TaskTypes`.
            function: Its code: takes parameters by name and, if it wants one, `task`; its defaults become parameters.
            script: Its code: the path of a Python file.
            argv: The script's command line.
            metrics: `"stdout"` records what the script prints as `epoch=3 loss=0.25`.
            parameters: More of them; they override the defaults.
            tags: For people.
            store: Where to keep it; the store in force when absent.

        Raises:
            CannotShip: When the function cannot be sent to task processes, naming what stands in the way.
            InvalidInput: For a function and a script at once, or a script that cannot be read.
        """
        if function is not None and script is not None:
            raise InvalidInput("function and script are both given; a task has one code, leave one out.")
        place = store if store is not None else open_store()
        code, name = None, "task"
        defaults: dict[str, Any] = {}
        if function is not None:
            code, defaults = put_function(place, function)
            name = str(place.code(code).about["name"])
        elif script is not None:
            code, name = put_script(place, Path(script), argv, metrics), Path(script).name
        values = merged(defaults, parameters or {}, defaults)
        card = TaskCard(project=project_name or "", type=type_of(task_type), tags=tuple(tags))
        return cls(place, draft(place, task_name or name, values, code, card).id)

    @classmethod
    def current_task(cls) -> Task | None:
        """Gives the task that runs here: under an agent, or begun by this process; `None` outside of tasks."""
        running = under_agent() or own()
        return None if running is None else cls(store_of(running), running.id)

    @classmethod
    def get_task(
        cls,
        task_id: str | None = None,
        project_name: str | None = None,
        task_name: str | None = None,
        tags: Sequence[str] | None = None,
        allow_archived: bool = True,
        task_filter: dict[str, Any] | None = None,
    ) -> Task:
        """Gives a task by id, or the newest one of a name (and project).

        Raises:
            InvalidInput: When there is none, with the closest names.
        """
        store = open_store()
        if task_id is not None:
            return cls(store, by_id(store, task_id).id)
        if task_filter:
            found = find_tasks(
                store, project=project_name, tags=tags or (), allow_archived=allow_archived, task_filter=task_filter
            )
            matching = [task for task, _ in found if task_name in (None, task.name)]
            if matching:
                return cls(store, matching[0].id)
            raise InvalidInput(f"no task {task_name!r} passes the task_filter {task_filter!r}.")
        return cls(store, newest(store, project_name, task_name, tags or (), allow_archived).id)

    @classmethod
    def get_tasks(
        cls,
        task_ids: Sequence[str] | None = None,
        project_name: str | Sequence[str] | None = None,
        task_name: str | None = None,
        tags: Sequence[str] | None = None,
        allow_archived: bool = True,
        task_filter: dict[str, Any] | None = None,
    ) -> list[Task]:
        """Lists tasks, newest first; see `task_find.find_tasks` for what each argument means.

        Raises:
            InvalidInput: For a filter that is unknown, or a name that is no regular expression.
        """
        store = open_store()
        found = find_tasks(
            store,
            ids=task_ids,
            project=project_name,
            name=task_name,
            tags=tags or (),
            allow_archived=allow_archived,
            task_filter=task_filter,
        )
        return [cls(store, task.id) for task, _ in found]

    @classmethod
    def query_tasks(
        cls,
        project_name: str | Sequence[str] | None = None,
        task_name: str | None = None,
        tags: Sequence[str] | None = None,
        task_filter: dict[str, Any] | None = None,
    ) -> list[str]:
        """Lists the ids of what `get_tasks` gives."""
        found = cls.get_tasks(project_name=project_name, task_name=task_name, tags=tags, task_filter=task_filter)
        return [each.id for each in found]

    # -- templates and queues --------------------------------------------------------------------------------------
    @classmethod
    def clone(
        cls,
        source_task: Task | str | None = None,
        name: str | None = None,
        comment: str | None = None,
        parent: str | None = None,
        project: str | None = None,
    ) -> Task:
        """Makes a draft with the code and parameters of another task.

        Args:
            source_task: The task or its id.
            name: "Clone Of ..." when absent.
            comment: The source's when absent.
            parent: Id of its parent; the source's own parent, else the source, when absent.
            project: The source's when absent.
        """
        source = cls._resolve(source_task)
        record, card = source._record, source._with_project()
        card = replace(
            card,
            parent=parent or card.parent or source.id,
            comment=card.comment if comment is None else comment,
            project=card.project if project is None else project,
        )
        made = draft(source._store, name or f"Clone Of {record.name}", record.parameters, record.code, card)
        return cls(source._store, made.id)

    @classmethod
    def enqueue(
        cls, task: Task | str, queue_name: str | None = None, queue_id: str | None = None, force: bool = False
    ) -> Task:
        """Puts a draft in the waiting line of a queue, for an agent to run; gives the task.

        Args:
            task: The task or its id.
            queue_name: One of the queues there are: "default", and those that an agent has served.
            queue_id: The same; give one of the two.
            force: Also runs it with parameters that its parent does not have, and moves a waiting one.

        Raises:
            InvalidInput: For an unknown queue, a task that has begun, has no code, or has a parameter that its parent
                does not have, with the closest names. Nothing has changed then.
        """
        found = cls._resolve(task)
        store, record = found._store, found._record
        queue = check_queue(store, queue_name, queue_id)
        waits = record.state is TaskState.QUEUED
        if record.state is not TaskState.CREATED and not (force and waits):
            todo = "Task.dequeue it first, or force=True" if waits else "enqueue a clone: Task.clone(task)"
            raise InvalidInput(f"the task {record.name!r} is {found.status}, only a draft can be enqueued; {todo}.")
        check_runnable(store, record.name, record.code)
        if not force:
            check_names(store, record, found._card.parent)
        allowed = [TaskState.CREATED, TaskState.QUEUED] if force else [TaskState.CREATED]
        if store.move_task(record.id, TaskState.QUEUED, expect=allowed, queue=queue) is None:
            raise InvalidInput(f"the task {record.name!r} has just become {found.status}; enqueue a clone.")
        return found

    @classmethod
    def dequeue(cls, task: Task | str) -> Task:
        """Takes a waiting task out of its queue: it is a draft again; gives the task.

        Raises:
            InvalidInput: When it does not wait.
        """
        found = cls._resolve(task)
        if found._store.move_task(found.id, TaskState.CREATED, expect=[TaskState.QUEUED], queue="") is None:
            raise InvalidInput(f"the task {found.name!r} is {found.status}; only a waiting task can be dequeued.")
        return found

    def execute_remotely(
        self, queue_name: str | None = None, clone: bool = False, exit_process: bool = True
    ) -> Task | None:
        """Hands this script over to an agent at this line; in the run that the agent starts it does nothing.

        Args:
            queue_name: Where to put it; `None` leaves it a draft.
            clone: Enqueues a clone, and this task goes on as it is.
            exit_process: Ends this process, unless it goes on with its own task.

        Raises:
            InvalidInput: When this is not the process's own task, or it has no code.
            SystemExit: When the process is to end.
        """
        if self._runs_here:
            return None
        record = self._record
        check_runnable(self._store, record.name, record.code)
        queue = None if queue_name is None else check_queue(self._store, queue_name, None)
        if clone:
            other = self.clone(self, name=record.name)
            return other if queue is None else self.enqueue(other, queue, force=True)
        task_own.hand_over(self._store, record, queue)
        if exit_process:
            raise SystemExit(0)
        return self

    @classmethod
    def _resolve(cls, task: Task | str | None) -> Task:
        if isinstance(task, Task):
            return task
        id = getattr(task, "id", task)
        if id is None:
            found = cls.current_task()
            if found is not None:
                return found
        if not isinstance(id, str):
            raise InvalidInput(f"{task!r:.100} is no task; give a task or its id.")
        store = open_store()
        return cls(store, by_id(store, id).id)

    # -- itself ----------------------------------------------------------------------------------------------------
    def get_logger(self) -> Logger:
        """Gives what reports to this task."""
        running = under_agent() or own()
        here = running is not None and running.id == self.id
        return Logger(running if here and running is not None else handle_of(self._store, self._record))

    def flush(self, wait_for_uploads: bool = False) -> bool:
        """Writes reports that wait in memory because the store could not be written."""
        return self.get_logger().flush()

    def close(self) -> None:
        """Ends the task of this process as completed; does nothing in a task that an agent runs."""
        mine = own()
        if mine is not None and mine.id == self.id:
            task_own.end(None)
            ParserLink.remove()
            metrics_tensorboard.install(None)

    @classmethod
    def running_locally(cls) -> bool:
        """Tells whether this code was started by a person, not by an agent."""
        return under_agent() is None

    def is_main_task(self) -> bool:
        """Tells whether this is the task that runs here."""
        current = self.current_task()
        return current is not None and current.id == self.id


def _wants_tensorboard(frameworks: Any) -> bool:
    return bool(frameworks.get("tensorboard", True) if isinstance(frameworks, Mapping) else frameworks)
