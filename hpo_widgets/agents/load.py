"""What running tasks take of this machine: processor, memory and, where there is one, the graphics card."""

from __future__ import annotations

import csv
import importlib
import io
import math
import os
import shutil
import subprocess
import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import psutil

GPU_S = 3.0
"""How long one question to the graphics driver may take; a driver that hangs must not hold the panels up."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """Is what one task takes, with all processes of its group."""

    cpu: float
    """Cores in use since the last look (at the first, since its start), 1.0 is one."""
    memory: int
    """Bytes of memory in use (resident; pages shared with the process it was forked from count too)."""
    processes: int
    gpu_memory: int | None
    """Bytes on graphics cards; `None` where there is none or it does not say."""


class LoadMeter:
    """Measures process groups; remembers processor times between two looks. Not safe for two threads at once."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[float, float]] = {}
        self._gpus = GpuMeter()

    def measure(self, leaders: Collection[int]) -> dict[int, Load]:
        """Gives the load of each process group that lives, by its leader.

        Args:
            leaders: Process ids of tasks; each leads a group of its own.
        """
        if not leaders:
            self._before = {}
            return {}
        now = time.time()
        members = _groups(set(leaders))
        on_gpus = self._gpus.memory()
        found, seen = {}, {}
        for leader, processes in members.items():
            spent, memory, count, born = _sum(processes)
            if not count:
                continue
            seen[leader] = (now, spent)
            since, before = self._before.get(leader, (born, 0.0))
            cpu = max(0.0, spent - before) / (now - since) if now > since else 0.0
            gpu = None if on_gpus is None else sum(on_gpus.get(pid, 0) for pid in processes)
            found[leader] = Load(cpu=cpu, memory=memory, processes=count, gpu_memory=gpu)
        self._before = seen
        return found

    def gpus(self) -> list[dict[str, Any]]:
        """Gives the graphics cards there are: index, name, percent busy, bytes used and in all."""
        return self._gpus.cards()


def _groups(leaders: set[int]) -> dict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    if not hasattr(os, "getpgid"):
        return {leader: [leader] for leader in leaders}
    for pid in psutil.pids():
        try:
            group = os.getpgid(pid)
        except (ProcessLookupError, PermissionError):
            continue
        # A task that runs in a thread shares its process with others: that process is then what is measured.
        if group in leaders:
            found[group].append(pid)
        elif pid in leaders:
            found[pid].append(pid)
    return dict(found)


def _sum(pids: Iterable[int]) -> tuple[float, int, int, float]:
    """Gives processor seconds, bytes and number of those that live, and when the first of them was born."""
    spent, memory, count, born = 0.0, 0, 0, math.inf
    for pid in pids:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                times, size = process.cpu_times(), process.memory_info().rss
                born = min(born, process.create_time())
        except psutil.Error:
            continue
        spent, memory, count = spent + times.user + times.system, memory + size, count + 1
    return spent, memory, count, born


class GpuMeter:
    """Asks NVIDIA's driver, by `pynvml` when that is installed, else by `nvidia-smi`; says nothing without either."""

    def __init__(self) -> None:
        self._program = shutil.which("nvidia-smi")
        try:
            self._library: Any = importlib.import_module("pynvml")
            self._library.nvmlInit()
        except Exception:  # noqa: BLE001 - not installed, or no driver: both mean that it cannot be asked
            self._library = None

    @property
    def is_there(self) -> bool:
        """Whether there is anybody to ask."""
        return self._library is not None or self._program is not None

    def memory(self) -> dict[int, int] | None:
        """Gives bytes on all cards by process id; `None` when nobody can tell."""
        if self._library is not None:
            return self._memory_by_library()
        found = self._ask("--query-compute-apps=pid,used_memory")
        return None if found is None else read_apps(found)

    def cards(self) -> list[dict[str, Any]]:
        """Gives the cards there are."""
        if self._library is not None:
            return [self._card(index) for index in range(self._library.nvmlDeviceGetCount())]
        return read_cards(self._ask("--query-gpu=index,name,utilization.gpu,memory.used,memory.total") or "")

    def _memory_by_library(self) -> dict[int, int]:
        lib, found = self._library, defaultdict[int, int](int)
        for index in range(lib.nvmlDeviceGetCount()):
            for process in lib.nvmlDeviceGetComputeRunningProcesses(lib.nvmlDeviceGetHandleByIndex(index)):
                found[process.pid] += process.usedGpuMemory or 0
        return dict(found)

    def _card(self, index: int) -> dict[str, Any]:
        lib = self._library
        handle = lib.nvmlDeviceGetHandleByIndex(index)
        memory = lib.nvmlDeviceGetMemoryInfo(handle)
        name = lib.nvmlDeviceGetName(handle)
        return {
            "index": index,
            "name": name.decode() if isinstance(name, bytes) else str(name),
            "busy": float(lib.nvmlDeviceGetUtilizationRates(handle).gpu),
            "used": int(memory.used),
            "total": int(memory.total),
        }

    def _ask(self, query: str) -> str | None:
        if self._program is None:
            return None
        command = [self._program, query, "--format=csv,noheader,nounits"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=GPU_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 else None


def read_apps(text: str) -> dict[int, int]:
    """Reads `pid, MiB` a line; a figure the driver does not give counts as nothing."""
    found: defaultdict[int, int] = defaultdict(int)
    for row in csv.reader(io.StringIO(text), skipinitialspace=True):
        if len(row) == 2 and row[0].isdigit():
            found[int(row[0])] += int(row[1]) << 20 if row[1].isdigit() else 0
    return dict(found)


def read_cards(text: str) -> list[dict[str, Any]]:
    """Reads `index, name, percent, MiB, MiB` a line; a figure the driver does not give is missing."""
    found = []
    for row in csv.reader(io.StringIO(text), skipinitialspace=True):
        if len(row) == 5 and row[0].isdigit():
            busy, used, total = (int(word) if word.strip().isdigit() else None for word in row[2:])
            found.append(
                {
                    "index": int(row[0]),
                    "name": row[1],
                    "busy": None if busy is None else float(busy),
                    "used": None if used is None else used << 20,
                    "total": None if total is None else total << 20,
                }
            )
    return found
