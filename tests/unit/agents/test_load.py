from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from hpo_widgets.agents import load
from hpo_widgets.agents.load import LoadMeter, read_apps, read_cards

SPIN = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
print("up", flush=True)
while True: pass
"""


@pytest.fixture
def spinning() -> Iterator[int]:
    """Is a process that spins, with a child that sleeps, in a group of its own."""
    process = subprocess.Popen([sys.executable, "-c", SPIN], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    yield process.pid
    os.killpg(process.pid, 9)
    process.wait()
    process.stdout.close()


def test_a_group_is_measured_with_all_its_processes(spinning: int) -> None:
    meter = LoadMeter()
    while not psutil.Process(spinning).cpu_times().user:
        pass

    first = meter.measure([spinning])[spinning]
    before = psutil.Process(spinning).cpu_times().user
    while psutil.Process(spinning).cpu_times().user == before:
        pass
    second = meter.measure([spinning])[spinning]

    assert first.cpu > 0
    assert second.cpu > 0
    assert second.processes == 2
    assert second.memory > 1 << 20


def test_a_process_that_is_gone_has_no_load(spinning: int) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    assert set(LoadMeter().measure([gone.pid, spinning])) == {spinning}
    assert LoadMeter().measure([]) == {}


def test_without_a_driver_nothing_is_said_of_graphics_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load.shutil, "which", lambda _: None)
    monkeypatch.setattr(load.importlib, "import_module", lambda _: (_ for _ in ()).throw(ImportError("pynvml")))

    meter = LoadMeter()

    assert meter.gpus() == []
    assert meter.measure([os.getpid()])[os.getpid()].gpu_memory is None


def test_the_drivers_answers_are_read_and_what_it_cannot_say_is_missing() -> None:
    cards = read_cards("0, NVIDIA A100-SXM4-40GB, 87, 1024, 40960\n1, Tesla T4, [N/A], [N/A], 15360\n")

    assert cards[0] == {
        "index": 0,
        "name": "NVIDIA A100-SXM4-40GB",
        "busy": 87.0,
        "used": 1 << 30,
        "total": 40 << 30,
    }
    assert (cards[1]["busy"], cards[1]["used"]) == (None, None)
    assert read_apps("123, 512\n123, 512\n9, [N/A]\n") == {123: 1 << 30, 9: 0}
    assert read_apps("No running processes found\n") == {}
