"""Text to model and back, in other people's words: one file a dialect.

Promise: what a person wrote is read completely or refused with all its problems at once (what was given, what is
allowed, the closest names); nothing is guessed silently. May import: `hpo_widgets.errors` and `model` only.
Threads: pure functions, safe from any thread.
"""
