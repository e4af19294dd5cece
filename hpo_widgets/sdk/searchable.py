"""What can be searched from a notebook: its functions, the files beside it, what the store has run. Trains nothing."""

from __future__ import annotations

import inspect
import json
import os
import textwrap
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hpo_widgets.agents.cell_kind import CellTask
from hpo_widgets.agents.script_parameters import bare
from hpo_widgets.errors import HpoError, InvalidInput
from hpo_widgets.model.base_task import BaseParameter, BaseTask
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.plan import BaseKind, BaseReference
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.sdk.base_recorded import study_base, task_base
from hpo_widgets.sdk.metrics_found import DEFAULT, metrics_before, metrics_in, metrics_printed_in
from hpo_widgets.sdk.notebook import read_notebook
from hpo_widgets.sdk.ranges import propose_ranges
from hpo_widgets.sdk.script import capture_script, static_parameters
from hpo_widgets.sdk.signature import propose_signature, signature_parameters
from hpo_widgets.store.base import Store
from hpo_widgets.store.location import open_store, store_folder
from hpo_widgets.study import Study

MOST = 50
"""Candidates of one kind that are listed."""
OWN_NOTEBOOK = "JPY_SESSION_NAME"
"""Where Jupyter tells a kernel the path of its notebook."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Is one thing that can be searched."""

    reference: BaseReference
    label: str
    """What people see."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Is what a base task suggests to start with."""

    parameters: tuple[BaseParameter, ...] = ()
    space: SearchSpace | None = None
    """A range for each parameter that has one; `None` when none has."""
    objectives: tuple[Objective, ...] = ()
    """What it reports or has reported, the likeliest first; never empty once it was read."""
    prints: bool = False
    """Whether it only prints its metrics, as `epoch=3 loss=0.25`."""
    notes: tuple[str, ...] = ()
    """What could not be told, and what to do."""


class Surroundings:
    """Is a notebook's variables, its folder, and the store beside it.

    Args:
        namespace: The notebook's variables; read at each call, never written.
        folder: Where scripts and notebooks are looked for.
        store: Where studies are looked for; the one in force, if there is one, when absent.
    """

    def __init__(self, namespace: Mapping[str, Any], folder: Path | None = None, store: Store | None = None) -> None:
        self.namespace = namespace
        self.folder = Path.cwd() if folder is None else folder
        self._store = store

    @property
    def store(self) -> Store | None:
        """The store; `None` while nobody has made one, which looking must not do."""
        if self._store is None and store_folder().is_dir():
            return open_store()
        return self._store

    def candidates(self) -> list[Candidate]:
        """Lists what can be searched: functions, the latest first, then scripts, notebooks, studies and tasks."""
        return [*self._functions(), *self._files("*.py"), *self._files("*.ipynb"), *self._recorded()]

    def studies(self) -> list[str]:
        """Lists the names of the store's studies, newest first."""
        store = self.store
        return [] if store is None else [each.name for each in store.studies()[:MOST]]

    def find(self, base: BaseReference) -> Any:
        """Gives what `tune` takes as its first argument.

        Raises:
            InvalidInput: When it is not there any more.
        """
        match base.kind:
            case BaseKind.FUNCTION:
                return self._function(base.name)
            case BaseKind.SCRIPT | BaseKind.NOTEBOOK:
                return self.folder / Path(base.name).expanduser()
        found = self._base_task(base)
        if base.kind is BaseKind.TASK and self.store is not None:
            from hpo_widgets.sdk.task import Task

            return Task(self.store, base.name)  # knows its own values too
        if base.kind is BaseKind.STUDY and self.store is not None:
            return Study(self.store, self.store.study(base.name).id)
        return found

    def propose(self, base: BaseReference) -> Proposal:
        """Reads what a base task takes and reports, and proposes where to start. Blocks while a script is read.

        Raises:
            InvalidInput: When it is not there, or cannot be read.
        """
        match base.kind:
            case BaseKind.FUNCTION:
                function = self._function(base.name)
                return self._of_function(function, base.name)
            case BaseKind.SCRIPT:
                path = self.folder / Path(base.name).expanduser()
                parameters = static_parameters(path) or capture_script(path, args=base.args).script.parameters
                text = path.read_text(encoding="utf-8", errors="replace")
                reported, printed = metrics_in(text), metrics_printed_in(text)
                found = self._proposal(parameters, reported or printed, path.name)
                return replace(found, prints=bool(printed) and not reported)
            case BaseKind.NOTEBOOK:
                return self._of_notebook(self.folder / Path(base.name).expanduser())
        return self._of_recorded(base)

    # -- functions ---------------------------------------------------------------------------------------------------
    def _functions(self) -> Iterator[Candidate]:
        found = [name for name, value in list(self.namespace.items()) if _is_searchable(name, value)]
        for name in reversed(found[-MOST:]):
            label = f"{name} (%%objective)" if isinstance(self.namespace[name], CellTask) else name
            yield Candidate(reference=BaseReference(kind=BaseKind.FUNCTION, name=name), label=label)

    def _function(self, name: str) -> Any:
        found = self.namespace.get(name)
        if not callable(found):
            raise InvalidInput(f"the notebook has no function {name!r} now; run the cell that defines it.")
        return found

    def _of_function(self, function: Any, name: str) -> Proposal:
        if isinstance(function, CellTask):
            reported = metrics_in(function.source)
            return self._proposal(function.base_parameters, reported, function.base_name, commented=True)
        parameters = signature_parameters(function)
        found = {each.name: proposed for each in parameters if (proposed := propose_signature(each)) is not None}
        notes = [_unknown(each) for each in parameters if each.required and each.name not in found]
        return self._with_metrics(parameters, found, metrics_in(_source(function)), name, notes)

    # -- files -------------------------------------------------------------------------------------------------------
    def _files(self, pattern: str) -> Iterator[Candidate]:
        kind = BaseKind.SCRIPT if pattern == "*.py" else BaseKind.NOTEBOOK
        own = Path(os.environ.get(OWN_NOTEBOOK, "")).name
        names = sorted(each.name for each in self.folder.glob(pattern) if each.is_file() and each.name != own)
        for name in names[:MOST]:
            if not name.startswith((".", "_")):
                yield Candidate(reference=BaseReference(kind=kind, name=name), label=name)

    def _of_notebook(self, path: Path) -> Proposal:
        notebook = read_notebook(path)
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ["".join(each["source"]) for each in cells if each.get("cell_type") == "code"]
        reported = [metric for source in code for metric in metrics_in(source)]
        return self._proposal(notebook.parameters, list(dict.fromkeys(reported)), notebook.name, commented=True)

    # -- the store ---------------------------------------------------------------------------------------------------
    def _recorded(self) -> Iterator[Candidate]:
        store = self.store
        if store is None:
            return
        for study in store.studies()[:MOST]:
            if study.config.get("code"):
                reference = BaseReference(kind=BaseKind.STUDY, name=study.name)
                yield Candidate(reference=reference, label=f"{study.name} ({study.config['base_name']})")
        own = [task for task, _ in store.find_tasks() if task.study is None and task.code]
        for task in own[:MOST]:
            reference = BaseReference(kind=BaseKind.TASK, name=task.id)
            yield Candidate(reference=reference, label=f"{task.name} ({task.id[:8]})")

    def _base_task(self, base: BaseReference) -> BaseTask:
        store = self.store
        if store is None:
            raise InvalidInput(f"there is no store yet, and so no {base.kind.value} {base.name!r}.")
        try:
            if base.kind is BaseKind.STUDY:
                return study_base(Study(store, store.study(base.name).id))
            return task_base(store, base.name)
        except HpoError as error:
            raise InvalidInput(str(error)) from error

    def _of_recorded(self, base: BaseReference) -> Proposal:
        found = self._base_task(base)
        reported = [each for source in found.about.get("sources", {}).values() for each in metrics_in(source)]
        store = self.store
        if base.kind is BaseKind.STUDY and store is not None:
            study = Study(store, store.study(base.name).id)
            before = metrics_before(store, [study.record], study.record.config["base_name"])
            objectives = tuple(dict.fromkeys([*before, *reported])) or (DEFAULT,)
            searched = {bare(each) for each in study.config.space.names}
            others = tuple(each for each in found.parameters if bare(each.name) not in searched)
            return Proposal(parameters=others, space=study.config.space, objectives=objectives)
        return self._proposal(found.parameters, reported, found.name)

    # -- all ---------------------------------------------------------------------------------------------------------
    def _proposal(
        self, parameters: tuple[BaseParameter, ...], reported: list[Objective], name: str, *, commented: bool = False
    ) -> Proposal:
        comments = {each.name: each.help for each in parameters} if commented else {}
        notes: list[str] = []
        try:
            found = propose_ranges(parameters, comments)
        except InvalidInput as error:
            # One comment that is meant as a range and is none must not take the others' ranges away.
            found, notes = propose_ranges(parameters, {}), list(error.problems)
        return self._with_metrics(parameters, found, reported, name, notes)

    def _with_metrics(
        self,
        parameters: tuple[BaseParameter, ...],
        found: Mapping[str, Parameter],
        reported: list[Objective],
        name: str,
        notes: list[str],
    ) -> Proposal:
        store = self.store
        before = metrics_before(store, store.studies(), name) if store is not None else []
        objectives = merged(reported, before)
        return Proposal(
            parameters=parameters,
            space=SearchSpace(list(found.values())) if found else None,
            objectives=tuple(objectives) or (DEFAULT,),
            notes=tuple(notes),
        )


def _unknown(parameter: BaseParameter) -> str:
    if parameter.type == "str":
        return f"{parameter.name!r} is a text without a default; give the texts to choose from."
    return f"{parameter.name!r} has neither a default nor a type that is known; give it a range."


def merged(reported: list[Objective], before: list[Objective]) -> list[Objective]:
    """Puts what was searched before in front, as far as the code as it is now reports it; then the rest of both.

    Another function of the same name may have been searched before: what the code says comes before what it did not.
    """
    said = {(each.title, each.series) for each in reported}
    again = [each for each in before if not said or (each.title, each.series) in said]
    found: dict[tuple[str, str], Objective] = {}
    for each in (*again, *reported, *before):
        found.setdefault((each.title, each.series), each)
    return list(found.values())


def _is_searchable(name: str, value: Any) -> bool:
    if name.startswith("_") or not name.isidentifier():
        return False
    if isinstance(value, CellTask):
        return True
    if not isinstance(value, types.FunctionType) or value.__module__ != "__main__":
        return False
    return any(name != "task" for name in inspect.signature(value).parameters)


def _source(function: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    except (OSError, TypeError, ValueError):
        return ""
