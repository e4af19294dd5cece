from __future__ import annotations

import json
import threading

import comm
import pytest
from comm.base_comm import BaseComm
from IPython.core.interactiveshell import InteractiveShell

from hpo_widgets.errors import InvalidInput
from hpo_widgets.widgets import form as forms
from hpo_widgets.widgets.form import Form, Problem, Reading
from hpo_widgets.widgets.form_assets import form_script, form_style
from hpo_widgets.widgets.form_static import LISTED, Table, static_table

PATIENCE_S = 20.0


class Page(BaseComm):
    """Is the browser's side of a form."""

    def __init__(self, **arguments):
        self.messages = []
        super().__init__(**arguments)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        json.dumps(data, allow_nan=False)
        self.messages.append((msg_type, data))

    def states(self):
        """What the kernel told the page about its traits, echoes of the page's own words left out."""
        return [d["state"] for _, d in self.messages if d and d.get("method") == "update"]

    def custom(self):
        return [d["content"] for _, d in self.messages if d and d.get("method") == "custom"]

    def says(self, **state):
        """Does what a page does whose reader has typed."""
        self.brings({"method": "update", "state": state, "buffer_paths": []})

    def brings(self, data):
        self.handle_msg({"content": {"data": data, "comm_id": self.comm_id}, "buffers": []})


class CountForm(Form):
    """A form of one whole number."""

    _esm = form_script()
    title = "Count"

    def _read(self, draft):
        text = draft["fields"].get("count", "")
        if text == "crash":
            raise RuntimeError("<b>boom</b>")
        if text == "refuse":
            raise InvalidInput(["one.", "two."])
        if text.isdigit():
            return Reading(value=int(text), shown={"double": 2 * int(text)})
        return Reading(problems=[Problem("count", f"{text!r} is no whole number.")])

    def _write(self, value):
        if value is not None and not isinstance(value, int):
            raise InvalidInput(f"{value!r} is no whole number.")
        return {"fields": {"count": "" if value is None else str(value)}}

    def _table(self):
        return Table(["count"], [[str(self.draft["fields"]["count"])]])


@pytest.fixture(autouse=True)
def page(monkeypatch):
    monkeypatch.setattr(comm, "create_comm", lambda **arguments: Page(**arguments))


@pytest.fixture
def form():
    made = CountForm(3)
    yield made
    made.close()


def typed(text, seq=1):
    return {"fields": {"count": text}, "rows": [], "seq": seq}


def test_a_form_opens_with_its_value_and_all_the_page_needs(form):
    opened = form.comm.messages[0][1]["state"] if form.comm.messages else form.get_state()

    assert (form.value, form.errors) == (3, ())
    assert opened["draft"] == {"fields": {"count": "3"}, "rows": [], "seq": 0}
    assert opened["answer"] == {"double": 6, "problems": [], "seq": 0}
    assert {"value", "errors"}.isdisjoint(opened)


def test_what_is_typed_becomes_the_value_and_the_page_gets_one_answer(form):
    seen = []
    form.observe(lambda change: seen.append((change.old, change.new, form.errors)), "value")
    form.comm.messages.clear()

    form.comm.says(draft=typed("7"))

    assert seen == [(3, 7, ())]
    assert form.comm.states() == [{"answer": {"double": 14, "problems": [], "seq": 1}}]


def test_half_typed_text_is_no_value_and_has_a_message_at_its_field(form):
    form.comm.says(draft=typed("7x"))

    assert form.value is None
    assert form.errors == (Problem("count", "'7x' is no whole number."),)
    assert form.answer["problems"] == [["count", "'7x' is no whole number."]]
    assert form.draft["fields"] == {"count": "7x"}


def test_a_program_sets_the_value_through_the_same_door(form):
    form.comm.messages.clear()

    form.value = 9

    assert (form.value, form.draft["fields"], form.draft["seq"]) == (9, {"count": "9"}, 1)
    assert [set(state) for state in form.comm.states()] == [{"draft"}, {"answer"}]


def test_a_value_that_the_form_cannot_say_is_refused_and_changes_nothing(form):
    with pytest.raises(InvalidInput, match="no whole number"):
        form.value = "many"

    assert (form.value, form.draft["seq"]) == (3, 0)


def test_none_empties_the_form(form):
    form.value = None

    assert form.value is None
    assert form.draft["fields"] == {"count": ""}


@pytest.mark.parametrize(
    ("text", "said"),
    [("crash", ["the form could not be read (RuntimeError: <b>boom</b>)"]), ("refuse", ["one", "two"])],
)
def test_an_error_while_reading_is_a_message_of_the_form(form, text, said):
    form.comm.says(draft=typed(text))

    assert form.value is None
    assert [problem.field for problem in form.errors] == [""] * len(said)
    assert all(problem.text.startswith(start) for problem, start in zip(form.errors, said, strict=True))


def test_a_slow_reading_never_overwrites_a_newer_one(form, monkeypatch):
    entered, go_on = threading.Event(), threading.Event()
    read = form._read

    def slowly(draft):
        if draft["fields"]["count"] == "1":
            entered.set()
            assert go_on.wait(PATIENCE_S)
        return read(draft)

    monkeypatch.setattr(form, "_read", slowly)
    slow = threading.Thread(target=form.comm.says, kwargs={"draft": typed("1", 1)})
    slow.start()
    assert entered.wait(PATIENCE_S)

    form.comm.says(draft=typed("2", 2))
    go_on.set()
    slow.join(PATIENCE_S)

    assert (form.value, form.answer["seq"]) == (2, 2)


def test_the_last_words_of_a_page_that_is_left_are_taken_in_once(form):
    form.comm.says(draft=typed("4", 4))

    for text, seq in (("5", 5), ("6", 5), ("3", 3)):
        form.comm.brings({"method": "custom", "content": {"op": "draft", "draft": typed(text, seq)}})
    form.comm.brings({"method": "custom", "content": {"op": "draft", "draft": "no draft"}})

    assert (form.value, form.draft["seq"]) == (5, 5)


def test_require_gives_the_value_or_names_all_and_takes_the_reader_there(form):
    assert form.require() == 3

    form.comm.says(draft=typed(""))
    form.comm.messages.clear()
    with pytest.raises(InvalidInput, match="count: '' is no whole number"):
        form.require()

    assert form.comm.custom() == [{"op": "show_problems"}]


def test_without_a_kernel_a_form_is_its_table(form):
    data, _ = form._repr_mimebundle_()

    assert set(data) == {"text/plain", "text/html"}
    assert "<td>3</td>" in data["text/html"]


def test_in_a_kernel_the_table_goes_out_first_and_follows_the_value(form, monkeypatch):
    shown = []
    shell = InteractiveShell()
    shell.kernel = object()
    monkeypatch.setattr(forms, "get_ipython", lambda: shell)
    monkeypatch.setattr(forms.DisplayHandle, "display", lambda self, data, **_: shown.append(("display", data)))
    monkeypatch.setattr(forms.DisplayHandle, "update", lambda self, data, **_: shown.append(("update", data)))

    data, _ = form._repr_mimebundle_()
    form.comm.says(draft=typed("8"))
    form.comm.says(draft=typed("8", 2))

    assert "application/vnd.jupyter.widget-view+json" in data
    assert [(how, "<td>8</td>" in bundle["text/html"]) for how, bundle in shown] == [
        ("display", False),
        ("update", True),
    ]


def test_the_shared_part_stands_in_front_and_exports_nothing():
    script = form_script("space_form.js")

    assert script.count("export ") == 1
    assert script.index("class FormPage") < script.index("class SpaceView") < script.index("export default")
    assert form_style("space_form.css").index(".hpo-form {") == form_style().index(".hpo-form {")


def test_a_static_table_lists_some_messages_and_counts_the_rest():
    html = static_table("T", Table(["a"], [["<b>"]], "∞"), [f"<i>{n}" for n in range(LISTED + 2)])

    assert html.count("⚠") == LISTED + 1
    assert "and 2 more" in html
    assert "<b><b>" not in html
    assert "<i>" not in html
