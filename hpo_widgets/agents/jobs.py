"""From a claimed task to a job: what the store knows of its code and its study, and what its slot gives it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from hpo_widgets.agents.launcher import Job
from hpo_widgets.errors import HpoError
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.stint import Handover, Stint
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.store.base import Store

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def thread_limits(cores: int, slots: int) -> dict[str, str]:
    """Gives each task its share of the cores for BLAS and OpenMP; what a person has set stays."""
    share = str(max(1, cores // max(1, slots)))
    return {name: share for name in THREAD_VARIABLES if name not in os.environ}


def usable_cores() -> int:
    """Gives how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class JobMaker:
    """Makes jobs for one agent; remembers what it read of code and studies."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._codes: dict[str, tuple[str, dict[str, Any]]] = {}
        self._objectives: dict[str, tuple[Objective, ...]] = {}

    def make(self, task: TaskRecord, *, slot: int, gpus: Sequence[str], env: dict[str, str]) -> Job:
        """Gives the job of a task in a slot.

        Raises:
            HpoError: When the task has no code, or its code or study cannot be read.
        """
        if task.code is None:
            raise HpoError(f"the task {task.name!r} has no code to run; it was made without a base task.")
        kind, about = self._code(task.code)
        stint, handover = Stint.of(task.memo), Handover.of(task.memo)
        return Job(
            task=task.id,
            key=task.key,
            name=task.name,
            trial=task.trial,
            parameters=task.parameters,
            code=task.code,
            kind=kind,
            wants_task=bool(about.get("wants_task")) and "task" not in task.parameters,
            objectives=() if task.study is None else self._of_study(task.study),
            gpu=gpus[slot % len(gpus)] if gpus else None,
            env=env,
            budget=None if stint is None else stint.budget,
            checkpoint=None if handover is None else handover.checkpoint,
            cwd=os.getcwd(),
        )

    def _code(self, hash: str) -> tuple[str, dict[str, Any]]:
        if hash not in self._codes:
            code = self._store.code(hash)
            self._codes[hash] = (code.kind, code.about)
        return self._codes[hash]

    def _of_study(self, study: str) -> tuple[Objective, ...]:
        if study not in self._objectives:
            found = self._store.study(study).config.get("objectives", [])
            self._objectives[study] = tuple(Objective(o["title"], o["series"], Sign(o["sign"])) for o in found)
        return self._objectives[study]
