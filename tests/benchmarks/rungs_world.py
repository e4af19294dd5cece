"""A world without a clock in which a strategy with rungs runs its trials: slots, iterations, checkpoints.

And HpBandSter's rungs in it: its master, as read (`core/master.py`, `core/base_iteration.py` of 0.7.4), starts the next
bracket when no run is ready, promotes when a rung is full and not before, and trains each rung from scratch.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.stint import STINT, Stint
from hpo_widgets.strategies import Memos, Outcome, Problem, Strategy
from hpo_widgets.strategies.rungs import bracket, rung_budgets

LOSS = Objective("loss", "loss", Sign.MIN)
Curve = Callable[[dict[str, Any]], Sequence[float]]
Pace = Callable[[dict[str, Any]], float]


@dataclass
class Trial:
    """Is one task: what it trains, how far it has come, and when it began."""

    parameters: dict[str, Any]
    began: float
    iteration: int
    """Iterations done, those of its checkpoint included."""
    best: float = float("inf")


@dataclass
class World:
    """Runs a study to its end.

    Args:
        strategy: Not set up yet.
        space: What is searched.
        curve: Loss by iteration of a configuration, from the first iteration on.
        most: Iterations of a whole training.
        least: Iteration of the lowest rung.
        pace: Seconds of one iteration of a configuration.
        slots: Tasks at one time.
        checkpoints: Whether a task goes on where the one that it follows has stopped.
        jobs: Tasks in all.
        iterations: Iterations in all.
        time: Seconds in all; what runs then is ended.
        seed: Of the study.
    """

    strategy: Strategy
    space: SearchSpace
    curve: Curve
    most: int
    least: int = 1
    pace: Pace = lambda _: 1.0
    slots: int = 4
    checkpoints: bool = True
    jobs: int | None = None
    iterations: int | None = None
    time: float = float("inf")
    seed: int = 0
    now: float = 0.0
    idle: float = 0.0
    """Seconds of all slots without a task."""
    done: int = 0
    """Iterations done."""
    trials: list[Trial] = field(default_factory=list)

    def run(self) -> World:
        """Runs it; gives itself."""
        problem = Problem(
            space=self.space,
            objectives=(LOSS,),
            seed=self.seed,
            concurrency=self.slots,
            max_iteration_per_job=self.most,
            min_iteration_per_job=self.least,
        )
        self.strategy.setup(problem)
        events: list[tuple[float, int]] = []
        self._fill(events)
        while events:
            at = min(events[0][0], self.time)
            self.idle += (at - self.now) * (self.slots - len(events))
            self.now = at
            if self.now >= self.time:
                break
            number = heapq.heappop(events)[1]
            if not self._step(number):
                heapq.heappush(events, (self.now + self.pace(self.trials[number].parameters), number))
            self._fill(events)
        return self

    def _fill(self, events: list[tuple[float, int]]) -> None:
        while len(events) < self.slots and not self._spent:
            number = len(self.trials)
            parameters = self.strategy.ask(number)
            if parameters is None:
                return
            stint = Stint.of(self.strategy.drain_memos().trials.get(number))
            follows = None if stint is None or not self.checkpoints else stint.follows
            since = 0 if follows is None else self.trials[follows].iteration
            self.trials.append(Trial(parameters, self.now, since))
            heapq.heappush(events, (self.now + self.pace(parameters), number))

    @property
    def _spent(self) -> bool:
        jobs = self.jobs is not None and len(self.trials) >= self.jobs
        return jobs or (self.iterations is not None and self.done >= self.iterations)

    def _step(self, number: int) -> bool:
        """Ends an iteration of a trial; tells whether the trial has ended."""
        trial = self.trials[number]
        trial.iteration += 1
        self.done += 1
        loss = self.curve(trial.parameters)[trial.iteration - 1]
        trial.best = loss
        self.strategy.report(number, trial.iteration, loss)
        stop = self.strategy.should_stop(number)
        self.strategy.drain_memos()
        cut = self.iterations is not None and self.done >= self.iterations
        if not (stop or cut or trial.iteration >= self.most):
            return False
        pruned = stop and self.strategy.stop_detail(number) is None
        outcome = Outcome.PRUNED if pruned else Outcome.COMPLETE
        self.strategy.tell(number, outcome, None if pruned else (loss,))
        return True

    @property
    def share(self) -> float:
        """The share of the slots' time, from the start to the end, in which they worked."""
        return 1 - self.idle / (self.slots * self.now)

    @property
    def incumbent(self) -> dict[str, Any]:
        """The parameters with the best loss that was seen."""
        return min(self.trials, key=lambda trial: trial.best).parameters


class HpBandSter(Strategy):
    """Is Hyperband as HpBandSter's master runs it: a rung waits until it is full.

    Args:
        brackets: How many there are in all.
        one_by_one: Whether a bracket begins only when the one before has ended.
    """

    def __init__(self, brackets: int, *, one_by_one: bool = False, eta: int = 3) -> None:
        self.left, self.one_by_one, self.eta = brackets, one_by_one, eta

    def setup(self, problem: Problem) -> None:
        """Takes the problem in."""
        super().setup(problem)
        self.budgets = rung_budgets(problem.min_iteration_per_job or 1, problem.max_iteration_per_job or 1, self.eta)
        self.open: list[dict[str, Any]] = []
        self.opened = 0
        self.running: dict[int, tuple[dict[str, Any], int, dict[str, Any], list[float]]] = {}
        self.memos: dict[int, dict[str, Any]] = {}

    def ask(self, trial: int) -> dict[str, Any] | None:
        """Gives a run of the first bracket that has one ready; opens the next bracket when none has."""
        while True:
            for each in self.open:
                if each["ready"]:
                    return self._launch(trial, each)
            unfinished = any(each["left"] for each in self.open)
            if not self.left or (self.one_by_one and unfinished):
                return None
            self.left -= 1
            self._open()

    def _open(self) -> None:
        shape = bracket(self.opened, len(self.budgets), self.eta)
        self.opened += 1
        dice = random.Random(f"{self.problem.seed}/{self.opened}")
        fresh = [self.problem.space.draw(lambda _, latent: latent.draw(dice)) for _ in range(shape.sizes[0])]
        self.open.append({"shape": shape, "step": 0, "ready": fresh, "left": shape.sizes[0], "results": []})

    def _launch(self, trial: int, each: dict[str, Any]) -> dict[str, Any]:
        parameters: dict[str, Any] = each["ready"].pop(0)
        rung = each["shape"].first + each["step"]
        self.running[trial] = (each, self.budgets[rung], parameters, [])
        stint = Stint(rung=rung, rungs=len(self.budgets), budget=self.budgets[rung], first=rung)
        self.memos[trial] = {STINT: stint.to_json()}
        return parameters

    def report(self, trial: int, iteration: int, value: float) -> None:
        """Learns a loss."""
        self.running[trial][3].append(value)

    def should_stop(self, trial: int) -> bool:
        """Ends a run at its budget."""
        return len(self.running[trial][3]) >= self.running[trial][1]

    def stop_detail(self, trial: int) -> str | None:
        """Says that its result counts."""
        return "budget"

    def tell(self, trial: int, outcome: Outcome, values: tuple[float, ...] | None = None) -> None:
        """Promotes when the rung is full."""
        each, _, parameters, losses = self.running.pop(trial)
        each["results"].append((losses[-1], len(each["results"]), parameters))
        each["left"] -= 1
        if each["left"]:
            return
        each["step"] += 1
        if each["step"] == len(each["shape"].sizes):
            self.open.remove(each)
            return
        size = each["shape"].sizes[each["step"]]
        each["ready"] = [parameters for _, _, parameters in sorted(each["results"])[:size]]
        each["left"], each["results"] = size, []

    def drain_memos(self) -> Memos:
        """Gives the budgets."""
        found, self.memos = self.memos, {}
        return Memos(trials=found)
