"""`hpo-widgets agent`: serves a queue from a terminal until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from hpo_widgets.cli.main import DONE, FAILED, INTERRUPTED
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.sdk.task_agent import Agent, AgentEvent
from hpo_widgets.sdk.task_give_back import give_back
from hpo_widgets.store.location import configure, open_store, store_folder

LOOK_S = 0.5
"""How often the main thread, which handles signals, looks whether the agent has ended."""
GIVE_BACK_S = 30.0
"""How often it looks for other agents that have died."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Says what the sub-command takes."""
    parser.epilog = (
        "Ctrl-C takes no more tasks and lets the running ones end; a second Ctrl-C aborts them. Tasks of an agent that "
        "was killed are given back when the next one starts."
    )
    parser.add_argument("--queue", default="default", help="queue to serve (default: %(default)s)")
    parser.add_argument("--slots", type=int, default=1, help="tasks at one time (default: %(default)s)")
    parser.add_argument("--gpus", default="", help="devices dealt to the slots, one each, as 0,1")
    parser.add_argument("--store", default=None, help="folder of the store (default: HPO_WIDGETS_STORE or ./.hpo)")
    parser.add_argument("--isolation", choices=["fork", "reuse", "spawn"], default=None, help="how tasks are started")
    parser.add_argument(
        "--retries", type=int, default=1, help="runs of a task that was lost with its agent (default: %(default)s)"
    )
    parser.add_argument("--until-empty", action="store_true", help="end when nothing waits and nothing runs")


def run(arguments: argparse.Namespace) -> int:
    """Serves until it is told to stop, and gives the exit code.

    Raises:
        InvalidInput: Before anything starts, for arguments that cannot be meant.
        StoreError: When the store cannot be used.
    """
    if arguments.store is not None:
        configure(store=arguments.store)
    if os.getcwd() not in sys.path:  # modules beside the notebook, for functions that come from them
        sys.path.insert(0, os.getcwd())
    agent = Agent(
        arguments.queue,
        arguments.slots,
        gpus=_devices(arguments.gpus),
        isolation=arguments.isolation,
        retries=arguments.retries,
        store=open_store(),
    )
    return _Session(agent, store_folder(), until_empty=arguments.until_empty, retries=arguments.retries).run()


def _devices(text: str) -> list[str]:
    found = [each.strip() for each in text.split(",")] if text.strip() else []
    if not all(found):
        raise InvalidInput(f"--gpus is {text!r}; give devices with commas between them, as 0,1.")
    return found


class _Session:
    """Is one agent at a terminal."""

    def __init__(self, agent: Agent, folder: Path, *, until_empty: bool, retries: int) -> None:
        self._agent = agent
        self._folder = folder
        self._until_empty = until_empty
        self._retries = retries
        self._interrupts = 0
        self._counts: dict[str, int] = {}
        self._ended: set[str] = set()

    def run(self) -> int:
        agent = self._agent
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, self._terminate)
        agent.start(self._tell)
        self._say(f"agent {agent.id} serves the queue {agent.queue!r} of {self._folder} with {agent.slots} slots")
        for task in agent.given_back:
            self._say(f"given back  {_named(task)}: {task.state.value}")
        looked = time.monotonic()
        while not agent.wait(LOOK_S):
            if self._until_empty and not self._interrupts and not agent.waiting and not agent.running:
                agent.stop()
            if time.monotonic() - looked > GIVE_BACK_S:
                looked = time.monotonic()
                for task in give_back(agent.store, retries=self._retries):
                    self._say(f"given back  {_named(task)}: {task.state.value}")
        parts = [f"{count} {state}" for state, count in sorted(self._counts.items())]
        self._say(f"agent ended: {', '.join(parts) or 'it ran no tasks'}; {agent.waiting} wait in the queue")
        if self._interrupts:
            return INTERRUPTED if self._interrupts > 1 else DONE
        return DONE if self._until_empty else FAILED

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        self._interrupts += 1
        running = len(self._agent.running)
        if self._interrupts == 1:
            self._say(f"takes no more tasks; {running} run to their end (Ctrl-C again aborts them)")
            self._agent.stop()
        else:
            self._say(f"aborts {running} tasks")
            self._agent.stop(abort=True)

    def _terminate(self, signum: int, frame: FrameType | None) -> None:
        self._interrupts = 2
        self._agent.stop(abort=True)

    def _tell(self, event: AgentEvent) -> None:
        task, ending = event.task, event.ending
        if ending is None:
            self._say(f"started     {_named(task)}")
            return
        if task.id in self._ended:  # told again when the store could not be written at once
            return
        self._ended.add(task.id)
        state = ending.state.value
        self._counts[state] = self._counts.get(state, 0) + 1
        seconds = event.time - (task.started or event.time)
        why = f" ({ending.reason})" if ending.reason else ""
        self._say(f"{state:<11} {_named(task)} after {seconds:.1f} s{why}")

    def _say(self, text: Any) -> None:
        print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def _named(task: TaskRecord) -> str:
    return f"{task.id[:8]} {task.name!r}"
