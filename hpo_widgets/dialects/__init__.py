"""Dialects: text of people and other tools ⇄ the model: our own JSON, a Python cell, and what other tools write.

Promise: reading runs nothing and raises nothing but `InvalidInput`, with all problems; what a foreign text says and
the model cannot is listed, never dropped in silence. What our own writer wrote is read back as an equal value.

May import: the standard library, `hpo_widgets.errors`, `hpo_widgets.model`.
Threads: free to use from any thread.
"""
