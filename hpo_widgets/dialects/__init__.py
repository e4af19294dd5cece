"""Texts of people and of other tools, read into our model and written back: our own JSON, a Python cell, a tool each.

Promise: pure functions; text from anywhere is data and never run. All problems are said at once, a text that does not
parse with its line and column. What has no counterpart is named in `notes`; nothing is dropped without a word. What our
own writers wrote is read back as an equal value.

May import: the standard library, `hpo_widgets.errors`, `hpo_widgets.model`.
Threads: free to use from any thread.
"""
