"""Ranges that people write in a comment: `# 1e-5 .. 1e-1`, `# 16 .. 256 step 16`, `# ["relu", "tanh"]`, `# fixed`."""

from __future__ import annotations

import ast
import re
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.model.parameter_values import SCALARS
from hpo_widgets.model.space_shorthand import integer, loguniform, uniform

FIXED = "fixed"
LOG_RATIO = 100.0
"""A range of floats above 0 that spans more than this many times its low end is taken as logarithmic."""
LOG_POINTS = 10
"""Whole numbers that stand for a logarithmic range of them, fewer when it is short."""
FORMS = 'write a range as "1e-5 .. 1e-1", "16 .. 256 step 16", "0 .. 1 linear" or "1 .. 9 log", choices as '
FORMS += '["relu", "tanh"], or "fixed"'

_NUMBER = r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"^({_NUMBER})\s*\.\.\.?\s*({_NUMBER})(?:\s+step\s+({_NUMBER}))?(?:\s+(log|linear))?$")
_LOOKS_LIKE_RANGE = re.compile(rf"^(?:{_NUMBER}\s*\.\.|\S+\s*\.\.\.?\s*{_NUMBER})")


def is_fixed(comment: str) -> bool:
    """Tells whether a comment takes a parameter out of the search."""
    return comment.strip().lower() == FIXED


def read_comment(name: str, comment: str, default: Any) -> Parameter | None:
    """Gives the range that a comment says; `None` when it says something else.

    Bounds written as whole numbers mean whole numbers, unless the default is a float.

    Raises:
        InvalidInput: When it is meant as a range and cannot be read, or makes no sense.
    """
    text = comment.strip()
    if text.startswith("[") and text.endswith("]"):
        return _choices(name, text)
    if not _LOOKS_LIKE_RANGE.match(text):
        return None
    found = _RANGE.match(text)
    if found is None:
        raise InvalidInput(f"the range of {name!r}, # {text}, cannot be read; {FORMS}.")
    parameter = _range(*found.groups(), as_float=isinstance(default, float)).named(name)
    parameter.check()
    return parameter


def _choices(name: str, text: str) -> Parameter:
    try:
        values = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise InvalidInput(f"the choices of {name!r}, # {text}, cannot be read; {FORMS}.") from None
    if not values or not all(isinstance(value, SCALARS) for value in values):
        raise InvalidInput(f"the choices of {name!r}, # {text}, are not numbers, text, True, False or None; {FORMS}.")
    return DiscreteParameterRange(name, values)


def _range(low: str, high: str, step: str | None, scale: str | None, *, as_float: bool) -> Parameter:
    bounds: list[Any] = [_number(low), _number(high)]
    size = _number(step) if step is not None else None
    whole = not as_float and all(isinstance(bound, int) for bound in (*bounds, size or 1))
    if whole:
        if scale == "log" and 0 < bounds[0] < bounds[1]:
            return DiscreteParameterRange(None, _log_spaced(*bounds))
        return integer(bounds[0], bounds[1], int(size or 1))
    if scale == "log" or (scale is None and size is None and _spans(*bounds)):
        return loguniform(*bounds)
    return uniform(bounds[0], bounds[1], size)


def _log_spaced(low: int, high: int) -> list[int]:
    ratio = (high / low) ** (1 / (LOG_POINTS - 1))
    return sorted({round(low * ratio**i) for i in range(LOG_POINTS)})


def _spans(low: float, high: float) -> bool:
    return low > 0 and high / low > LOG_RATIO


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
