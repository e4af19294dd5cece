"""`%%objective [name]`: makes a cell a base task, `name(...)`, `name.parameters`, `name.space`, `hpo.tune(name)`."""

from __future__ import annotations

import keyword
import shlex
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpo_widgets.agents.cell_kind import CellDetails, CellTask
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter
from hpo_widgets.sdk.magics_compile import CompiledCell, compile_cell
from hpo_widgets.sdk.magics_summary import CellSummary
from hpo_widgets.sdk.ranges import propose_ranges, propose_space

DEFAULT_NAME = "objective"
NO_DRY_RUN = "--no-dry-run"
USAGE = f"write %%objective [name] [{NO_DRY_RUN}]"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Is what stands behind `%%objective`."""

    name: str = DEFAULT_NAME
    """Of the base task, and of the variable that holds it."""
    dry_run: bool = True
    """Whether the cell runs once, here and now."""


def objective(line: str, cell: str) -> CellSummary:
    """Makes a cell a base task and puts it in the notebook under its name; the cell magic `%%objective`.

    The cell's top-level literals (`lr = 1e-3`) are its hyperparameters, each with a range proposed by its name and
    value, or written beside it: `# 1e-5 .. 1e-1`, `# ["relu", "tanh"]`, `# fixed`. Its last expression is the metric,
    or what it reports with `report("loss", loss, epoch)`. It runs once with the literals as they are, in a copy of the
    notebook's namespace: its variables stay inside. When that fails, the base task of that name stays as it was.

    Args:
        line: `[name] [--no-dry-run]`.
        cell: The text below.

    Raises:
        InvalidInput: For another line, a range that cannot be read, IPython's own syntax, or a cell without a metric.
    """
    from IPython import get_ipython

    __tracebackhide__ = True
    return define(read_options(line), cell, get_ipython().user_ns)


def read_options(line: str) -> Options:
    """Reads what stands behind `%%objective`.

    Raises:
        InvalidInput: When it is something else.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise InvalidInput(f"{line!r} cannot be read ({error}); {USAGE}.") from None
    names = [word for word in words if word != NO_DRY_RUN]
    unknown = [word for word in names if word.startswith("-")]
    if unknown or len(names) > 1:
        given = f"the option {unknown[0]!r} is unknown" if unknown else f"{line!r} has more than one name"
        raise InvalidInput(f"{given}; {USAGE}.")
    name = names[0] if names else DEFAULT_NAME
    if not name.isidentifier() or keyword.iskeyword(name):
        raise InvalidInput(f"{name!r} cannot be the name of a variable; {USAGE} with a name such as 'train'.")
    return Options(name=name, dry_run=NO_DRY_RUN not in words)


def define(options: Options, source: str, namespace: dict[str, Any]) -> CellSummary:
    """Makes a cell a base task in a namespace; see `objective`."""
    __tracebackhide__ = True
    before = namespace.get(options.name)
    earlier = before if isinstance(before, CellTask) else None
    version = _version(earlier, source)
    compiled = compile_cell(source, f"<objective {options.name}, version {version}>")
    parameters, comments = _parameters(compiled)
    ranges = propose_ranges(parameters, comments)
    task = CellTask(
        name=options.name,
        version=version,
        source=source,
        code=compiled.code,
        defaults={each.name: each.value for each in compiled.literals},
        needed=compiled.needed,
        namespace=namespace,
        details=CellDetails(parameters, lambda: propose_space(parameters, comments)),
    )
    seconds, metrics = _dry_run(task) if options.dry_run else (None, {})
    namespace[options.name] = task
    if earlier is not None and earlier.version != version:
        _warn_of_running(earlier, version)
    return CellSummary(task=task, ranges=ranges, seconds=seconds, metrics=metrics)


def _version(earlier: CellTask | None, source: str) -> int:
    if earlier is None:
        return 1
    return earlier.version if earlier.source == source else earlier.version + 1


def _parameters(compiled: CompiledCell) -> tuple[tuple[BaseParameter, ...], dict[str, str]]:
    found = compiled.literals
    parameters = tuple(BaseParameter(name=e.name, default=e.value, type=e.type, help=e.comment) for e in found)
    return parameters, {each.name: each.comment for each in found}


def _dry_run(task: CellTask) -> tuple[float, dict[str, Any]]:
    __tracebackhide__ = True
    metrics: dict[str, Any] = {}

    def note(name: str, value: Any, _: int | None) -> None:
        metrics[name] = value

    began = time.perf_counter()
    value = task.run({}, report=note)
    seconds = time.perf_counter() - began
    if value is None and not metrics:
        raise InvalidInput(
            f"the cell gave no metric: end it with an expression that is a number, such as loss, or call "
            f"report('loss', loss). {task.__name__!r} was not made."
        )
    if value is not None:
        metrics.update(value if isinstance(value, Mapping) else {"result": value})
    return seconds, metrics


def _warn_of_running(earlier: CellTask, version: int) -> None:
    """Says which studies go on with the text before."""
    from hpo_widgets.sdk.tune import studies
    from hpo_widgets.store.location import store_folder

    if not store_folder().is_dir():
        return
    for study in studies():
        if study.record.state.is_live and study.state != "interrupted" and study.config.base_name == earlier.base_name:
            warnings.warn(
                f"the study {study.name!r} still runs version {earlier.version} of {earlier.__name__!r}, to its end. "
                f"To search with version {version}, stop it with hpo.attach({study.name!r}).stop() and tune again.",
                UserWarning,
                stacklevel=2,
            )
