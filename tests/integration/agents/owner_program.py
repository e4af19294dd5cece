"""Plays the kernel in kill drills: serves a queue with two tasks that start processes of their own.

Usage: python owner_program.py STORE KIND. Prints the process ids of everything that must die with it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

import psutil

from hpo_widgets.agents.agent import Agent
from hpo_widgets.agents.forkserver import ForkLauncher
from hpo_widgets.agents.ship import ship
from hpo_widgets.agents.spawn import SpawnLauncher
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.sqlite import SqliteStore


def hangs(task: Any) -> None:
    """Is defined in `__main__`, as in a notebook; leaves a process in its group and one in a session of its own."""
    import subprocess

    task.report("pid", os.getpid(), 0)
    task.report("pid", subprocess.Popen(["sleep", "300"]).pid, 1)
    task.report("pid", subprocess.Popen(["sleep", "300"], start_new_session=True).pid, 2)
    time.sleep(300)


def main() -> None:
    """Starts the agent, waits until its tasks have started everything, says so, and waits to be killed."""
    store = SqliteStore(sys.argv[1])
    portable = sys.argv[2] == "portable"
    launcher = SpawnLauncher(store) if portable else ForkLauncher(store, fresh=sys.argv[2] == "spawn")
    agent = Agent(store, "q", launcher, slots=2)
    agent.start()
    shipment = ship(hangs)
    code = store.put_code("function", shipment.body, shipment.about)
    new = NewTask(study=None, trial=0, name="t", parameters={}, queue="q", code=code)
    tasks = store.create_tasks([new, new], time.time())
    while any(len(store.scalars(task.id)) < 3 for task in tasks):
        time.sleep(0.01)
    pids = [int(point.value) for task in tasks for point in store.scalars(task.id)]
    if isinstance(launcher, ForkLauncher):
        pids.append(launcher.server_pid or 0)
        if os.fork() == 0:  # as joblib in the kernel might: it keeps the kernel's end of every socket open
            time.sleep(300)
    else:  # what left its group is out of reach when nobody is there to look for it
        out_of_reach = [pid for pid in pids if psutil.Process(pid).name() == "sleep" and os.getsid(pid) == pid]
        for pid in out_of_reach:
            os.kill(pid, signal.SIGKILL)
        pids = [pid for pid in pids if pid not in out_of_reach]
    print(*pids, flush=True)
    time.sleep(300)


if __name__ == "__main__":
    main()
