"""ClearML's `Objective`: one or several metrics with their direction, and a job's value under them (reference a4)."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.objective import Objective as Metric
from hpo_widgets.model.objective import Sign, Values, parse_objectives
from hpo_widgets.model.parameter_values import shown

T = TypeVar("T")


class Measured(Protocol):
    """Is anything that has a result: a job or a task."""

    @property
    def values(self) -> Values:
        """One value an objective by its sign; empty when nothing was reported."""

    @property
    def raw(self) -> tuple[tuple[int, float] | None, ...]:
        """Iteration and value of the last point of each objective, `None` where there is none."""


class Objective:
    """Names what is optimized. Lists of equal length mean several objectives. Immutable in use; compared by value.

    Args:
        title: Title of the metric.
        series: Series of the metric.
        order: `"max"` or `"min"`.
        extremum: Whether the best value of the whole run counts instead of the last one.

    Raises:
        InvalidInput: With every problem found; an order that is neither is one (ClearML maximizes then, reference d7).
    """

    def __init__(
        self,
        title: str | list[str],
        series: str | list[str],
        order: str | list[str] = "max",
        extremum: bool | list[bool] = False,
    ) -> None:
        count = len(title) if isinstance(title, list) else 1
        orders = order if isinstance(order, list) else [order] * count
        extremes = extremum if isinstance(extremum, list) else [extremum] * count
        wrong = [each for each in orders if each not in ("min", "max")]
        if wrong:
            raise InvalidInput(f"the order {shown(wrong[0])} is unknown; use 'min' or 'max'.", subject="objective")
        signs = [f"{each}_global" if extreme else each for each, extreme in zip(orders, extremes, strict=False)]
        self.objectives = read_objectives(title, series, signs if isinstance(title, list) else signs[0])

    @classmethod
    def of_signs(cls, title: Any, series: Any, sign: Any) -> Objective:
        """Makes an objective from the three arguments of `HyperParameterOptimizer`.

        Raises:
            InvalidInput: When they are not all text or all lists of one length, or a sign is unknown.
        """
        made = cls.__new__(cls)
        made.objectives = read_objectives(title, series, sign)
        return made

    def __eq__(self, other: object) -> bool:
        return self.objectives == other.objectives if isinstance(other, Objective) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.objectives)

    def __repr__(self) -> str:
        inside = ", ".join(f"{o.name} ({o.sign.value})" for o in self.objectives)
        return f"<objective {inside}>"

    @property
    def len(self) -> int:
        """How many objectives there are."""
        return len(self.objectives)

    def get_objective_metric(self) -> tuple[str, str] | list[tuple[str, str]]:
        """Gives (title, series); a list of them with several objectives."""
        return self._plain([(o.title, o.series) for o in self.objectives])

    def get_objective_sign(self) -> float | list[float]:
        """Gives -1.0 where smaller is better, else 1.0; a list with several objectives."""
        return self._plain([-1.0 if o.sign.minimize else 1.0 for o in self.objectives])

    def get_objective(self, job: Measured) -> Any:
        """Gives the value of a job by the sign (last or best); `None` when any is missing; a list with several."""
        return None if not job.values or None in job.values else self._plain(list(job.values))

    def get_normalized_objective(self, job: Measured) -> Any:
        """Gives the value of a job such that more is better; otherwise as `get_objective`."""
        if not job.values or None in job.values:
            return None
        pairs = zip(self.objectives, job.values, strict=True)
        return self._plain([-(v or 0.0) if o.sign.minimize else v for o, v in pairs])

    def get_current_raw_objective(self, job: Measured) -> Any:
        """Gives (iteration, value) of a job's last point, exactly as it was reported; `None` without one."""
        return None if not job.raw or None in job.raw else self._plain(list(job.raw))

    def _plain(self, items: list[T]) -> T | list[T]:
        return items[0] if len(self.objectives) == 1 else items


def read_objectives(title: Any, series: Any, sign: Any) -> tuple[Metric, ...]:
    """Reads ClearML's three arguments.

    Raises:
        InvalidInput: With every problem found.
    """
    given = {"title": title, "series": series, "sign": sign}
    several = [isinstance(each, (list, tuple)) for each in given.values()]
    if any(several) and not all(several):
        kinds = ", ".join(f"objective_metric_{name} is a {type(each).__name__}" for name, each in given.items())
        raise InvalidInput(f"{kinds}; give three texts, or three lists of one length.", subject="objective")
    if not any(several):
        title, series, sign = [title], [series], [sign]
    if len({len(title), len(series), len(sign)}) > 1:
        counts = f"{len(title)} titles, {len(series)} series and {len(sign)} signs"
        raise InvalidInput(f"{counts} were given; give one of each an objective.", subject="objective")
    problems: list[str] = []
    signs: list[Sign | None] = []
    for each in sign:
        try:
            signs.append(Sign.parse(each))
        except InvalidInput as error:
            problems += error.problems
            signs.append(None)
    try:
        found = parse_objectives([(t, s) for t, s in zip(title, series, strict=True)], signs)
    except InvalidInput as error:
        problems += error.problems
    if problems:
        raise InvalidInput(problems, subject="objective")
    return found
