"""The front doors: `tune`, `attach`, `studies`, `report`, `Task`, `Logger`, `Agent`, `%%objective`.

A base task is a function, a `script`, a `notebook`, a cell (`magics`) or a recorded task (`base_find`): `base_read`
tells them apart, `base_code` says what is wrong with a search over one, and keeps it. `automation` has no other rules.

Promise: one line does the common case; what a person writes is checked, all problems at once, before anything starts.
A script is read in a process of its own (`script_probe`, `capture_main`: standard library only, and what
the script imports itself), never in this one.
May import: everything below it (`hpo_widgets.study`, `strategies`, `agents`, `store`, `model`).
Threads: call from any thread. `capture` starts one a study, which waits for its helper process and ends.
"""
