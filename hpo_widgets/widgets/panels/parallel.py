"""Panel: every trial as a line over its parameters, and what can be done with those that are brushed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from hpo_widgets.charts.narrowing import members_near, narrowings
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_normal import LogNormalParameterRange
from hpo_widgets.model.parameter_ranges import LogUniformParameterRange
from hpo_widgets.model.parameter_tree import Leaf
from hpo_widgets.model.result import counts
from hpo_widgets.widgets import words
from hpo_widgets.widgets.panels.base import BrowserPanel, Message
from hpo_widgets.widgets.static_parallel import parallel_picture

LOG = (LogUniformParameterRange, LogNormalParameterRange)
MOST_NEAR = 50
"""Trials near a selection that one press may queue."""


class Parallel(BrowserPanel):
    """Shows parallel coordinates: HiPlot, or Plotly with ClearML's axes; a brush selects for all panels."""

    name = "parallel"
    title = "Parallel coordinates"
    place = "wide"
    needs = ("hiplot", "plotly")

    def whole(self) -> Message:
        """Gives which parameters have a logarithmic axis, by their place among the names of the space."""
        names, log = self.feed.study.config.space.names, self._log()
        return Message(content={"log": [place for place, name in enumerate(names) if name in log]})

    def _log(self) -> set[str]:
        space = self.feed.study.config.space
        return {leaf.name for leaf in space.leaves() if isinstance(leaf, Leaf) and isinstance(leaf.parameter, LOG)}

    def static(self) -> str:
        """Gives the trials whose results count, coloured by the first objective."""
        objective = self.feed.objectives[0]
        rows: list[tuple[dict[str, Any], float]] = []
        for row in self.feed.changed(0):
            if row.result is None or row.task.archived:
                continue
            value = row.result.values[0]
            if value is not None and counts(row.task, row.result.values):
                rows.append((dict(row.task.parameters), value))
        rows.sort(key=lambda line: line[1], reverse=not objective.sign.minimize)
        return parallel_picture(rows, self.feed.study.config.space.names, self._log(), objective.name)

    def hear(self, message: dict[str, Any]) -> dict[str, Any]:
        """Does something with selected tasks: `preview`, `narrow`, `near` or `archive`; gives rows or a sentence."""
        actions = {"preview": self._preview, "narrow": self._narrow, "near": self._near, "archive": self._archive}
        action = actions.get(str(message.get("op")))
        if action is None:
            raise InvalidInput(f"{message.get('op')!r} is not known; there are {', '.join(actions)}.")
        return action(message)

    def _members(self, message: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Gives the parameters of the tasks of a message by task id."""
        rows = [self.feed.row(int(key)) for key in message.get("keys") or ()]
        found = {row.task.id: dict(row.task.parameters) for row in rows if row is not None}
        if not found:
            raise InvalidInput("no trial is selected; brush an axis, or select some in another panel.")
        return found

    def _preview(self, message: Mapping[str, Any]) -> dict[str, Any]:
        found = narrowings(self.feed.study.config.space, list(self._members(message).values()))
        rows = [
            [each.name, words.cut(each.name), words.cut(each.now), words.cut(each.then), each.why] for each in found
        ]
        return {"rows": rows}

    def _narrow(self, message: Mapping[str, Any]) -> dict[str, Any]:
        wanted = {str(name) for name in message.get("names") or ()}
        found = narrowings(self.feed.study.config.space, list(self._members(message).values()))
        chosen = [each.parameter for each in found if each.parameter is not None and each.name in wanted]
        if not chosen:
            raise InvalidInput("no range was chosen to be narrowed; choose at least one.")
        self.feed.study.set_space(chosen)
        names = ", ".join(words.cut(str(each.name), 40) for each in chosen)
        return {"said": f"New ranges for {names}: trials from now on keep to them."}

    def _near(self, message: Mapping[str, Any]) -> dict[str, Any]:
        study = self.feed.study
        count = message.get("count")
        if not isinstance(count, int) or not 1 <= count <= MOST_NEAR:
            raise InvalidInput(f"the number of trials is {count!r}; give a whole number from 1 to {MOST_NEAR}.")
        space = study.config.space
        known = [space.key(row.task.parameters) for row in self.feed.changed(0)]
        found = members_near(space, list(self._members(message).values()), count, random.random, known)
        if not found:
            raise InvalidInput("the search space has no new trial near these; widen it, or select others.")
        for parameters in found:
            study.enqueue(parameters)
        trials = "1 trial" if len(found) == 1 else f"{len(found)} trials"
        return {"said": f"{trials} near the selection queued, before what the strategy proposes."}

    def _archive(self, message: Mapping[str, Any]) -> dict[str, Any]:
        tasks = list(self._members(message))
        self.feed.study.archive(tasks)
        trials = "1 trial" if len(tasks) == 1 else f"{len(tasks)} trials"
        return {
            "said": f"{trials} archived; what they found counts as before. study.archive(…, archived=False) undoes it."
        }
