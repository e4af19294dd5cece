"""The result of a parameter set: mean and spread over all the runs that had these parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from hpo_widgets.model.objective import Objective, rank
from hpo_widgets.model.result import Result, counts
from hpo_widgets.model.space import parameters_key
from hpo_widgets.model.task import TaskRecord


@dataclass(frozen=True, kw_only=True)
class SetResult:
    """Says what the runs of one parameter set have reached together."""

    number: int
    """Its place in the order in which the sets were begun, from 0."""
    parameters: dict[str, Any]
    tasks: tuple[str, ...]
    """Ids of its runs, retries included, in the order of creation."""
    states: str
    """How its runs ended or stand, as "2 completed, 1 failed"."""
    counted: int
    """Runs whose result counts."""
    mean: tuple[float | None, ...]
    """One an objective, over the runs that count; `None` when none does."""
    spread: tuple[float | None, ...]
    """Standard deviation (of a sample) of each; `None` with fewer than two."""
    feasible: bool | None = None
    """Whether none of its runs has broken a constraint; `None` when none reported any."""

    def describe(self, objectives: Sequence[Objective]) -> str:
        """Says its result in a few words, as "loss 0.25 ± 0.03 over 3 runs with x=2"."""
        parts = []
        for objective, mean, spread in zip(objectives, self.mean, self.spread, strict=True):
            value = "–" if mean is None else f"{mean:.6g}"
            parts.append(f"{objective.name} {value}" + ("" if spread is None else f" ± {spread:.2g}"))
        runs = f" over {self.counted} runs" if self.counted > 1 else ""
        return f"{', '.join(parts)}{runs} with {', '.join(f'{k}={v!r}' for k, v in self.parameters.items())}"


def set_results(
    tasks: Iterable[TaskRecord], results: Mapping[str, Result], objectives: Sequence[Objective]
) -> list[SetResult]:
    """Groups tasks by their parameters and sums up each group, in the order in which the sets were begun."""
    groups: dict[str, list[TaskRecord]] = {}
    for task in tasks:
        groups.setdefault(parameters_key(task.parameters), []).append(task)
    return [_summed(number, group, results, len(objectives)) for number, group in enumerate(groups.values())]


def _summed(number: int, group: list[TaskRecord], results: Mapping[str, Result], width: int) -> SetResult:
    known = [results[task.id] for task in group if task.id in results and results[task.id].constraints]
    rows = [
        [float(value) for value in found.values if value is not None]
        for task in group
        if (found := results.get(task.id)) is not None and counts(task, found.values)
    ]
    columns = [[row[index] for row in rows] for index in range(width)]
    states = Counter(task.state.value for task in group)
    return SetResult(
        number=number,
        parameters=dict(group[0].parameters),
        tasks=tuple(task.id for task in group),
        states=", ".join(f"{count} {state}" for state, count in states.items()),
        counted=len(rows),
        mean=tuple(fmean(column) if column else None for column in columns),
        spread=tuple(stdev(column) if len(column) > 1 else None for column in columns),
        feasible=all(each.feasible for each in known) if known else None,
    )


def best_first(sets: Sequence[SetResult], objectives: Sequence[Objective]) -> list[SetResult]:
    """Orders sets by their means; those without one, or with a broken constraint, come last."""
    nothing = (None,) * len(objectives)
    means = ((index, nothing if each.feasible is False else each.mean) for index, each in enumerate(sets))
    return [sets[index] for index in rank(objectives, means)]
