"""Who searches: samplers of plain Optuna as its users call them, and our strategies through the engine's desk."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import Any, Protocol

from problems import Choice, Float, Int, Problem, Range


class Policy(Protocol):
    """Proposes and learns; measures what its asking takes."""

    asking: float
    """Seconds of this process spent in `ask` and `tell` so far."""

    def ask(self) -> tuple[int, dict[str, Any]]:
        """Gives a handle and parameters."""

    def tell(self, handle: int, loss: float, seconds: float) -> None:
        """Learns a loss, and how long its trial took."""


OPTUNA = {
    "tpe5": ("TPESampler", {}),
    "tpe4": ("TPESampler", {}),
    "gp": ("GPSampler", {}),
    "cmaes": ("CmaEsSampler", {}),
    "random": ("RandomSampler", {}),
}
"""Policies of plain Optuna: class and arguments besides the seed, which are the defaults of the installed version."""
MAJOR = {"tpe4": 4}
"""Major version of Optuna that a policy belongs to, where it is not 5."""
OURS = ("auto",)
"""Policies that are strategies of ours."""


class PlainOptuna:
    """Is Optuna as a user calls it: `study.ask()`, `trial.suggest_*`, `study.tell()`."""

    def __init__(self, name: str, problem: Problem, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        if (major := int(optuna.__version__.split(".")[0])) != MAJOR.get(name, 5):
            raise RuntimeError(f"the policy {name} is not of Optuna {major}, which is installed here")
        kind, options = OPTUNA[name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sampler = getattr(optuna.samplers, kind)(seed=seed, **options)
        self._study = optuna.create_study(sampler=sampler)
        self._space = problem.space
        self._trials: dict[int, Any] = {}
        self.asking = 0.0

    def ask(self) -> tuple[int, dict[str, Any]]:
        begin = time.process_time()
        trial = self._study.ask()
        parameters = {name: _suggest(trial, name, of) for name, of in self._space.items()}
        self.asking += time.process_time() - begin
        self._trials[trial.number] = trial
        return trial.number, parameters

    def tell(self, handle: int, loss: float, seconds: float) -> None:
        begin = time.process_time()
        self._study.tell(self._trials.pop(handle), loss)
        self.asking += time.process_time() - begin


def _suggest(trial: Any, name: str, of: Range) -> Any:
    if isinstance(of, Choice):
        return trial.suggest_categorical(name, of.values)
    if isinstance(of, Int):
        return trial.suggest_int(name, of.low, of.high)
    return trial.suggest_float(name, of.low, of.high, log=of.log)


class Ours:
    """Is a strategy of ours behind the engine's desk, as a study runs it."""

    def __init__(self, name: str, problem: Problem, seed: int, slots: int, evaluations: int) -> None:
        from hpo_widgets.engine import desk
        from hpo_widgets.model.objective import Objective, Sign
        from hpo_widgets.strategies import Problem as Task
        from hpo_widgets.strategies import create_strategy

        self._words = desk
        # As without a seed, where asking has to keep within its share of the trials' time.
        self.strategy = create_strategy(name, **({"reproducible": False} if name == "auto" else {}))
        told = Task(
            space=_our_space(problem.space),
            objectives=(Objective("loss", "loss", Sign.MIN),),
            seed=seed,
            max_jobs=evaluations,
            concurrency=slots,
        )
        # Seconds of this process: on a busy machine the wall's seconds are others' work.
        self._desk = desk.Desk(self.strategy, told, clock=time.process_time)
        self._next = 0
        self.asking = 0.0

    def ask(self) -> tuple[int, dict[str, Any]]:
        handle, self._next = self._next, self._next + 1
        for reply in self._handle(self._words.Ask(trial=handle)):
            if isinstance(reply, self._words.Raised):
                raise RuntimeError(reply.error)
            if isinstance(reply, self._words.Proposed):
                assert reply.parameters is not None
                return handle, reply.parameters
        raise AssertionError("the desk has not answered")

    def tell(self, handle: int, loss: float, seconds: float) -> None:
        from hpo_widgets.strategies import Outcome

        ended = self._words.Tell(trial=handle, outcome=Outcome.COMPLETE, values=(loss,), seconds=seconds)
        for reply in self._handle(ended):
            if isinstance(reply, self._words.Raised):
                raise RuntimeError(reply.error)

    def _handle(self, message: Any) -> list[Any]:
        begin = time.process_time()
        replies = self._desk.handle(message)
        self.asking += time.process_time() - begin
        return replies


def _our_space(space: Mapping[str, Range]) -> Any:
    from hpo_widgets.model.space_shorthand import as_space, choice, integer, loguniform, uniform

    def ours(of: Range) -> Any:
        if isinstance(of, Choice):
            return choice(*of.values)
        if isinstance(of, Int):
            return integer(of.low, of.high)
        assert isinstance(of, Float)
        return loguniform(of.low, of.high) if of.log else uniform(of.low, of.high)

    return as_space({name: ours(of) for name, of in space.items()})


def make_policy(name: str, problem: Problem, seed: int, slots: int, evaluations: int) -> Policy:
    """Makes a policy by its name."""
    if name in OPTUNA:
        return PlainOptuna(name, problem, seed)
    return Ours(name, problem, seed, slots, evaluations)
