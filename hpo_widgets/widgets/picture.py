"""What a panel says about a study, built up from changed tasks: pure, no widgets, no clock of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hpo_widgets.charts.pace import Pace
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.reason_words import why_ended
from hpo_widgets.model.result import Result
from hpo_widgets.model.study import StudyRecord
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.widgets import words
from hpo_widgets.widgets.best_sets import BestSets
from hpo_widgets.widgets.best_tasks import BestTasks
from hpo_widgets.widgets.trial_chart import TrialChart

INTERRUPTED = "interrupted"
ADVICE = {
    INTERRUPTED: "The process that ran it is gone; all that was reported is kept. "
    "Press Resume or call study.resume() to go on: trials that were cut off begin again.",
    "paused": "No new trials start; running ones go on to their end.",
    "draining": "It stops when the running trials have ended.",
    "stopped": "Resume goes on with all it has learned; trials that were cut off begin again.",
    "failed": "All results so far are kept; mend the cause, then Resume.",
}
LIVE = ("running", "paused", "draining")


def same_head(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Tells whether two heads differ in nothing but the clock."""
    moving = {"now", "clock", "left"} | ({"bar"} if a["bar"]["unit"] == "time" else set())
    return all(a[name] == b.get(name) for name in a if name not in moving)


class StudyPicture:
    """Sums up a study. Costs grow with what is put in, never with what there is; not safe for two threads at once."""

    def __init__(self, objectives: Sequence[Objective], repeats: int = 1) -> None:
        self.objectives = objectives
        self.chart = TrialChart(objectives[0])
        self.best: BestTasks | BestSets = BestTasks(objectives) if repeats == 1 else BestSets(objectives)
        self.running: set[str] = set()
        """Ids of running tasks: theirs are the objectives that still move."""
        self._tasks: dict[int, TaskState] = {}
        self._attempts: dict[int, tuple[int, bool]] = {}
        self._counts: Counter[TaskState] = Counter()
        self._done = 0
        self.pace = Pace()
        self._latest = 0.0
        self._spent = 0.0
        self._starts: dict[int, float] = {}
        self._failure: tuple[float, int | None, str] | None = None

    def put(self, task: TaskRecord, result: Result | None) -> None:
        """Takes in where a task stands now."""
        before = self._tasks.get(task.key)
        if before is not task.state:
            self._move(task, before)
        self.best.put(task, result)
        if task.trial is not None:
            value = result.values[0] if result is not None else None
            self.chart.put(task.trial, task.attempt, task.state, value)

    def _move(self, task: TaskRecord, before: TaskState | None) -> None:
        self._tasks[task.key] = task.state
        self._counts[task.state] += 1
        if before is not None:
            self._counts[before] -= 1
        if task.state is TaskState.RUNNING:
            self.running.add(task.id)
            self._starts[task.key] = task.started or task.created
        else:
            self.running.discard(task.id)
            self._starts.pop(task.key, None)
        self._latest = max(self._latest, task.ended or task.started or task.created)
        if task.trial is not None:
            self._settle(task.trial, task)
        if task.state.is_final:
            self._end(task)

    def _settle(self, trial: int, task: TaskRecord) -> None:
        attempt, was_done = self._attempts.get(trial, (task.attempt, False))
        if task.attempt >= attempt:
            self._done += task.state.is_final - was_done
            self._attempts[trial] = (task.attempt, task.state.is_final)

    def _end(self, task: TaskRecord) -> None:
        ended = task.ended or task.created
        self.pace.put(task)
        self._spent += task.duration(ended) or 0.0
        if task.state is TaskState.FAILED and (self._failure is None or ended >= self._failure[0]):
            self._failure = (ended, task.trial, words.last_line(task.error or task.reason or ""))

    # -- what it says ----------------------------------------------------------------------------------------------
    def head(self, record: StudyRecord, state: str, notice: str | None, now: float) -> dict[str, Any]:
        """Gives all that a panel shows except the chart, as JSON of a few kB.

        Args:
            record: The study.
            state: A `StudyState`'s value or "interrupted".
            notice: What is wrong just now without having ended the study.
            now: UTC seconds.
        """
        limits = Limits.from_json(record.limits)
        elapsed = self._elapsed(record, state, now)
        best = self._best()
        return {
            "name": words.cut(record.name, 400),
            "state": state,
            "reason": words.cut(why_ended(record.reason, limits)) if state not in LIVE else "",
            "remark": words.cut(record.remark, 500),
            "advice": _advice(record, state),
            "objective": [words.cut(o.name) for o in self.objectives],
            "minimize": self.objectives[0].sign.minimize,
            "best": best,
            "label": self._label(record, best),
            "now": now,
            "bar": self._bar(limits, elapsed, self._until(record, state, now)),
            "clock": {"elapsed": elapsed, "limit": limits.optimization_time_limit, "ticks": state in LIVE},
            "left": self._left(limits, elapsed, now) if state == "running" else None,
            "counts": [[s.value, n] for s, n in self._counted(record, state).items() if n],
            "top": self._top(),
            "notices": self._notices(record, state, notice),
            "buttons": {
                "pause": state == "running",
                "resume": state in ("paused", INTERRUPTED, "stopped", "failed", "created"),
                "stop": state in LIVE or state == INTERRUPTED,
            },
        }

    def _elapsed(self, record: StudyRecord, state: str, now: float) -> float:
        if record.started is None:
            return 0.0
        return max(0.0, self._until(record, state, now) - record.started)

    def _until(self, record: StudyRecord, state: str, now: float) -> float:
        """Gives until when time passes for it."""
        end = now if state in LIVE else self._latest if state == INTERRUPTED else record.ended
        return end or now

    def _counted(self, record: StudyRecord, state: str) -> dict[TaskState, int]:
        """Counts tasks by state; what ran in a process that is gone does not run, though nobody has said so yet."""
        found = {each: self._counts[each] for each in TaskState}
        if state == INTERRUPTED and record.runs_its_tasks:
            found[TaskState.LOST] += found.pop(TaskState.RUNNING)
        return found

    def _bar(self, limits: Limits, elapsed: float, until: float) -> dict[str, Any]:
        if limits.total_max_jobs is not None:
            return {"unit": "trials", "done": self._done, "limit": limits.total_max_jobs}
        if limits.optimization_time_limit is not None:
            return {"unit": "time", "done": elapsed, "limit": limits.optimization_time_limit, "trials": self._done}
        if limits.compute_time_limit is not None:
            spent = self._spent + sum(max(0.0, until - start) for start in self._starts.values())
            return {"unit": "compute", "done": spent, "limit": limits.compute_time_limit, "trials": self._done}
        return {"unit": "trials", "done": self._done, "limit": None}

    def _left(self, limits: Limits, elapsed: float, now: float) -> float | None:
        """Gives seconds until the end: what the pace of the last trials says, never more than the time limit.

        A time limit runs while the study is paused, the pace does not.
        """
        found: list[float] = []
        if limits.optimization_time_limit is not None:
            found.append(max(0.0, limits.optimization_time_limit - elapsed))
        if limits.total_max_jobs is not None:
            until = self.pace.until(limits.total_max_jobs - self._done, now)
            found += [] if until is None else [until]
        return min(found, default=None)

    def _best(self) -> dict[str, Any] | None:
        top = self.best.top()
        if not top:
            return None
        task, result = top[0]
        parameters = [[words.cut(name), words.value(value)] for name, value in task.parameters.items()]
        return {"values": [words.number(v) for v in result.values], "trial": task.trial, "parameters": parameters}

    def _label(self, record: StudyRecord, best: dict[str, Any] | None) -> str:
        what = f"{words.cut(self.objectives[0].name)} per trial of {words.cut(record.name)}"
        return f"{what}; best so far {best['values'][0]} in trial {best['trial']}" if best else f"{what}; no result yet"

    def _top(self) -> dict[str, Any]:
        entries = self.best.top()
        names = list(dict.fromkeys(name for task, _ in entries for name in task.parameters))
        columns = ["trial", *(o.name for o in self.objectives), *names]
        rows = [
            [
                words.MISSING if task.trial is None else str(task.trial),
                *(words.number(v) for v in result.values),
                *(words.value(task.parameters[n]) if n in task.parameters else words.MISSING for n in names),
            ]
            for task, result in entries
        ]
        return {"columns": [words.cut(c) for c in columns], "rows": rows}

    def _notices(self, record: StudyRecord, state: str, notice: str | None) -> list[str]:
        found: list[str] = []
        if state == "failed" and record.error:
            found.append(f"The study failed: {words.last_line(record.error)}")
        if notice:
            found.append(words.last_line(notice))
        if self._failure is not None:
            count = self._counts[TaskState.FAILED]
            number = "" if self._failure[1] is None else f" {self._failure[1]}"
            tasks = "1 task" if count == 1 else f"{count} tasks, the last one"
            found.append(f"Failed: {tasks} (trial{number}): {self._failure[2]}" if count else "")
        return [text for text in found if text]


def _advice(record: StudyRecord, state: str) -> str:
    taken = words.cut(record.taken, 400) if state in LIVE else ""
    return " ".join(each for each in (taken, ADVICE.get(state, "")) if each)
