"""What `%%objective` shows under its cell: the parameters, the ranges it proposes, and how the dry run went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpo_widgets.agents.cell_kind import CellTask
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.model.parameter_ranges import LogUniformParameterRange, UniformParameterRange


@dataclass(frozen=True, kw_only=True, repr=False)
class CellSummary:
    """Is a base task as it is shown when it was made."""

    task: CellTask
    ranges: Mapping[str, Parameter]
    """The proposed range of each parameter that has one."""
    seconds: float | None
    """What the dry run took; `None` without one."""
    metrics: Mapping[str, Any]
    """What it gave."""

    def __repr__(self) -> str:
        name = self.task.__name__
        rows = [(each, repr(default), self._range(each)) for each, default in self.task.parameters.items()]
        widths = [max((len(row[i]) for row in rows), default=0) for i in range(2)]
        lines = [f"  {a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in rows]
        use = f"hpo.tune({name})" if self.ranges else f"hpo.tune({name}, {{...}})"
        if not rows:
            lines = ["  no parameters: write a literal at the top level of the cell, such as lr = 1e-3"]
        return "\n".join(
            [f"objective {name}, version {self.task.version}: {self._run()}", *lines, f"search with {use}"]
        )

    def _run(self) -> str:
        if self.seconds is None:
            return "not run"
        metrics = ", ".join(f"{name} = {value}" for name, value in self.metrics.items())
        return f"{metrics} in {self.seconds:.3g} s"

    def _range(self, name: str) -> str:
        found = self.ranges.get(name)
        return "fixed" if found is None else range_text(found)


def range_text(parameter: Parameter) -> str:
    """Writes a range as a person would in a comment."""
    if isinstance(parameter, DiscreteParameterRange):
        return repr(list(parameter.values))
    if isinstance(parameter, LogUniformParameterRange):
        low, high = (parameter.base**each for each in (parameter.min_value, parameter.max_value))
        return f"{low:.4g} .. {high:.4g} log"
    low, high = getattr(parameter, "min_value", None), getattr(parameter, "max_value", None)
    step = getattr(parameter, "step_size", None)
    whole = not isinstance(parameter, UniformParameterRange)
    return f"{low} .. {high}" + (f" step {step}" if step is not None and not (whole and step == 1) else "")
