"""Records and pure rules: what a search space, an objective, a limit, a task and a study are.

Promise: everything here is immutable, compares by value, and can be read without running any user code. What people
write is validated here, all problems at once; what machines write are frozen keyword-only records, changed by copy.

May import: the standard library, pydantic, `hpo_widgets.errors`. Nothing else of this package.
Threads: free to use from any thread; nothing here starts one, opens a file or reads a clock.
"""
