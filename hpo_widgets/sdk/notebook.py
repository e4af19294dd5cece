"""A notebook as a base task: its parameters are those of the cell tagged `parameters`, or literals that one chooses."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter, BaseTask
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.sdk.notebook_kernels import own_kernel
from hpo_widgets.sdk.notebook_literals import Assignment, assignments, count_stored, imported, literals
from hpo_widgets.sdk.parameters import is_keepable
from hpo_widgets.sdk.ranges import propose_space
from hpo_widgets.store.base import Store

KIND = "notebook"
TAG = "parameters"
"""Papermill's tag of the cell that declares parameters."""
OLDEST_FORMAT = 4
SHELL = "hpo_widgets.agents.notebook_kind_shell"
"""Imported by the fork server, so that a task finds IPython's shell in memory."""
LOOK_FOR_SHELL = frozenset({"altair", "bokeh", "holoviews", "ipywidgets", "panel", "plotly", "hpo_widgets", "__main__"})
"""Packages that decide at their import how to show things: they are imported in the task, where there is a shell."""
LISTED = 10
"""Names that an error message lists."""

Cell = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ReadNotebook:
    """Is a notebook that has been read and is not kept yet."""

    name: str
    """Of its file, without the ending."""
    parameters: tuple[BaseParameter, ...]
    """What it declares, in order."""
    body: bytes
    """The JSON plan that `hpo_widgets.agents.notebook_kind` runs."""
    about: dict[str, Any]
    """What to know of it without reading the body."""

    @property
    def space(self) -> SearchSpace:
        """The search space that its parameters' names, values and comments propose.

        Raises:
            InvalidInput: When no parameter has a range, or a comment is meant as one and cannot be read.
        """
        return propose_space(self.parameters, {each.name: each.help for each in self.parameters})

    def keep(self, store: Store) -> BaseTask:
        """Keeps it in a store as a base task."""
        code = store.put_code(KIND, self.body, self.about)
        return BaseTask(name=self.name, kind=KIND, code=code, parameters=self.parameters, about=self.about)


def notebook_base_task(
    path: str | os.PathLike[str],
    *,
    literals: Sequence[str] | None = None,
    kernel: str | None = None,
    store: Store,
) -> BaseTask:
    """Keeps a notebook in the store as a base task; runs nothing of it.

    The notebook as it is now is what the tasks run: later edits make another base task. A task runs in the notebook's
    folder.

    Args:
        path: Of an `.ipynb` file.
        literals: Names of top-level literals (`lr = 1e-3`) to take as parameters, in place of a tagged cell.
        kernel: Name of an installed kernel to run it with; without one a Python notebook of this environment runs
            in a forked process, and another one with the kernel that it names.
        store: Where its code is kept.

    Raises:
        InvalidInput: No such file, no notebook, no parameters, unknown literals, or a kernel that is not there.
    """
    return read_notebook(path, literals=literals, kernel=kernel).keep(store)


def read_notebook(
    path: str | os.PathLike[str], *, literals: Sequence[str] | None = None, kernel: str | None = None
) -> ReadNotebook:
    """Reads a notebook that is to be a base task; see `notebook_base_task`."""
    place = Path(path).expanduser().absolute()
    notebook = _read(place)
    cells: list[Cell] = notebook["cells"]
    _clean(notebook)
    own = own_kernel(notebook["metadata"], kernel, place.name)
    spans: dict[str, list[int]] = {}
    index: int | None = None
    if literals is None:
        index = _parameters_cell(cells, place.name)
        found = _last_of_each(assignments(cells[index]["source"]))
    else:
        located = _chosen(cells, literals, place.name)
        found = [each for _, each in located]
        spans = {each.name: [cell, *each.span] for cell, each in located}
    parameters = tuple(_parameter(each) for each in found)
    plan = {
        "path": str(place),
        "notebook": notebook,
        "index": index,
        "spans": spans,
        "types": {each.name: each.type for each in parameters},
        "kernel": own,
    }
    body = json.dumps(plan, sort_keys=True).encode()
    about = _about(place, notebook, parameters, own)
    return ReadNotebook(name=place.stem, parameters=parameters, body=body, about=about)


def _clean(notebook: dict[str, Any]) -> None:
    """Leaves out old outputs: they are not what it is, and must not make it another base task."""
    for cell in notebook["cells"]:
        cell["source"] = _text(cell.get("source", ""))
        if cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
    notebook["metadata"].pop("widgets", None)


def _read(place: Path) -> dict[str, Any]:
    try:
        text = place.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidInput(f"there is no file {str(place)!r}; {_neighbours(place)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{str(place)!r} cannot be read as a notebook ({error}); give an .ipynb file.") from error
    try:
        notebook = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"{place.name!r} is not a notebook ({error}); give an .ipynb file.") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("nbformat"), int):
        raise InvalidInput(f"{place.name!r} is JSON but not a notebook: it has no 'nbformat'; give an .ipynb file.")
    if notebook["nbformat"] < OLDEST_FORMAT or not isinstance(notebook.get("cells"), list):
        raise InvalidInput(
            f"{place.name!r} is a notebook of format {notebook['nbformat']}; format 4 can be run: open and save it in "
            "JupyterLab."
        )
    notebook.setdefault("metadata", {})
    return notebook


def _neighbours(place: Path) -> str:
    if not place.parent.is_dir():
        return f"there is no folder {str(place.parent)!r} either."
    names = sorted(each.name for each in place.parent.glob("*.ipynb"))
    close = get_close_matches(place.name, names, n=3) or names[:3]
    return f"did you mean {' or '.join(map(repr, close))}?" if close else "its folder has no notebooks."


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _tags(cell: Cell) -> list[str]:
    tags = cell.get("metadata", {}).get("tags", [])
    return tags if isinstance(tags, list) else []


def _parameters_cell(cells: list[Cell], name: str) -> int:
    for index, cell in enumerate(cells):
        if cell.get("cell_type") == "code" and TAG in _tags(cell):
            return index
    found = [each.name for _, each in _all_literals(cells)]
    listed = ", ".join(map(repr, found[:LISTED]))
    choose = f", or choose some of its literals with literals=[...]: it has {listed}" if found else ""
    raise InvalidInput(
        f"the notebook {name!r} has no cell tagged {TAG!r}. Tag the cell that sets its parameters (in JupyterLab: "
        f"select it, Property Inspector, Cell Tags){choose}."
    )


def _all_literals(cells: list[Cell]) -> list[tuple[int, Assignment]]:
    code = {i: cell["source"] for i, cell in enumerate(cells) if cell.get("cell_type") == "code"}
    stored = count_stored(code.values())
    return [(i, each) for i, source in code.items() for each in literals(source, stored)]


def _chosen(cells: list[Cell], names: Sequence[str], notebook: str) -> list[tuple[int, Assignment]]:
    there = {each.name: (i, each) for i, each in _all_literals(cells)}
    wanted = [names] if isinstance(names, str) else list(names)
    problems = []
    for name in wanted:
        if name not in there:
            close = get_close_matches(str(name), there, n=3) or list(there)[:LISTED]
            hint = f"close ones are {', '.join(map(repr, close))}" if close else "it has none"
            problems.append(
                f"{name!r} is no literal of {notebook!r} (a value written out at the top level of a cell and assigned "
                f"once); {hint}."
            )
    if not wanted:
        problems.append(f"literals is empty; name some of {', '.join(map(repr, list(there)[:LISTED])) or 'none'}.")
    if problems:
        raise InvalidInput(problems, subject="literals")
    return [there[name] for name in dict.fromkeys(wanted)]


def _last_of_each(found: list[Assignment]) -> list[Assignment]:
    return list({each.name: each for each in found}.values())


def _parameter(each: Assignment) -> BaseParameter:
    return BaseParameter(name=each.name, default=each.value, type=each.type, help=each.comment)


def _about(place: Path, notebook: dict[str, Any], parameters: Sequence[BaseParameter], kernel: str | None) -> Any:
    signature = [{"name": p.name, "kind": "keyword_only", "default": f"{p.default!r:.200}"} for p in parameters]
    modules: set[str] = set()
    if kernel is None:
        code = [cell["source"] for cell in notebook["cells"] if cell.get("cell_type") == "code"]
        modules = {name for source in code for name in imported(source) if _can_preload(name)}
    return {
        "name": place.stem,
        "path": str(place),
        "signature": signature,
        "parameters": [
            asdict(each if is_keepable(each.default) else replace(each, default=None)) for each in parameters
        ],
        "wants_task": False,
        "modules": [*sorted(modules), SHELL] if kernel is None else [],
        "sources": {},
    }


def _keepable(parameter: BaseParameter) -> BaseParameter:
    return parameter if is_keepable(parameter.default) else replace(parameter, default=None)


def _can_preload(module: str) -> bool:
    """Tells whether a fork server may and can import a module, without importing it here."""
    top = module.partition(".")[0]
    if top in LOOK_FOR_SHELL:
        return False
    try:
        return top in sys.modules or importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False
