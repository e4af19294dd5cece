"""Agents: who takes tasks from a queue, how a task is started, what runs in its process, and how it reports.

Promise: one bad task (it raises, hangs, exits, crashes, floods its console, leaves processes behind) ends alone, with
its traceback, signal or exit code; a stop takes its whole process tree; nothing that a task started outlives its task,
its agent or the kernel. The kernel is never forked: a small server that has only imported things is.

May import: the standard library, `hpo_widgets.errors`, `hpo_widgets.model`, `hpo_widgets.store`; cloudpickle and
psutil lazily; IPython and nbclient in `notebook_kind_*` only, loaded where a notebook runs. What else runs in the fork
server and in a task (`forkserver_main`, `birth`, `orphans`, `running`, `child`, `child_main`, `reporter`, `results`,
`console`, `wire`, `launcher`) imports nothing else but the standard library.
Threads: an agent is one thread and the only caller of its launcher's `launch`, `exits` and `started`; `stop` and
`close` may come from any thread. The fork server and a task's process start no thread of ours.
"""
