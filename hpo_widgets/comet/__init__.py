"""Comet's names for a search driven by the user's own loop: swapping `comet_ml` for `hpo_widgets.comet` is the switch.

Promise: Comet's config, and of its classes what the loop over `get_experiments` needs, with their documented meaning
(reference a9, a10). There is no engine: each process that asks for the next parameter set takes it in one transaction
of the store, so several processes share a search by its id and none gets what another has. What a dead process held
is given back by the next one that asks. An error in the loop is never swallowed.

May import: `hpo_widgets.errors`, `model`, `dialects`, `strategies`, `store`, `agents`, `engine`, `study`, `sdk`.
Threads: none are started; one optimizer belongs to one thread.
"""

from hpo_widgets.comet.experiment import Experiment, OfflineExperiment
from hpo_widgets.comet.optimizer import Optimizer

__all__ = ["Experiment", "OfflineExperiment", "Optimizer"]
