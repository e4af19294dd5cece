"""Texts of other tools, read into our model and written back: one module a tool.

Promise: pure functions; text from anywhere is data and never run. All problems are said at once, a text that does not
parse with its line and column. What has no counterpart is named in `notes`; nothing is dropped without a word.
May import: the standard library, `hpo_widgets.errors`, `hpo_widgets.model`.
Threads: free to use from any thread.
"""
