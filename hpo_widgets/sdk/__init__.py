"""The front doors that user code imports: `tune`, `attach`, `studies`.

Promise: one line does the common case; what a person writes is checked, all problems at once, before anything starts.
May import: everything below it (`hpo_widgets.study`, `strategies`, `agents`, `store`, `model`).
Threads: call from any thread.
"""
