"""BOHB, Hyperband and ASHA: who proposes, and whether there are brackets."""

from __future__ import annotations

from typing import Literal

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.strategies.rungs_proposals import ModelProposals, RandomProposals
from hpo_widgets.strategies.rungs_strategy import RungStrategy


class Bohb(RungStrategy):
    """Starts many short trainings, goes on with the best third; a model proposes (BOHB).

    Args:
        eta: One in how many goes up.
        min_budget: Iteration of the lowest rung; `min_iteration_per_job` when absent.
        max_budget: Iteration of a whole training; `max_iteration_per_job` when absent.
        min_points_in_model: Results that a rung needs before a model of it proposes; parameters + 1 when absent.
        top_n_percent: How many of 100 results count as good.
        num_samples: Candidates among which the model chooses.
        random_fraction: Proposals that chance makes all the same.
    """

    label = "BOHB"

    def __init__(
        self,
        eta: float = 3,
        min_budget: int | None = None,
        max_budget: int | None = None,
        min_points_in_model: int | None = None,
        top_n_percent: float = 15,
        num_samples: int = 64,
        random_fraction: float = 1 / 3,
    ) -> None:
        model = ModelProposals(min_points_in_model, top_n_percent, num_samples, random_fraction)
        super().__init__(model, brackets=True, eta=eta, min_budget=min_budget, max_budget=max_budget)


class Hyperband(RungStrategy):
    """Starts many short trainings, goes on with the best third; chance proposes (Hyperband).

    Args:
        eta: One in how many goes up.
        min_budget: Iteration of the lowest rung; `min_iteration_per_job` when absent.
        max_budget: Iteration of a whole training; `max_iteration_per_job` when absent.
    """

    label = "Hyperband"

    def __init__(self, eta: float = 3, min_budget: int | None = None, max_budget: int | None = None) -> None:
        super().__init__(RandomProposals(), brackets=True, eta=eta, min_budget=min_budget, max_budget=max_budget)


class Asha(RungStrategy):
    """Starts every training at the lowest rung, goes on with the best third; a model proposes, or chance (ASHA).

    Args:
        sampler: Who proposes: "tpe", or "random" as in the paper.
        eta: One in how many goes up.
        min_budget: Iteration of the lowest rung; `min_iteration_per_job` when absent.
        max_budget: Iteration of a whole training; `max_iteration_per_job` when absent.
    """

    label = "ASHA"

    def __init__(
        self,
        sampler: Literal["tpe", "random"] = "tpe",
        eta: float = 3,
        min_budget: int | None = None,
        max_budget: int | None = None,
    ) -> None:
        if sampler not in ("tpe", "random"):
            raise InvalidInput(f"the sampler of ASHA is {shown(sampler)}; use tpe or random.", subject="strategy")
        proposals = ModelProposals() if sampler == "tpe" else RandomProposals()
        super().__init__(proposals, brackets=False, eta=eta, min_budget=min_budget, max_budget=max_budget)
