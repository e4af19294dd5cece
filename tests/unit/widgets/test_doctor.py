from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hpo_widgets.model.health import Standing
from hpo_widgets.widgets import doctor as module
from hpo_widgets.widgets.doctor import Doctor
from tests.unit.model.test_health_rules import WELL


@pytest.fixture
def in_kernel(monkeypatch):
    monkeypatch.setattr(module, "has_kernel", lambda: True)
    monkeypatch.setattr(module.StaticDisplays, "show", lambda self: None)


def says(doctor, **words):
    doctor.comm.handle_msg(
        {"content": {"data": {"method": "custom", "content": {"op": "here", **words}}}, "buffers": []}
    )


def test_page_is_waited_for_until_it_says_what_it_is():
    doctor = Doctor(WELL)
    before = [row["standing"] for row in doctor.rows[:2]]

    says(doctor, front_end="JupyterLab", version="4.6.6", last=True)

    assert before == [Standing.WAITING, Standing.WAITING]
    assert doctor.rows[0]["found"] == "they work: JupyterLab 4.6.6 answered"
    assert "wait until the cell has ended" in doctor.rows[1]["found"]  # a test runs on the main thread
    assert doctor.summary == "Everything works; 1 note."
    assert doctor.is_well


def test_first_words_on_the_thread_of_the_cells_say_nothing_of_buttons_and_later_ones_beside_it_do(monkeypatch):
    doctor = Doctor(WELL)
    standings = []
    for beside, last in ((False, False), (True, False), (False, True)):
        monkeypatch.setattr(module, "is_beside_cells", lambda beside=beside: beside)
        says(doctor, front_end="JupyterLab", version="4.6.6", last=last)
        standings.append((doctor.rows[1]["standing"], doctor.settled))

    assert standings == [(Standing.WAITING, False), (Standing.GOOD, True), (Standing.GOOD, True)]


def test_what_a_page_calls_itself_is_data():
    doctor = Doctor(WELL)

    says(doctor, front_end="<img onerror=x>" * 50, version=None)

    assert len(doctor.page.front_end) <= module.LONGEST
    assert "<img" not in doctor._static()["text/html"]


def test_page_that_stays_silent_is_given_up_without_anybody_waiting(in_kernel, monkeypatch):
    async def show():
        monkeypatch.setattr(module, "ANSWER_S", 0)
        doctor = Doctor(WELL)
        doctor._repr_mimebundle_()
        assert doctor.rows[0]["standing"] is Standing.WAITING
        while not doctor._silent:
            await asyncio.sleep(0)
        return doctor

    doctor = asyncio.run(show())

    assert doctor.rows[0]["found"] == "the page has not answered"
    assert not doctor.is_well
    says(doctor, front_end="JupyterLab", version="4.6.6")
    assert doctor.is_well


def test_in_a_terminal_it_is_the_text_and_says_nothing_of_a_page():
    doctor = Doctor(replace(WELL, has_kernel=False))
    bundle, _ = doctor._repr_mimebundle_()

    assert bundle == {"text/plain": repr(doctor)}
    assert "page" not in repr(doctor)
    assert "note  kernel" in repr(doctor)


def test_closed_doctor_leaves_no_model_open():
    doctor = Doctor(WELL)
    layout = doctor.layout

    doctor.close()
    doctor._give_up()

    assert doctor.comm is None
    assert layout.comm is None
