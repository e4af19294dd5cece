"""The Python cell that does what a plan says: `hpo.tune(...)` with shorthand ranges, ready to paste."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any

from hpo_widgets.dialects.native import one_or_all
from hpo_widgets.model.constraint import Expression, Predicate
from hpo_widgets.model.limits import LIMIT_WORDS, Limits
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange, ParameterSet
from hpo_widgets.model.parameter_conditional import ConditionalParameter
from hpo_widgets.model.parameter_values import SCALARS
from hpo_widgets.model.plan import BaseKind, BaseReference, StudyPlan
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_shorthand import integer, lognormal, loguniform, normal, uniform

WIDE = 100
"""Characters of a line above which a list or call is spread over several."""
_SHORT = {limit: word for word, limit in LIMIT_WORDS.items()}
LIMIT_KEYWORDS = {each.name: _SHORT.get(each.name, each.name) for each in fields(Limits)}
"""A limit and the keyword of `tune` that sets it."""
SHORTHANDS: dict[str, Callable[..., Parameter]] = {
    "UniformParameterRange": uniform,
    "UniformIntegerParameterRange": integer,
    "LogUniformParameterRange": loguniform,
    "NormalParameterRange": normal,
    "LogNormalParameterRange": lognormal,
}
"""Kind of a parameter and the shorthand for it."""


def python_cell(plan: StudyPlan) -> str:
    """Gives the text of a cell that starts the same search as the plan does."""
    space, is_long = _space(plan.space)
    lines = ["import hpo_widgets as hpo"]
    if is_long:
        lines.append("from hpo_widgets import automation")
    lines += ["", "study = hpo.tune(", f"    {_base(plan.base)},", _indented(f"{space},")]
    lines += [f"    {name}={_written(name, value)}," for name, value in keywords(plan).items()]
    lines += _constraints(plan.space)
    return "\n".join([*lines, ")", "study", ""])


def keywords(plan: StudyPlan) -> dict[str, Any]:
    """Gives what `tune` is called with besides the base task and the space: literals, only what is not its default."""
    first = plan.objectives[0]
    found: dict[str, Any] = {}
    if len(plan.objectives) == 1 and first.title == first.series and "/" not in first.title:
        found["objective"] = first.title
        if first.sign.value != "min":
            found["direction"] = first.sign.value
    else:
        triples = [(each.title, each.series, each.sign.value) for each in plan.objectives]
        found["objective"] = triples if len(triples) > 1 else triples[0]
    strategy = plan.strategy
    if strategy["options"]:
        found["strategy"] = {"name": strategy["name"], "options": dict(strategy["options"])}
    elif strategy["name"] != "auto":
        found["strategy"] = strategy["name"]
    found |= _limits(plan.limits)
    optional = {
        "name": plan.name,
        "project": plan.project,
        "queue": plan.queue,
        "gpus": list(plan.gpus),
        "args": list(plan.base.args),
        "metrics": plan.base.metrics,
        "warm_start": one_or_all(plan.warm_start) if plan.warm_start else None,
        "isolation": plan.isolation.value if plan.isolation is not None else None,
    }
    found |= {name: value for name, value in optional.items() if value}
    if plan.repeats > 1:
        found["repeats"] = plan.repeats
    return found if plan.seed is None else {**found, "seed": plan.seed}


def _constraints(space: SearchSpace) -> list[str]:
    """Gives the line of the constraints: functions by name, as the base task; one without a name is only mentioned."""
    texts = [
        literal(each.text) if isinstance(each, Expression) else each.text
        for each in space.constraints
        if isinstance(each, Expression) or each.text.isidentifier()
    ]
    nameless = [each.text for each in space.constraints if isinstance(each, Predicate) and not each.text.isidentifier()]
    lines = [f"    constraints=[{', '.join(texts)}],"] if texts else []
    return lines + [f"    # a constraint that is not shown here: {' '.join(text.split())}" for text in nameless]


def _limits(limits: Limits) -> dict[str, Any]:
    given = {keyword: getattr(limits, limit) for limit, keyword in LIMIT_KEYWORDS.items()}
    found = {keyword: value for keyword, value in given.items() if value is not None}
    if not limits.retries:
        del found["retries"]
    if not found.keys() & {"max_jobs", "time_limit", "compute_time_limit"}:
        found["max_jobs"] = math.inf  # without any of them `tune` takes a number of its own
    return found


# -- the base task and the space -------------------------------------------------------------------------------------
def _base(base: BaseReference) -> str:
    name = literal(base.name)
    match base.kind:
        case BaseKind.FUNCTION:
            return base.name
        case BaseKind.STUDY:
            return f"hpo.attach({name})"
        case BaseKind.TASK:
            return f"hpo.Task.get_task({name})"
    return name


def _space(space: SearchSpace) -> tuple[str, bool]:
    """Gives the text of a space, and whether it needs the long names of parameters."""
    if any(_has_set(each) for each in space):
        # A set has no name of its own: it cannot stand in a dict of names.
        return _block("[", [_long(each) for each in space], "]"), True
    text = _block("{", _items(space), "}")
    return text, "automation." in text


def _has_set(parameter: Parameter) -> bool:
    if isinstance(parameter, ConditionalParameter):
        return any(_has_set(each) for case in parameter.cases for each in case.parameters)
    return isinstance(parameter, ParameterSet)


def _items(parameters: Iterable[Parameter]) -> list[str]:
    """Gives the items of a dict of names; conditions stand behind the parameter they hang on."""
    found = []
    for each in parameters:
        if not isinstance(each, ConditionalParameter):
            found.append(f"{literal(each.name)}: {_short(each) or _long(each.named(None))}")
            continue
        found += _items([each.parameter])
        for case in each.cases:
            values = literal(case.values[0] if _alone(case.values) else list(case.values))
            then = _block("{", _items(case.parameters), "}")
            found.append(f"**hpo.when({literal(each.name)}, {values}, {then})")
    return found


def _alone(values: tuple[Any, ...]) -> bool:
    return len(values) == 1 and isinstance(values[0], SCALARS)


def _short(parameter: Parameter) -> str | None:
    """Gives the shorthand that makes an equal parameter, `None` when there is none."""
    if isinstance(parameter, DiscreteParameterRange):
        values = parameter.values
        return literal(values[0] if _alone(values) else list(values))
    make = SHORTHANDS.get(type(parameter).__name__)
    if make is None:
        return None
    arguments = _arguments(parameter)
    # What the shorthand cannot say (an excluded end, an exponent that is no power of a short number) makes another one.
    same = make(**arguments).named(parameter.name) == parameter
    return f"hpo.{make.__name__}({_call(arguments)})" if same else None


def _arguments(parameter: Parameter) -> dict[str, Any]:
    kind = type(parameter).__name__
    given = {field: getattr(parameter, field) for field in parameter.fields[1:]}
    step = {} if given["step_size"] is None else {"step": given["step_size"]}
    if kind.endswith("NormalParameterRange"):
        bounds = {"low": given["min_value"], "high": given["max_value"]}
        ends = {name: value for name, value in bounds.items() if value is not None}
        return {"mu": given["mu"], "sigma": given["sigma"], **ends, **step}
    if kind == "LogUniformParameterRange":
        base = {} if given["base"] == 10 else {"base": given["base"]}
        low, high = (float(f"{given['base'] ** given[end]:.15g}") for end in ("min_value", "max_value"))
        return {"low": low, "high": high, **base, **step}
    if kind == "UniformIntegerParameterRange":
        return {"low": given["min_value"], "high": given["max_value"], **({} if step == {"step": 1} else step)}
    return {"low": given["min_value"], "high": given["max_value"], **step}


def _call(arguments: dict[str, Any]) -> str:
    leading = ("low", "high") if "mu" not in arguments else ("mu", "sigma")
    return ", ".join(literal(v) if name in leading else f"{name}={literal(v)}" for name, v in arguments.items())


def _long(parameter: Parameter) -> str:
    kind = type(parameter).__name__
    if isinstance(parameter, ParameterSet):
        return f"automation.ParameterSet({_block('[', [_combination(item) for item in parameter.values], ']')})"
    arguments = [f"{field}={literal(getattr(parameter, field))}" for field in parameter.fields[1:]]
    return f"automation.{kind}({', '.join([literal(parameter.name), *arguments])})"


def _combination(item: dict[str, Any]) -> str:
    texts = [f"{literal(k)}: {_long(v) if isinstance(v, Parameter) else literal(v)}" for k, v in item.items()]
    return "{" + ", ".join(texts) + "}"


# -- text ------------------------------------------------------------------------------------------------------------
def literal(value: Any) -> str:
    """Gives Python text that makes an equal value; infinities too, which have no literal."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, str):
        plain = value.isprintable() and '"' not in value and "\\" not in value
        return f'"{value}"' if plain else repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(literal, value)) + ("," if len(value) == 1 else "") + ")"
    return repr(value)


def _written(name: str, value: Any) -> str:
    if name.endswith("time_limit") and value % 60 == 0 and value > 60:
        return f"{int(value // 60)} * 60"
    return literal(value)


def _block(opening: str, items: list[str], closing: str) -> str:
    line = opening + ", ".join(items) + closing
    if len(line) <= WIDE and len(items) < 2:
        return line
    return "\n".join([opening, *(_indented(f"{item},") for item in items), closing])


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))
