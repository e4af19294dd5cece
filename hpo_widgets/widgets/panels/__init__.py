"""The panels of a dashboard: what each shows, as pure functions and small states, and the page's half beside it.

Promise: a panel is given what is new of a study and gives JSON of bounded size; a press is one call of the study.
May import: as `hpo_widgets.widgets`.
Threads: starts none; states belong to the publisher's thread, presses may arrive on any.
"""
