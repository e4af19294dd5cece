"""The strategy of rungs: short trainings for many, long ones for the best; a free slot always gets work."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.stint import STINT, Stint
from hpo_widgets.strategies.base import Memos, Outcome, Past, Problem, Strategy
from hpo_widgets.strategies.rungs import bracket, least_budget, rung_budgets
from hpo_widgets.strategies.rungs_ladder import Ladder
from hpo_widgets.strategies.rungs_proposals import Proposals


@dataclass(slots=True)
class _Run:
    """Is a trial that has not ended."""

    member: int
    """First trial with its parameters; what the ladder knows it by."""
    parameters: Mapping[str, Any]
    ladder: Ladder | None
    """`None` for a trial made by hand: it is a whole training."""
    first: int
    """Rung at whose budget it was told to end."""
    rung: int
    latest: int = 0
    """Largest iteration reported."""
    last: float = math.nan
    low: float | None = None
    high: float | None = None
    stopped: bool = False
    """Whether it has arrived on its rung and others go up."""
    follows: int | None = None
    """Trial that it goes on with."""
    broken: bool = False
    """Whether it has broken a constraint."""

    def note(self, iteration: int, value: float) -> None:
        if iteration >= self.latest:
            self.latest, self.last = iteration, value
        if math.isfinite(value):
            self.low = value if self.low is None else min(self.low, value)
            self.high = value if self.high is None else max(self.high, value)


class RungStrategy(Strategy):
    """Gives each trial a small budget of iterations and more of it to the best, one task a step.

    Rungs are iterations of the objective, `eta` times apart, up to `max_iteration_per_job`. A task whose objective
    reaches its rung is judged there and then: among the best one in `eta` of all that have arrived it goes on without
    a stop; else it ends, with a result that counts. When it turns out to be among the best later, a new trial with the
    same parameters goes on with it (`Stint.follows`), in the same checkpoint folder. Nobody waits: a free slot takes
    the next one up, else new parameters, in the next bracket when this one is full. Trials made by hand, and all with
    several objectives, are whole trainings.

    Args:
        proposals: Who proposes new parameters.
        brackets: Whether there are brackets, or one ladder without an end.
        eta: One in how many goes up; at least 2.
        min_budget: Iteration of the lowest rung; `min_iteration_per_job` when absent, else such that there are 4 rungs.
        max_budget: Iteration of a whole training; `max_iteration_per_job` when absent.

    Raises:
        InvalidInput: For numbers out of range.
    """

    label = "Rungs"

    def __init__(
        self,
        proposals: Proposals,
        *,
        brackets: bool,
        eta: float = 3,
        min_budget: int | None = None,
        max_budget: int | None = None,
    ) -> None:
        self._proposals, self._brackets = proposals, brackets
        self.eta, self.min_budget, self.max_budget = eta, min_budget, max_budget
        problems = []
        if not isinstance(eta, (int, float)) or isinstance(eta, bool) or not 2 <= eta < math.inf:
            problems.append(f"eta is {shown(eta)}; give a number of 2 or more: one in eta goes up.")
        for name, value in (("min_budget", min_budget), ("max_budget", max_budget)):
            if value is not None and (type(value) is not int or value < 1):
                problems.append(f"{name} is {shown(value)}; give a whole number of iterations, 1 or more, or None.")
        if problems:
            raise InvalidInput(problems, subject="strategy")

    # -- the problem -----------------------------------------------------------------------------------------------
    def objections(self, problem: Problem) -> list[str]:
        """Lists why it cannot serve a problem: without a largest iteration there are no rungs."""
        most = self.max_budget or problem.max_iteration_per_job
        if not most:
            return [
                f"the strategy {self.label} needs max_iteration_per_job, the iteration of the objective at which a "
                "training is whole: its rungs are fractions of it. Give it, or use tpe."
            ]
        least, allowed = self.min_budget or problem.min_iteration_per_job or 1, problem.min_iteration_per_job or 1
        if least < allowed:
            return [
                f"min_budget {least} is below min_iteration_per_job {allowed}, before which nothing is ended; lower "
                "that, or leave min_budget out."
            ]
        if least > most:
            return [f"the lowest rung {least} is above the highest {most}; lower min_budget or min_iteration_per_job."]
        return []

    def setup(self, problem: Problem) -> None:
        """Takes the problem in.

        Raises:
            InvalidInput: Without a largest iteration.
        """
        if found := self.objections(problem):
            raise InvalidInput(found, subject="strategy")
        super().setup(problem)
        most = self.max_budget or problem.max_iteration_per_job or 1
        least = self.min_budget or problem.min_iteration_per_job or least_budget(most, self.eta)
        self.budgets = (most,) if len(problem.objectives) > 1 else rung_budgets(least, most, self.eta)
        self._proposals.setup(problem, self.seen)
        self._ladders: dict[int, Ladder] = {}
        self._opened = 0
        self._runs: dict[int, _Run] = {}
        self._members: dict[int, int] = {}
        """Trial to the first one with its parameters."""
        self._last: dict[int, tuple[int, Mapping[str, Any]]] = {}
        """Of a member: its last trial, and its parameters."""
        self._memos: dict[int, dict[str, Any]] = {}
        self._exhausted = False

    def _open(self) -> Ladder:
        """Opens the next bracket; forgets those on which nothing can happen any more."""
        self._ladders = {number: each for number, each in self._ladders.items() if not each.closed}
        return self._ladder(self._opened)

    def _ladder(self, number: int) -> Ladder:
        self._opened = max(self._opened, number + 1)
        if number not in self._ladders:
            rungs = len(self.budgets)
            if self._brackets:
                shape = bracket(number, rungs, self.eta)
                made = Ladder(number, shape.first, len(shape.sizes), self.eta, shape.sizes)
            else:
                made = Ladder(number, 0, rungs, self.eta, None)
            self._ladders[number] = made
        return self._ladders[number]

    # -- proposing -------------------------------------------------------------------------------------------------
    def ask(self, trial: int) -> dict[str, Any] | None:
        """Gives the next one up, else new parameters; `None` when there is nobody to go up and nothing new."""
        for number in sorted(self._ladders):
            ladder = self._ladders[number]
            found = ladder.next_up()
            if found is not None:
                rung, member = found
                ladder.promote(rung, member)
                return dict(self._begin(trial, member, ladder, rung + 1).parameters)
        parameters = self._proposals.propose(trial)
        if parameters is None:
            self._exhausted = not any(run.ladder is not None for run in self._runs.values())
            return None
        ladder = next((each for _, each in sorted(self._ladders.items()) if each.has_room), None) or self._open()
        ladder.started += 1
        self._last[trial] = (trial, parameters)
        self._begin(trial, trial, ladder, ladder.first)
        return parameters

    def _begin(self, trial: int, member: int, ladder: Ladder, rung: int) -> _Run:
        before, parameters = self._last[member]
        self._last[member] = (trial, parameters)
        self._members[trial] = member
        run = self._runs[trial] = _Run(member=member, parameters=parameters, ladder=ladder, first=rung, rung=rung)
        ladder.begin(member)
        self._keep(trial, run, None if before == trial else before)
        return run

    def _keep(self, trial: int, run: _Run, follows: int | None) -> None:
        assert run.ladder is not None
        stint = Stint(
            rung=run.rung,
            rungs=len(self.budgets),
            budget=self.budgets[run.rung],
            first=run.first,
            bracket=run.ladder.number,
            follows=follows,
        )
        self._memos[trial] = {STINT: stint.to_json()}
        run.follows = follows

    @property
    def exhausted(self) -> bool:
        """Whether the space had nothing new at the last `ask`, and no running trial may go up."""
        return self._exhausted

    def adopt(self, trial: int, parameters: Mapping[str, Any]) -> None:
        """Takes in that a trial runs with parameters made by hand: a whole training."""
        super().adopt(trial, parameters)
        if self.problem.space.contains(parameters):
            self.seen.add(self.problem.space.key(parameters))
            top = len(self.budgets) - 1
            self._runs[trial] = _Run(member=trial, parameters=dict(parameters), ladder=None, first=top, rung=top)

    # -- learning --------------------------------------------------------------------------------------------------
    def report(self, trial: int, iteration: int, value: float) -> None:
        """Learns what the objective of a running trial is at an iteration."""
        run = self._runs.get(trial)
        if run is not None and iteration >= 0:
            run.note(iteration, value)

    def should_stop(self, trial: int) -> bool:
        """Judges a trial that has reached its rung: it goes on without a stop, or ends."""
        run = self._runs.get(trial)
        if run is None or run.ladder is None:
            return False
        ladder, before = run.ladder, run.rung
        while not run.stopped and run.rung < ladder.top and run.latest >= self.budgets[run.rung]:
            self._arrive(run, self._loss_so_far(run))
            if ladder.may_rise(run.rung, run.member):
                ladder.promote(run.rung, run.member)
                run.rung += 1
            else:
                run.stopped = True
        if run.rung != before:
            self._keep(trial, run, run.follows)
        return run.stopped

    def stop_detail(self, trial: int) -> str | None:
        """Says on which rung it ended: its result counts."""
        run = self._runs.get(trial)
        if run is None or not run.stopped:
            return None
        return f"{run.rung + 1} of {len(self.budgets)}, iteration {self.budgets[run.rung]}"

    def _loss_so_far(self, run: _Run) -> float | None:
        return self._loss(self.problem.objectives[0].read(run.last, run.low, run.high))

    def _loss(self, value: float | None) -> float | None:
        if value is None or not math.isfinite(value):
            return None
        return value if self.problem.objectives[0].sign.minimize else -value

    def _arrive(self, run: _Run, loss: float | None, values: tuple[float, ...] | None = None) -> None:
        assert run.ladder is not None
        run.ladder.arrive(run.rung, run.member, loss)
        if values is None and loss is not None:
            values = (loss if self.problem.objectives[0].sign.minimize else -loss,)
        self._proposals.learn(run.rung, run.member, run.parameters, values)

    def constrained(self, trial: int, constraints: Sequence[tuple[str, float]]) -> None:
        """Learns whether a trial has broken a constraint: then its end counts as a failure, and it does not go up."""
        if trial in self._runs:
            self._runs[trial].broken = not all(value <= 0 for _, value in constraints)

    def tell(self, trial: int, outcome: Outcome, values: tuple[float, ...] | None = None) -> None:
        """Learns how a trial ended."""
        run = self._runs.pop(trial, None)
        if run is None:
            return
        sound = outcome is Outcome.COMPLETE and bool(values) and all(map(math.isfinite, values or ()))
        sound = sound and not run.broken
        reached = values if sound else None
        if run.ladder is None:
            self._proposals.learn(self._reached(run), run.member, run.parameters, reached)
            return
        run.ladder.end(run.member)
        if run.stopped:
            self._take_overrun(run)
            return
        if sound and run.rung > run.first and run.latest <= self.budgets[run.first]:
            # It knew of its first budget only, and has ended there: it goes on as any other that was stopped.
            for rung in range(run.first, run.rung):
                run.ladder.step_back(rung, run.member)
            return
        self._arrive(run, self._loss(reached[0]) if reached else None, reached)
        if 1 <= run.latest < self.budgets[run.rung] - 1:
            run.ladder.give_up(run.member)

    def _take_overrun(self, run: _Run) -> None:
        """Takes in that a task went on to a higher rung before it could be ended: nothing is left to run there."""
        assert run.ladder is not None
        reached = self._reached(run)
        if run.rung < reached <= run.ladder.top and run.latest >= self.budgets[run.rung + 1]:
            run.ladder.give_up(run.member)
            loss = self._loss_so_far(run)
            values = None if loss is None else (loss if self.problem.objectives[0].sign.minimize else -loss,)
            self._proposals.learn(reached, run.member, run.parameters, values)

    def _reached(self, run: _Run) -> int:
        """Gives the rung that a trial has come to by what it reported; its own one when it counts no iterations."""
        if run.latest < 1:
            return run.rung
        return max((rung for rung, budget in enumerate(self.budgets) if budget <= run.latest + 1), default=0)

    # -- surviving a restart ---------------------------------------------------------------------------------------
    def restore(self, past: Sequence[Past], memo: Mapping[str, Any] | None = None) -> None:
        """Puts everybody on the rung that the store says; what it reported there is judged by the same rules."""
        self._proposals.revive(len(past))
        for each in sorted(past, key=lambda one: one.trial):
            stint = Stint.of(each.memo)
            if stint is None or stint.rungs != len(self.budgets) or stint.budget != self.budgets[stint.rung]:
                super().restore([each])
            else:
                self._revive(each, stint)
        self._memos.clear()

    def _revive(self, past: Past, stint: Stint) -> None:
        ladder = self._ladder(stint.bracket)
        member = past.trial if stint.follows is None else self._members.get(stint.follows, stint.follows)
        self.seen.add(self.problem.space.key(past.parameters))
        self._last.setdefault(member, (past.trial, dict(past.parameters)))
        if stint.follows is None:
            ladder.started += 1
        else:
            ladder.promote(stint.first - 1, member)
        if not self.problem.space.contains(past.parameters):
            ladder.give_up(member)
        run = self._begin(past.trial, member, ladder, stint.first)
        run.follows = stint.follows
        for iteration, value in past.reports:
            if iteration >= 0:
                run.note(iteration, value)
            self._rise(run, stint.rung, run.latest)
        self._rise(run, stint.rung, math.inf)
        if past.outcome is None and not past.reports:
            run.first = run.rung
        if past.outcome is not None:
            if run.rung < ladder.top and run.latest >= self.budgets[run.rung]:
                run.stopped = True
                self._arrive(run, self._loss(past.values[0]) if past.values else self._loss_so_far(run))
            self.constrained(past.trial, past.constraints)
            self.tell(past.trial, past.outcome, past.values)

    def _rise(self, run: _Run, to: int, latest: float) -> None:
        """Takes a revived run up the rungs that it had risen without a stop."""
        assert run.ladder is not None
        while run.rung < to and latest >= self.budgets[run.rung]:
            self._arrive(run, self._loss_so_far(run) if run.latest >= self.budgets[run.rung] else None)
            run.ladder.promote(run.rung, run.member)
            run.rung += 1

    def drain_memos(self) -> Memos:
        """Gives the stints of trials that have begun or risen since the last call."""
        found, self._memos = self._memos, {}
        return Memos(trials=found)

    def explain(self) -> str:
        """Says where the rungs are and who proposes."""
        rungs = ", ".join(map(str, self.budgets))
        if len(self.problem.objectives) > 1:
            return f"{self.label}: {self._proposals.name}; with several objectives every training is whole."
        return f"{self.label}: rungs at iterations {rungs}, one in {self.eta:g} goes up; {self._proposals.name}."
