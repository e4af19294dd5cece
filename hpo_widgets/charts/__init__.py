"""Rows and figure data made from records: pure functions, no widgets.

Promise: the same input gives the same output; missing stays missing.
May import: the standard library, pandas (lazily), `hpo_widgets.model`.
Threads: free to use from any thread.
"""
