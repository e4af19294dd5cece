"""Strategies by name."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.strategies.base import Strategy
from hpo_widgets.strategies.grid import GridSearch
from hpo_widgets.strategies.random import RandomSearch
from hpo_widgets.strategies.rungs_named import Asha, Bohb, Hyperband

OPTUNA_NAMES = ("tpe", "gp", "cmaes", "qmc", "nsga2", "nsga3", "brute_force")
"""Strategies that are an `OptunaStrategy` with this sampler."""


def _optuna(sampler: str | None) -> Callable[..., Strategy]:
    def make(**options: Any) -> Strategy:
        from hpo_widgets.strategies.optuna import OptunaStrategy

        return OptunaStrategy(**({"sampler": sampler} | options if sampler else options))

    return make


def _auto(
    pruner: Any = None,
    *,
    pruner_options: Mapping[str, Any] | None = None,
    max_duplicates: int = 20,
    reproducible: bool | None = None,
) -> Strategy:
    from hpo_widgets.strategies.optuna_auto import AutoStrategy

    return AutoStrategy(pruner, pruner_options=pruner_options, max_duplicates=max_duplicates, reproducible=reproducible)


MAKERS: dict[str, Callable[..., Strategy]] = {
    "auto": _auto,
    "grid": GridSearch,
    "random": RandomSearch,
    "optuna": _optuna(None),
    **{name: _optuna(name) for name in OPTUNA_NAMES},
    "bohb": Bohb,
    "hyperband": Hyperband,
    "asha": Asha,
}


def strategy_names() -> tuple[str, ...]:
    """Gives the names that `create_strategy` knows."""
    return tuple(MAKERS)


def create_strategy(spec: str | Mapping[str, Any] | type[Strategy] | Strategy = "auto", **options: Any) -> Strategy:
    """Makes the strategy a person means.

    Args:
        spec: A name (see `strategy_names`), a dict `{"name", "options"}` as `study.config.strategy` has it, a subclass
            of `Strategy`, or an object of one.
        **options: Arguments of the strategy; for names of Optuna also the sampler's own options, `pruner` and
            `pruner_options`.

    Raises:
        InvalidInput: For an unknown name or option, a missing package, or options beside an object.
    """
    if isinstance(spec, Strategy):
        if options:
            raise InvalidInput(
                f"options {sorted(options)} were given beside a strategy object; give them to the object."
            )
        return spec
    if isinstance(spec, Mapping):
        return _from_mapping(spec, options)
    if isinstance(spec, str):
        folded = spec.casefold().replace("-", "_")
        if folded not in MAKERS:
            close = get_close_matches(folded, MAKERS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise InvalidInput(f"the strategy {shown(spec)} is unknown; use one of {', '.join(MAKERS)}.{hint}")
        strategy = _call(MAKERS[folded], folded, options)
        strategy.__dict__["_spec"] = {"name": folded, "options": options}
        return strategy
    if isinstance(spec, type) and issubclass(spec, Strategy):
        return _call(spec, spec.__name__, options)
    raise InvalidInput(
        f"{shown(spec)} is no strategy; give one of {', '.join(MAKERS)}, a Strategy class or an object of one."
    )


def _from_mapping(spec: Mapping[str, Any], options: dict[str, Any]) -> Strategy:
    name, own = spec.get("name"), spec.get("options", {})
    unknown = [key for key in spec if key not in ("name", "options")]
    if unknown or not isinstance(name, str) or not isinstance(own, Mapping):
        raise InvalidInput(
            f'{shown(dict(spec))} is no strategy; give {{"name": "tpe", "options": {{"pruner": "hyperband"}}}}, with '
            f"one of the names {', '.join(MAKERS)}."
        )
    return create_strategy(name, **{**own, **options})


def _call(maker: Callable[..., Strategy], name: str, options: dict[str, Any]) -> Strategy:
    try:
        inspect.signature(maker).bind(**options)
    except TypeError as error:
        raise InvalidInput(
            f"the strategy {name!r} cannot be made from the options {sorted(options)}: {error}."
        ) from error
    return maker(**options)


def strategy_spec(strategy: Strategy) -> dict[str, Any] | None:
    """Gives `{"name", "options"}` from which `create_strategy` makes the same again, made of what JSON can hold.

    Returns:
        `None` for a strategy that was not made from a name, or whose options are objects: that has to be pickled.
    """
    spec: dict[str, Any] | None = strategy.__dict__.get("_spec")
    if spec is None:
        plain = {GridSearch: "grid", RandomSearch: "random"}.get(type(strategy))
        return {"name": plain, "options": {}} if plain else None
    try:
        json.dumps(spec, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return {"name": spec["name"], "options": dict(spec["options"])}
