"""The base task of a search: a function, or the code and parameters of a task in the store; and names with sections."""

from __future__ import annotations

import functools
import inspect
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from hpo_widgets.agents.ship import ship
from hpo_widgets.automation.sections import SectionCall, argument_of, call_without_sections
from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.model.config import Isolation
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.store.base import Code, Store

LISTED = 5
"""Names that an error message lists."""


@dataclass(frozen=True, kw_only=True)
class BaseTask:
    """Is the template that each job runs with other parameters."""

    name: str
    """What people call it."""
    function: Callable[..., Any] | None = None
    """The function, when this process has it."""
    code: Code | None = None
    """The code in the store, when it is a recorded one."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """The template's own parameters; what is searched overrides them, what is not stays."""

    @property
    def is_stored(self) -> bool:
        """Whether its code can be run by another process."""
        # A function that stayed in its process has a description but no body: nobody looked for the modules it needs.
        return self.code is not None and self.code.kind == "function" and "modules" in self.code.about

    def arguments(self) -> list[dict[str, Any]] | None:
        """Gives name, kind and default of each argument, `None` when nobody can tell."""
        if self.function is not None:
            try:
                found = inspect.signature(self.function).parameters.values()
            except (TypeError, ValueError):
                return None
            defaults = [{} if each.default is each.empty else {"default": each.default} for each in found]
            kinds = [{"name": each.name, "kind": each.kind.name.lower()} for each in found]
            return [{**kind, **default} for kind, default in zip(kinds, defaults, strict=True)]
        return self.code.about.get("signature") if self.code is not None else None


def find_base_task(base: Any, open_store: Callable[[], Store]) -> BaseTask:
    """Gives the base task that a person means.

    Args:
        base: A function; or the id of a task, the hash of some code, the name of a task or of what a study ran, newest
            first; or an object with such an `id`.
        open_store: Gives the store; called only when `base` is no function.

    Raises:
        InvalidInput: When there is none, with the closest names, or its code was not stored.
    """
    if callable(base):
        return BaseTask(name=str(getattr(base, "__name__", type(base).__name__)), function=base)
    wanted = base if isinstance(base, str) else getattr(base, "id", None)
    if not isinstance(wanted, str) or not wanted:
        raise InvalidInput(f"base_task_id is {shown(base)}; give a function, or the id or name of a recorded task.")
    found = _recorded(open_store(), wanted)
    if not found.is_stored:
        raise InvalidInput(
            f"the code of base task {wanted!r} was not stored (it ran in a thread, or has none); give the function."
        )
    return found


def _recorded(store: Store, wanted: str) -> BaseTask:
    try:
        task = store.task(wanted)
    except NotFound:
        pass
    else:
        return BaseTask(name=_base_of(task.name), code=_code(store, task.code), parameters=task.parameters)
    code = _code(store, wanted)
    if code is not None:
        return BaseTask(name=str(code.about.get("name", wanted[:8])), code=code)
    names: set[str] = set()
    found: list[BaseTask] = []
    for study in store.studies():  # newest first
        if study.config.get("base_name") == wanted:
            found.append(BaseTask(name=wanted, code=_code(store, study.config.get("code"))))
        names.add(str(study.config.get("base_name")))
        for task in reversed(store.tasks(study.id)):
            if task.name == wanted:
                code = _code(store, task.code)
                found.append(BaseTask(name=_base_of(wanted), code=code, parameters=task.parameters))
            names.add(task.name)
    if found:
        return next((each for each in found if each.is_stored), found[0])
    close = get_close_matches(wanted, names, n=LISTED, cutoff=0.5)
    hint = f"close names are {', '.join(map(repr, close))}" if close else _listed("the store has", sorted(names))
    raise InvalidInput(f"there is no base task {wanted!r} in the store; {hint}. Or give a function.")


def _listed(before: str, names: Sequence[str]) -> str:
    if not names:
        return f"{before} no tasks yet"
    return f"{before} {', '.join(map(repr, names[:LISTED]))}{' and more' if len(names) > LISTED else ''}"


def _base_of(name: str) -> str:
    return name.partition(":")[0]


def _code(store: Store, hash: str | None) -> Code | None:
    if hash is None:
        return None
    try:
        return store.code(hash)
    except NotFound:
        return None


# -- names ---------------------------------------------------------------------------------------------------------
def name_problems(names: Iterable[str], base: BaseTask) -> list[str]:
    """Lists names that mean the same argument, arguments that do not exist, and ones that nobody gives."""
    by_argument: dict[str, list[str]] = {}
    for name in names:
        by_argument.setdefault(argument_of(name), []).append(name)
    problems = [
        f"{' and '.join(map(repr, group))} are both the argument {argument!r} of {base.name!r}; keep one of them."
        for argument, group in by_argument.items()
        if len(group) > 1
    ]
    arguments = base.arguments()
    if arguments is None:
        return problems
    kinds = {each["name"]: each["kind"] for each in arguments}
    taken = [name for name, kind in kinds.items() if kind in ("positional_or_keyword", "keyword_only")]
    if "var_keyword" not in kinds.values():
        problems += [
            _unknown(group[0], argument, taken, base.name)
            for argument, group in by_argument.items()
            if argument not in taken
        ]
    given = by_argument.keys() | {argument_of(name) for name in base.parameters} | {"task"}
    problems += [
        f"{base.name!r} needs the argument {each['name']!r}; search it, or give it a default."
        for each in arguments
        if "default" not in each and each["name"] in taken and each["name"] not in given
    ]
    if "positional_only" in kinds.values():
        problems.append(f"{base.name!r} has arguments that cannot be given by name; remove the / from its signature.")
    return problems


def _unknown(name: str, argument: str, taken: Sequence[str], base: str) -> str:
    own = [each for each in taken if each != "task"]
    close = get_close_matches(argument, own, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"it takes {', '.join(own) or 'none'}."
    return f"{base!r} has no argument for the parameter {name!r}; {hint}"


def fixed_parameters(base: BaseTask, searched: Iterable[str]) -> list[Parameter]:
    """Gives the template's parameters that are not searched, as ranges of one value (reference d22)."""
    overridden = {argument_of(name) for name in searched}
    kept = {name: value for name, value in base.parameters.items() if argument_of(name) not in overridden}
    return [DiscreteParameterRange(name, [value]) for name, value in kept.items()]


# -- code -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Is a base task ready to run."""

    code: str
    """Its hash in the store."""
    function: Callable[..., Any] | None
    """For tasks that run in threads of this process."""


def prepare(base: BaseTask, names: Iterable[str], isolation: Isolation, store: Store) -> Prepared:
    """Puts a base task's code in the store in the form that takes these names.

    Raises:
        CannotShip: When the function cannot be sent to another process and has to be.
    """
    names = {*names, *base.parameters}
    sectioned = any(argument_of(name) != name for name in names)
    if isolation in (Isolation.THREAD, Isolation.SAME_THREAD):
        function = base.function if base.function is not None else pickle.loads(_need(base.code).body)
        return _in_memory(function, sectioned, store)
    if base.function is not None:
        shipment = ship(base.function)
        body, about = shipment.body, shipment.about
    else:
        body, about = _need(base.code).body, _need(base.code).about
    if sectioned:
        body = pickle.dumps(SectionCall(body))
    return Prepared(code=store.put_code("function", body, about), function=base.function)


def _need(code: Code | None) -> Code:
    assert code is not None, "find_base_task gives a function or stored code"
    return code


def _in_memory(function: Callable[..., Any], sectioned: bool, store: Store) -> Prepared:
    from hpo_widgets.sdk.tune import keep_function

    if not sectioned:
        return Prepared(code=keep_function(store, function, Isolation.THREAD), function=function)

    @functools.wraps(function)
    def call(**parameters: Any) -> Any:
        return call_without_sections(function, **parameters)

    return Prepared(code=keep_function(store, call, Isolation.THREAD), function=call)
