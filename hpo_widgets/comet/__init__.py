"""Comet's names for a search driven by the user's own loop: swapping `comet_ml` for `hpo_widgets.comet` is the switch.

Promise: the config and the classes of Comet's `Optimizer` (reference a9, a10) with their documented meaning. There is
no engine: each process that asks for the next parameter set takes it in one transaction of the store, so several
processes share a search by its id and none gets what another has. What a dead process held is given back by the next
one that asks. An error in the loop is never swallowed. What Comet leaves open is decided in the docstrings here.

May import: `hpo_widgets.errors`, `model`, `dialects`, `strategies`, `store`, `agents`, `engine`, `study`, `sdk`.
Threads: none are started; one optimizer belongs to one thread.
"""

from hpo_widgets.comet.experiment import Experiment
from hpo_widgets.comet.optimizer import Optimizer

__all__ = ["Experiment", "Optimizer"]
