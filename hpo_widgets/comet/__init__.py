"""Comet's names for a search driven by the user's own loop: swapping `comet_ml` for `hpo_widgets.comet` is the switch.

Promise: Comet's config, `Optimizer` and `Experiment` with their documented meaning (reference a9, a10). There is no
engine: each process that asks for the next parameter set takes it in one transaction of the store, so several processes
share a search by its id and none gets what another has; asking costs what is new in the store. What a dead process held
is given back by the next one that asks, which also carries out what people ask of the search (pause, stop, enqueue).
An error in the loop is never swallowed.

What Comet leaves open is decided so. An experiment that its loop left by `break` is completed if it has logged the
metric; one that an error left is failed, with the traceback; one that was interrupted is aborted. A set that failed is
given out again up to `retryAssignLimit` times; one that was lost, interrupted, or left before it had a value at least
once more. The mean of a set's runs is what the strategy learns. `parent=` tells a new
search what another one has tried inside its ranges; its best region is never wider than it was.

May import: `hpo_widgets.errors`, `model`, `dialects`, `strategies`, `store`, `agents`, `engine`, `study`, `sdk`.
Threads: none are started; one optimizer belongs to one thread.
"""

from hpo_widgets.comet.experiment import Experiment, OfflineExperiment
from hpo_widgets.comet.optimizer import Optimizer

__all__ = ["Experiment", "OfflineExperiment", "Optimizer"]
