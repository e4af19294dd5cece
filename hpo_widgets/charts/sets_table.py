"""The table of a study's parameter sets: what repeated runs have reached together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hpo_widgets.model.objective import Objective
from hpo_widgets.model.set_result import SetResult

if TYPE_CHECKING:
    import pandas as pd


def sets_table(sets: Sequence[SetResult], objectives: Sequence[Objective], parameters: Sequence[str]) -> pd.DataFrame:
    """Makes a frame with a row a set, in the order given.

    Columns: set, runs, counted, states, of each objective "mean" and "spread" (with its name in front where there are
    several; NaN where no run counts, or fewer than two), feasible where constraints were reported, and one a parameter,
    with "parameter: " in front of a name that is taken.
    """
    import pandas as pd

    data: dict[str, list[Any]] = {
        "set": [each.number for each in sets],
        "runs": [len(each.tasks) for each in sets],
        "counted": [each.counted for each in sets],
        "states": [each.states for each in sets],
    }
    for index, objective in enumerate(objectives):
        front = "" if len(objectives) == 1 else f"{objective.name} "
        for what in ("mean", "spread"):
            values = [getattr(each, what)[index] for each in sets]
            data[f"{front}{what}"] = [float("nan") if value is None else value for value in values]
    bound = any(each.feasible is not None for each in sets)
    if bound:
        data["feasible"] = [pd.NA if each.feasible is None else each.feasible for each in sets]
    for name in parameters:
        column = f"parameter: {name}" if name in data else name
        data[column] = [each.parameters.get(name) for each in sets]
    frame = pd.DataFrame(data)
    return frame.astype({"feasible": "boolean"}) if bound else frame
