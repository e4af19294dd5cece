"""The engine: reads what happened, lets the planner decide, and writes what follows; one step at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hpo_widgets.engine import desk, relay
from hpo_widgets.engine.first_failures import FirstFailures
from hpo_widgets.engine.judging import judge_end, missing_metrics, run_again, task_name
from hpo_widgets.engine.listeners import Conclusion, Listeners
from hpo_widgets.engine.outbox import Outbox
from hpo_widgets.engine.picture import Live, Opening, Start
from hpo_widgets.engine.planner import Plan, plan
from hpo_widgets.engine.podium import Podium
from hpo_widgets.engine.requests import handle_request
from hpo_widgets.engine.resume import read_history, read_results, warm_past
from hpo_widgets.engine.thinking import Thinker
from hpo_widgets.engine.weighing import Weigher
from hpo_widgets.errors import StoreUnavailable
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.delta import Delta
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.result import Result, metrics_of, ranking, read_result
from hpo_widgets.model.scalar import MetricSummary, Scalar
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.stint import own_iterations
from hpo_widgets.model.study import Owner, RequestKind
from hpo_widgets.model.task import WITH_STUDY, Reason, TaskRecord, TaskState
from hpo_widgets.store.base import NewTask, Rung, Store, Watch

logger = logging.getLogger(__name__)

SCALAR_REST_S = 0.005
"""Least time between two looks at newly reported scalars; limits and pruning act this much later at most."""
TEND_S = 2.0
"""Between two looks whether agents of other processes still live."""
RETRY_S = (0.2, 5.0)
"""First and longest wait before a store that could not be written is tried again."""


class Engine:
    """Drives one study from the thread that calls it.

    Args:
        store: Where everything is read and written.
        study: Id of the study; this process must own it.
        config: What was asked for, limits as they are in force.
        owner: This process, as recorded with the study.
        opening: What is under way, see `resume.open_picture`.
        make_thinker: Sets up the strategy; called in the engine's thread with the space, whether that was changed on
            the way, and a function that wakes the engine.
        listeners: Told of what happens.
        clock: UTC seconds.
    """

    def __init__(
        self,
        store: Store,
        study: str,
        config: StudyConfig,
        owner: Owner,
        opening: Opening,
        make_thinker: Callable[[SearchSpace, bool, Callable[[], None]], Thinker],
        listeners: Listeners | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store, self.study, self.config, self.owner = store, study, config, owner
        self.picture = opening.picture
        self.queue = config.queue or f"study:{study}"
        self.outbox = Outbox(store)
        self.clock = clock
        self.podium = Podium(config.objectives, self.picture.limits.keep)
        self.notice: str | None = None
        """What is wrong just now without having ended the study."""
        self.finished = False
        self._tend_at = 0.0
        self._missing: str | None = None
        self._first_failures = FirstFailures(config.name)
        self._cursor = opening.cursor
        self._metrics = metrics_of(config.objectives)
        self._make_thinker = make_thinker
        self._restore = opening.restore
        self._moved = opening.moved
        self._thinker: Thinker | None = None
        self._listeners = listeners or Listeners()
        self._memos: dict[int, dict[str, Any]] = {}
        self._task_of_trial = {live.task.trial: id for id, live in self.picture.live.items()}
        self._watch: Watch | None = None
        self.weigher = Weigher(
            config, lambda: read_results(store, study, self.config, self.picture), self.wake, opening.anew
        )
        for request in opening.requests:
            handle_request(self, request)

    # -- the thread's loop -----------------------------------------------------------------------------------------
    def run(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Works until the study ends or `stop()` is true; blocks the calling thread."""
        with self.store.watch() as self._watch:
            failures = 0
            while not (self.finished or stop()):
                try:
                    wake_at = self.step()
                    failures, slow = 0, self._thinker.notice if self._thinker else None
                    self.notice = slow or self._missing or self.weigher.notice
                except StoreUnavailable as error:
                    failures += 1
                    self.notice = str(error)
                    logger.warning("the store cannot be written: %s", error, extra={"action": "store-unavailable"})
                    wake_at = self.clock() + min(RETRY_S[0] * 2 ** (failures - 1), RETRY_S[1])
                if not self.finished:
                    self._rest(wake_at)

    def wake(self) -> None:
        """Makes `run` look again now; from any thread."""
        if self._watch is not None:
            self._watch.wake()

    def close(self) -> None:
        """Gives back what the engine holds; the study stays as the store has it."""
        if self._thinker is not None:
            self._thinker.close()
        self.weigher.close()

    def _rest(self, wake_at: float | None) -> None:
        assert self._watch is not None
        began = time.monotonic()
        heard = self._watch.wait(None if wake_at is None else wake_at - self.clock())
        # Scalars may come by the ten thousand a second: look at them together. States are looked at at once.
        while heard is Rung.SCALARS and (left := SCALAR_REST_S - (time.monotonic() - began)) > 0:
            again = self._watch.wait(left)
            if again is Rung.SCALARS:
                time.sleep(min(0.001, left))
            heard |= again

    # -- one step --------------------------------------------------------------------------------------------------
    def step(self) -> float | None:
        """Does all there is to do now; gives when to look again (UTC seconds) if nothing happens before."""
        self.outbox.flush()
        tend = self._listeners.tend
        if tend is not None and self.clock() >= self._tend_at:
            tend()
            self._tend_at = self.clock() + TEND_S
        self._absorb(self.store.delta(self._cursor, self.study, self._metrics))
        self._absorb_replies()
        self.picture.enough = self.weigher.weigh()
        while True:
            todo = plan(self.picture, self.clock())
            self._carry_out(todo)
            changed = self._absorb_replies()
            self.outbox.flush()
            if not changed:
                break
        if todo.finish is not None and not (self.picture.live or self.outbox):
            self._finish(todo)
        if tend is None:
            return todo.wake_at
        return min(self._tend_at, self._tend_at if todo.wake_at is None else todo.wake_at)

    @property
    def thinker(self) -> Thinker:
        """Where the strategy thinks; set up at the first use, in the engine's thread."""
        if self._thinker is None:
            self._thinker = self._make_thinker(self.config.space, self._moved, self.wake)
            known = (*warm_past(self.config), *self._restore.past)
            if known:
                self._thinker.send(replace(self._restore, past=known))
            self._restore = desk.Restore(past=(), memo=None)
        return self._thinker

    def _absorb(self, delta: Delta) -> None:
        ended = [t for t in delta.tasks if t.state.is_final and t.id in self.picture.live]
        # Read first, change the picture after: a store that fails here leaves the picture as it was.
        reported = {t.id: list(self.store.task_summaries(t.id)) for t in ended}
        results = {id: read_result(self.config.objectives, summaries) for id, summaries in reported.items()}
        for scalar in delta.scalars:
            self._absorb_scalar(scalar)
        for read in delta.tasks:
            if read.id not in self.picture.live:
                continue
            # The memo is written by this thread alone, and what was read may be older than what it has decided since.
            task = replace(read, memo=self.picture.live[read.id].task.memo)
            if task.id in results:
                self._look_for_objective(task, results[task.id], reported[task.id])
                self._conclude(task, results[task.id])
            else:
                self.picture.live[task.id].task = task
        for request in delta.requests:
            if request.handled is None and request.task is None:
                handle_request(self, request)
            elif request.kind is RequestKind.STOP_TASK and request.task in self.picture.live:
                live = self.picture.live[request.task]
                live.stopping = live.stopping or str(request.payload.get("reason", Reason.USER.value))
        self._cursor = delta.cursor

    def _absorb_scalar(self, scalar: Scalar) -> None:
        live = self.picture.live.get(scalar.task)
        if live is None:
            return
        if live.iteration is None and (known := relay.began(live.task, scalar.iteration)) is not None:
            self._rewrite(live, known.memo or {})
        live.iteration = max(live.iteration or 0, scalar.iteration)
        if len(self.config.objectives) == 1 and live.stopping is None and live.task.trial is not None:
            judge = live.iteration >= (self.picture.limits.min_iteration_per_job or 0)
            trial, value = live.task.trial, scalar.value
            self.thinker.send(desk.Report(trial=trial, iteration=scalar.iteration, value=value, judge=judge))

    def _look_for_objective(self, task: TaskRecord, result: Result, reported: Sequence[MetricSummary]) -> None:
        if task.state is not TaskState.COMPLETED:
            return
        before = self._missing
        self._missing = missing_metrics(task, result.values, self.config.objectives, reported)
        if self._missing is not None and before is None:
            logger.warning("%s", self._missing, extra={"action": "objective-missing"})

    def _conclude(self, task: TaskRecord, result: Result) -> None:
        live = self.picture.live.pop(task.id)
        self.picture.compute_time += task.duration(self.clock()) or 0.0
        self.picture.iterations += own_iterations(result.iteration or live.iteration, live.task.memo)
        self.picture.starved = False
        again = run_again(self.picture, task)
        if again is not None:
            self.picture.retries.append(again)
        elif task.trial is not None:
            self._first_failures.note(task)
            outcome, values = judge_end(task, result.values)
            seconds = task.duration(self.clock())
            self.weigher.learn(task, self.picture.learn(task, outcome, values, result.feasible))
            self.thinker.send(
                desk.Tell(
                    trial=task.trial, outcome=outcome, values=values, seconds=seconds, constraints=result.constraints
                )
            )
            if (said := relay.said_at_end(task, live.task.memo)) is not None:
                self.outbox.add(lambda: ignore(self.store.update_task(task.id, reason=said)))
        for id in [] if task.interrupted else self.podium.add(task.id, task.state, ranking(result)):
            self.outbox.add(lambda id=id: self.store.update_task(id, archived=True))  # type: ignore[misc]
        self._listeners.on_end(Conclusion(task=task, result=result))

    def _absorb_replies(self) -> bool:
        """Takes in what the strategy answered; tells whether that may change the plan."""
        changed = False
        for reply in self._thinker.replies() if self._thinker is not None else []:
            match reply:
                case desk.Proposed(parameters=None, exhausted=exhausted):
                    self.picture.asking, self.picture.starved = 0, True
                    self.picture.exhausted = self.picture.exhausted or exhausted
                    changed = True
                case desk.Proposed(parameters=dict() as parameters):
                    self.picture.asking = 0
                    # Started by the next plan: the study may have been paused while the strategy thought.
                    self.picture.retries.append(Start(parameters=parameters, trial=self.picture.jobs))
                    self.picture.jobs += 1
                    changed = True
                case desk.StopTrial(trial=trial, rung=rung):
                    id = self._task_of_trial.get(trial)
                    live = self.picture.live.get(id) if id is not None else None
                    # A task whose code has ended is not pruned for its result: it keeps its own end.
                    if live is not None and live.stopping is None and self.store.outcome(live.task.id) is None:
                        self._stop_task(live.task.id, Reason.PRUNED if rung is None else Reason.RUNG, rung)
                case desk.Remember(study=study, trials=trials):
                    self._remember(study, trials)
                case desk.Raised(error=error):
                    self.picture.error, self.picture.asking = error, 0
                    changed = True
        return changed

    def _remember(self, study: dict[str, Any] | None, trials: dict[int, dict[str, Any]]) -> None:
        if study is not None:
            self.outbox.add(lambda: ignore(self.store.update_study(self.study, memo=study)))
        for trial, memo in trials.items():
            id = self._task_of_trial.get(trial)
            if id is None or trial == self.picture.jobs:
                self._memos[trial] = memo  # its task is recorded with it
            elif id in self.picture.live:
                self._rewrite(self.picture.live[id], relay.merged(self.picture.live[id].task, memo))
            else:
                self.outbox.add(lambda id=id, memo=memo: self._rewrite_ended(id, memo))  # type: ignore[misc]

    def _rewrite_ended(self, id: str, memo: dict[str, Any]) -> None:
        self.store.update_task(id, memo=relay.merged(self.store.task(id), memo))

    def _rewrite(self, live: Live, memo: dict[str, Any]) -> None:
        live.task = replace(live.task, memo=memo)
        self.outbox.add(lambda: ignore(self.store.update_task(live.task.id, memo=memo)))

    # -- carrying out ----------------------------------------------------------------------------------------------
    def _carry_out(self, todo: Plan) -> None:
        for id, reason in todo.stops:
            self._stop_task(id, reason, WITH_STUDY if reason is Reason.USER else None)
        for _ in range(todo.retries):
            self._record(self.picture.retries.popleft())
        for _ in range(todo.enqueued):
            start = self.picture.enqueued.popleft()
            self.thinker.send(desk.Adopt(trial=self.picture.jobs, parameters=start.parameters))
            self._absorb_replies()
            self._record(start)
        for _ in range(todo.asks):
            self.picture.asking = 1
            self.thinker.send(desk.Ask(trial=self.picture.jobs))

    def _stop_task(self, id: str, reason: Reason, detail: str | None = None) -> None:
        self.picture.live[id].stopping = reason.value
        kind, payload = RequestKind.STOP_TASK, {"reason": reason.value, **({"detail": detail} if detail else {})}

        def write() -> None:
            self.store.request(kind, study=self.study, task=id, payload=payload, now=self.clock())

        self.outbox.add(write)

    def _record(self, start: Start) -> None:
        """Decides on a run: it is recorded with the next flush, and live from then on."""
        trial = start.trial
        if trial is None:
            trial = self.picture.jobs
            self.picture.jobs += 1
        self.picture.unsaved += 1
        new = NewTask(
            study=self.study,
            trial=trial,
            attempt=start.attempt,
            name=task_name(self.config.base_name, start.parameters),
            parameters=start.parameters,
            queue=self.queue,
            code=self.config.code,
            memo=self._memos.pop(trial, start.memo),
        )

        def write() -> Callable[[], None]:
            task = self.store.create_tasks([relay.hand_over(self.store, new, self._task_of_trial)], self.clock())[0]
            if start.request is not None:
                self.store.answer(start.request, self.clock())

            def then() -> None:
                self.picture.unsaved -= 1
                self.picture.live[task.id] = Live(task=task)
                self._task_of_trial[trial] = task.id

            return then

        self.outbox.add(write)

    def set_limits(self, limits: Limits) -> None:
        """Puts other limits in force; the caller has recorded them."""
        self.picture.limits = limits
        self.weigher.put(limits)
        if self.podium.keep != limits.keep:
            self._archive_anew(limits.keep)
        self._listeners.on_limits(limits)

    def set_space(self, space: SearchSpace, added: Mapping[str, Any]) -> None:
        """Proposes from other ranges from now on: a new strategy learns the study's history; tasks go on as they are.

        The caller has recorded it. A proposal that has not started and lies outside is taken back.
        `added` is `StudyConfig`'s.
        """
        picture = self.picture
        self.config = replace(self.config, space=space, added=added)
        picture.take_back(space)
        going = {live.task.trial for live in picture.live.values()}
        again = {start.trial for start in picture.retries}
        self._restore = read_history(self.store, self.study, self.config, going=going, again=again)
        if self._thinker is not None:
            self._thinker.close()
        self._thinker, self._moved = None, True
        picture.asking, picture.exhausted, picture.starved = 0, False, False
        self.weigher.put(picture.limits, self.config)

    def _archive_anew(self, keep: int | None) -> None:
        """Ranks all finished tasks again: the number to keep has changed, so archived ones may rise."""
        self.podium = Podium(self.config.objectives, keep)
        tasks = [t for t in self.store.tasks(self.study) if t.state.is_final and not t.interrupted]
        hidden = self.podium.fill(tasks, self.store.summaries(self.study, self._metrics))
        for t in tasks:
            if t.archived != (t.id in hidden):
                self.outbox.add(lambda t=t: self.store.update_task(t.id, archived=not t.archived))  # type: ignore[misc]

    def _finish(self, todo: Plan) -> None:
        assert todo.finish is not None
        state, why = todo.finish
        reason = None if why is None else self.weigher.told(why)
        with self.store.transaction():
            refusal = f"the study ended: {reason or state.value}"
            for request in self.store.open_requests(study=self.study):
                self.store.answer(request.id, self.clock(), refusal)
            ended, error = self.clock(), self.picture.error
            self.store.release_study(self.study, self.owner, state=state, reason=reason, error=error, ended=ended)
        self.finished = True


def ignore(_: object) -> None:
    """Drops what a write gives back: the outbox takes only what is to follow it."""
