"""Phased searches: what a search takes over from one before it, and the region that the best of that one span."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_widgets.comet.sets import Prior
from hpo_widgets.dialects.comet import CometConfig, read_config
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.result import metrics_of, read_result
from hpo_widgets.model.set_result import best_first, set_results
from hpo_widgets.model.study import StudyRecord
from hpo_widgets.store.base import Store

LEAST_TOP = 5
"""Sets that span the region at least, where there are so many."""
TOP_SHARE = 0.2
"""Share of the sets that span the region unless `parent_top` says how many."""
MARGIN = 0.1
"""What is added to the region on each side, as a share of its width: the optimum may lie just outside."""


@dataclass(frozen=True, kw_only=True)
class Parent:
    """Is a search before this one."""

    record: StudyRecord
    objective: Objective
    sets: tuple[Prior, ...]
    """Its sets that have a score, best first."""


def read_parent(store: Store, record: StudyRecord, until: float = math.inf) -> Parent:
    """Reads what a search has found so far: the mean of the runs of each set.

    Args:
        store: Where it lies.
        record: Any study with one objective.
        until: UTC seconds; what ended later is left out.

    Raises:
        InvalidInput: For a study with several objectives.
    """
    config = StudyConfig.from_json(record.config)
    if len(config.objectives) != 1:
        raise InvalidInput(
            f"parent: the study {record.name!r} has {len(config.objectives)} objectives; give one of one."
        )
    by_task = {each.task: each for each in store.summaries(record.id, metrics_of(config.objectives))}
    tasks = [task for task in store.tasks(record.id) if task.id in by_task and (task.ended or math.inf) <= until]
    results = {task.id: read_result(config.objectives, [by_task[task.id]]) for task in tasks}
    sets = best_first(set_results(tasks, results, config.objectives), config.objectives)
    found = [Prior(parameters=each.parameters, score=each.mean[0]) for each in sets if each.mean[0] is not None]
    return Parent(record=record, objective=config.objectives[0], sets=tuple(found))


def usable(parent: Parent, comet: CometConfig, config: StudyConfig) -> list[Prior]:
    """Gives the parent's sets that lie in the space of a new search: what its strategy is told before anything runs.

    Raises:
        InvalidInput: When the two do not optimize the same metric in the same direction.
    """
    mine, theirs = config.objectives[0], parent.objective
    if (mine.title, mine.series, mine.sign.minimize) != (theirs.title, theirs.series, theirs.sign.minimize):
        raise InvalidInput(
            f"parent: {parent.record.name!r} {_aim(theirs)}, this search {_aim(mine)}; their scores cannot be "
            "compared. Give spec the parent's metric and objective, or leave parent out.",
            subject="Optimizer",
        )
    names = set(config.space.names)

    def lies_inside(parameters: Mapping[str, Any]) -> bool:
        return set(parameters) == names and all(_holds(comet, config, name, parameters[name]) for name in names)

    return [each for each in parent.sets if lies_inside(each.parameters)]


def _holds(comet: CometConfig, config: StudyConfig, name: str, value: Any) -> bool:
    if name in comet.whole and comet.algorithm != "grid" and (isinstance(value, bool) or value != int(value)):
        return False
    return next(each for each in config.space if each.name == name).contains(value)


def _aim(objective: Objective) -> str:
    return f"{'minimizes' if objective.sign.minimize else 'maximizes'} {objective.name}"


def read_prior(store: Store, record: StudyRecord, config: StudyConfig) -> list[Prior]:
    """Gives what the strategy of a search is told first: the same in every process, whatever its parent does now."""
    known = record.config.get("parent")
    if known is None:
        return []
    parent = read_parent(store, store.study(known["id"]), known["until"])
    return usable(parent, read_config(record.config["comet"]), config)


def region(comet: CometConfig, best: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Gives the parameters of a config narrowed to where the best sets lie, never beyond their old bounds.

    A range is cut to the values of the best and a margin on either side (on a log scale where the range is one); a list
    keeps the values that occur among them, and so does an integer with "linear", whose values have no neighbours.

    Args:
        comet: The config.
        best: Parameters of the best sets.
    """
    return {name: _narrowed(entry, [each[name] for each in best]) for name, entry in comet.parameters.items()}


def _narrowed(entry: dict[str, Any], values: list[Any]) -> dict[str, Any]:
    if "values" in entry:
        return {**entry, "values": [each for each in entry["values"] if each in values]}
    scale, whole = entry.get("scalingType", "uniform"), entry["type"] == "integer"
    if scale == "linear" and whole:
        rest = {key: value for key, value in entry.items() if key not in ("scalingType", "min", "max", "type")}
        return {**rest, "type": "discrete", "values": sorted(set(values))}
    inward, outward = (math.log, math.exp) if scale in ("loguniform", "lognormal") else (float, float)
    low, high = inward(min(values)), inward(max(values))
    margin = MARGIN * (high - low) or _least_margin(entry, inward)
    first, last = outward(low - margin), outward(high + margin)
    if whole:
        first, last = math.floor(first), math.ceil(last)
    old_low, old_high = entry.get("min"), entry.get("max")
    return {
        **entry,
        "min": first if old_low is None else max(first, old_low),
        "max": last if old_high is None else min(last, old_high),
    }


def _least_margin(entry: dict[str, Any], inward: Any) -> float:
    """Gives the margin around a single value: a share of what the range was, or of its spread."""
    if entry.get("sigma") is not None:
        return MARGIN * float(entry["sigma"])
    return MARGIN * float(inward(entry["max"]) - inward(entry["min"])) / 2


def top_count(count: int, asked: int | None) -> int:
    """Gives how many of the best sets span the region.

    Raises:
        InvalidInput: For a number that is not a whole one of at least 1.
    """
    if asked is None:
        return min(count, max(LEAST_TOP, math.ceil(TOP_SHARE * count)))
    if not isinstance(asked, int) or isinstance(asked, bool) or asked < 1:
        raise InvalidInput(f"parent_top is {asked!r}; give a whole number of at least 1.", subject="Optimizer")
    return min(count, asked)
