"""What drives a study while it runs: decides purely (`planner`), acts on the store (`engine`), in a thread.

Promise: every limit acts when it is due, by deadline or at the report, never on a period; nothing is lost or counted
twice when the process dies between any two lines; a trial that ended only because its study was stopped, left or killed
runs again when that goes on; one failing task, callback or proposal stays where it is.

May import: `hpo_widgets.model`, `hpo_widgets.store`, `hpo_widgets.strategies`, `hpo_widgets.agents`.
Threads: an engine belongs to one thread; everything that others want of it goes through request rows in the store. A
strategy that is slow (`thinking`) and a terminator that fits a model (`weighing`) have a process of their own each.
"""
