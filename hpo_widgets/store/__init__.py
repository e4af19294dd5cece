"""The durable record: studies, tasks, scalars, code and requests; the only place where the parts of a search meet.

Promise: what a call has written when it returns survives the death of any process at any moment; readers follow a
cursor and pay only for what is new; many processes may use one store; opening, listing and showing a store runs none
of its contents.

May import: the standard library, `hpo_widgets.errors`, `hpo_widgets.model`.
Threads: a store may be used from any thread; each thread has its own connection, and a process opens its own after a
fork, never before.
"""
