"""What Optuna's strategies can be told: the sampler, the pruner, and the plain arguments of their classes."""

from __future__ import annotations

import optuna

from hpo_widgets.strategies.methods import Option, plain_options
from hpo_widgets.strategies.optuna_parts import PRUNERS, SAMPLERS

OURS = (
    "seed", "warn_independent_sampling", "warn_asynchronous_seeding", "storage", "search_space", "consider_prior",
    "consider_magic_clip", "consider_endpoints", "restart_strategy", "inc_popsize", "avoid_premature_stop",
)  # fmt: skip
"""Arguments of samplers that a study sets itself, or that Optuna is taking back."""
PRUNER_NOTE = "Ends trials early that look hopeless; none ends none."


def optuna_options(sampler: str | None) -> tuple[Option, ...]:
    """Gives the options of a sampler's strategy; without one the sampler is an option itself; `auto` chooses it."""
    pruner = Option(name="pruner", default="median", choices=tuple(part.name for part in PRUNERS), note=PRUNER_NOTE)
    if sampler == "auto":
        return (pruner,)
    if sampler is None:
        names = tuple(part.name for part in SAMPLERS)
        return (Option(name="sampler", default="tpe", choices=names, note="Proposes what to try."), pruner)
    part = next(each for each in SAMPLERS if each.name == sampler)
    return (pruner, *plain_options(getattr(optuna.samplers, part.optuna_name), OURS))
