"""The names that ClearML keeps in `clearml.automation.optimization`."""

from hpo_widgets.automation.budget import Budget
from hpo_widgets.automation.objective import Objective
from hpo_widgets.automation.optimizer import HyperParameterOptimizer
from hpo_widgets.automation.search_strategy import GridSearch, RandomSearch, SearchStrategy

__all__ = ["Budget", "GridSearch", "HyperParameterOptimizer", "Objective", "RandomSearch", "SearchStrategy"]
