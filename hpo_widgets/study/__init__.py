"""The handle to one study: the composition root that opens its store, starts its engine, steers it and reads it.

Promise: every call works the same from the kernel that runs the study and from any other process; what steers is one
request row; nothing here blocks except `wait`. No display code.

May import: the layers below (errors, model, strategies, store, charts, agents, engine). Threads: `insight` starts one
that waits for a helper process, nothing else starts any; `Study` is safe to use from any thread.
"""

from __future__ import annotations

from hpo_widgets.study.results import TaskResult
from hpo_widgets.study.study import Study

__all__ = ["Study", "TaskResult"]
