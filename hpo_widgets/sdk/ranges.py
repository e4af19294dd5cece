"""Proposed ranges: from a parameter's name, type and default to what a search may try, as a person would start."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.model.parameter_values import plain
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_shorthand import integer, loguniform, uniform
from hpo_widgets.sdk.ranges_comment import is_fixed, read_comment

LOG_WORDS = frozenset({
    "lr", "learning", "rate", "eta", "alpha", "lambda", "l1", "l2", "decay", "wd", "weight", "reg", "regularization",
    "eps", "epsilon", "tol", "gamma", "c", "penalty",
})  # fmt: skip
"""Parts of names of floats that people vary by orders of magnitude."""
SHARE_WORDS = frozenset({
    "dropout", "drop", "fraction", "frac", "ratio", "subsample", "colsample", "momentum", "beta", "beta1", "beta2",
    "prob", "p", "rho",
})  # fmt: skip
"""Parts of names of floats between 0 and 1."""
FIXED_WORDS = frozenset({
    "seed", "state", "verbose", "debug", "verbosity", "quiet", "progress", "print", "plot", "show", "save", "report",
    "pause", "sleep", "delay", "wait", "timeout", "interval", "every", "seconds", "minutes", "hours",
    "device", "gpu", "gpus", "cuda", "cpu", "cpus", "cores", "workers", "jobs", "njobs", "threads", "cache",
    "path", "dir", "directory", "folder", "file", "filename", "url", "host", "port", "name", "tag", "version",
    "checkpoint", "resume", "profile", "epochs", "folds", "cv", "splits", "repeats", "runs", "classes",
    "test", "val", "valid", "validation", "holdout",
})  # fmt: skip
"""Parts of names of what belongs to a run, or to the data, and not to a search."""
FIXED_NAMES = frozenset({"n_samples", "num_samples", "n_features", "num_features", "train_size", "train_fraction"})
"""Names of the same kind of which no part tells."""
POWER_WORDS = frozenset({
    "batch", "hidden", "units", "width", "dim", "filters", "channels", "embed", "embedding", "size",
})  # fmt: skip
"""Parts of names of counts that people vary by factors of two."""
MOST_SHARE = 0.9
DECADES = 2.0
"""How far a log range goes to each side of a default."""
FACTOR = 4
"""How many times smaller and larger than its default a count is tried."""
SMALL_COUNT = 8
"""Up to here a count is tried from 1 to twice its default."""


def propose_range(parameter: BaseParameter, comment: str = "") -> Parameter | None:
    """Gives a range around a parameter's default; `None` when it stays as it is.

    Args:
        parameter: Its name, type, default and choices.
        comment: What stands beside it in the code: a range in it is used, `fixed` takes the parameter out.

    Raises:
        InvalidInput: When the comment is meant as a range and is none.
    """
    name = parameter.name
    if is_fixed(comment):
        return None
    said = read_comment(name, comment, parameter.default)
    if said is not None:
        return said
    if parameter.choices:
        return DiscreteParameterRange(name, list(parameter.choices)) if len(parameter.choices) > 1 else None
    words = name_words(name)
    default = plain(parameter.default)
    if is_of_a_run(name):
        return None
    if isinstance(default, bool):
        return DiscreteParameterRange(name, [True, False])
    if isinstance(default, int):
        found = _of_count(words, default)
    elif isinstance(default, float) and math.isfinite(default):
        found = _of_float(words, default)
    else:
        found = None
    # Around a default at the end of what a number can be, there may be no sound range.
    return None if found is None or found.named(name).problems() else found.named(name)


def is_of_a_run(name: str) -> bool:
    """Tells whether a name is that of something that belongs to a run, or to the data, and not to a search."""
    return bool(name_words(name) & FIXED_WORDS) or name.rpartition("/")[2].lower() in FIXED_NAMES


def propose_ranges(parameters: Iterable[BaseParameter], comments: Mapping[str, str]) -> dict[str, Parameter]:
    """Gives the proposed range of each parameter that has one, by name.

    Raises:
        InvalidInput: With every comment that cannot be read.
    """
    found: dict[str, Parameter] = {}
    problems: list[str] = []
    for parameter in parameters:
        try:
            proposed = propose_range(parameter, comments.get(parameter.name, ""))
        except InvalidInput as error:
            problems += error.problems
        else:
            if proposed is not None:
                found[parameter.name] = proposed
    if problems:
        raise InvalidInput(problems, subject="ranges")
    return found


def propose_space(parameters: Iterable[BaseParameter], comments: Mapping[str, str] | None = None) -> SearchSpace:
    """Gives the search space of all parameters that have a proposed range.

    Raises:
        InvalidInput: When none has one, or a comment cannot be read.
    """
    parameters = list(parameters)
    found = propose_ranges(parameters, comments or {})
    if not found:
        names = ", ".join(repr(each.name) for each in parameters) or "none"
        raise InvalidInput(
            f"no parameter has a range to search (there are {names}); give a search space, or write a range beside "
            "one, as in lr = 1e-3  # 1e-5 .. 1e-1."
        )
    return SearchSpace(list(found.values()))


def name_words(name: str) -> set[str]:
    """Gives the parts of a name without its section, in lower case: `Args/learningRate` is learning and rate."""
    last = name.rpartition("/")[2]
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+\d*|[A-Z]+\d*(?![a-z])", last)}


def _of_float(words: set[str], default: float) -> Parameter | None:
    if words & SHARE_WORDS and 0 <= default <= 1:
        return uniform(0.0, max(MOST_SHARE, (1 + default) / 2))
    if default > 0 and (words & LOG_WORDS or default < 0.01 or default >= 100):
        return loguniform(*_decades(default))
    if 0 <= default <= 1:
        return uniform(0.0, 1.0)
    low, high = sorted((0.0, 2 * default))
    return uniform(low, high)


def _decades(default: float) -> tuple[float, float]:
    exponent = math.log10(default)
    # Whole decades around the default: people read 1e-5 .. 1e-1, not 3.2e-6 .. 0.032.
    low, high = math.floor(exponent + 1e-9) - DECADES, math.ceil(exponent - 1e-9) + DECADES
    return float(f"1e{low:.0f}"), float(f"1e{high:.0f}")


def _of_count(words: set[str], default: int) -> Parameter | None:
    if default <= 0:
        return None
    power = default & (default - 1) == 0
    if power and default >= SMALL_COUNT and (words & POWER_WORDS or default >= 64):
        # The values themselves: a count varied by factors of two is logarithmic.
        return DiscreteParameterRange(None, [default >> 2, default >> 1, default, default << 1, default << 2])
    if default <= SMALL_COUNT:
        return integer(1, max(2, 2 * default))
    return integer(max(1, default // FACTOR), default * FACTOR)
