"""The outputs of a cell while it runs, in the form in which notebooks keep them."""

from __future__ import annotations

import base64
import io
import threading
from typing import Any, TextIO

LARGEST_STREAM = 200_000
"""Characters of each printed stream that a cell keeps; the task's console has more."""
NOT_KEPT = ("application/vnd.jupyter.widget-view+json",)
"""Views of widgets: their state is not stored, and without it they show an error."""

Output = dict[str, Any]


class Outputs:
    """Collects the outputs of one cell after another. Safe from threads that print."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: list[Output] = []
        self._shown: dict[str, list[Output]] = {}
        self._clear = False

    def begin(self, items: list[Output]) -> None:
        """Collects into another list from now on."""
        with self._lock:
            self._items, self._clear = items, False

    def stream(self, name: str, text: str) -> None:
        """Adds printed text; what carriage returns have overwritten goes, and what is too much."""
        with self._lock:
            self._clear_if_due()
            last = self._items[-1] if self._items else None
            if last is None or last.get("output_type") != "stream" or last["name"] != name:
                last = {"output_type": "stream", "name": name, "text": ""}
                self._items.append(last)
            if len(last["text"]) < LARGEST_STREAM:
                whole = last["text"] + text
                last["text"] = overwritten(whole) if "\r" in whole else whole
                if len(last["text"]) >= LARGEST_STREAM:
                    last["text"] = last["text"][:LARGEST_STREAM] + "\n[more is in the console of the task]\n"

    def display(self, data: Any, metadata: Any, display_id: str | None = None) -> None:
        """Adds something shown with `display`."""
        self._add({"output_type": "display_data", "data": kept(data), "metadata": metadata or {}}, display_id)

    def update(self, data: Any, metadata: Any, display_id: str | None) -> None:
        """Replaces what was shown under an id, in whichever cell."""
        with self._lock:
            for output in self._shown.get(display_id or "", []):
                output.update(data=kept(data), metadata=metadata or {})

    def result(self, count: int, data: Any, metadata: Any) -> None:
        """Adds the value of a cell's last expression."""
        self._add(
            {"output_type": "execute_result", "execution_count": count, "data": kept(data), "metadata": metadata or {}}
        )

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """Adds an exception."""
        self._add({"output_type": "error", "ename": name, "evalue": value, "traceback": traceback})

    def clear(self, *, wait: bool) -> None:
        """Forgets what the cell has shown, now or when it shows something else."""
        with self._lock:
            self._clear = True
            if not wait:
                self._clear_if_due()

    def _add(self, output: Output, display_id: str | None = None) -> None:
        with self._lock:
            self._clear_if_due()
            self._items.append(output)
            if display_id is not None:
                self._shown.setdefault(display_id, []).append(output)

    def _clear_if_due(self) -> None:
        if self._clear:
            self._items.clear()
            self._clear = False


def overwritten(text: str) -> str:
    r"""Gives text as a terminal shows it where `\r` goes back to the start of the line; the last of it may go on."""
    lines = text.replace("\r\n", "\n").split("\n")
    done = [line.rstrip("\r").rpartition("\r")[2] for line in lines[:-1]]
    last = lines[-1]
    end = "\r" if last.endswith("\r") else ""
    return "\n".join([*done, last.rstrip("\r").rpartition("\r")[2] + end])


def kept(data: Any) -> dict[str, Any]:
    """Gives what a notebook keeps of a bundle by MIME type: bytes as base64 text, no views of widgets."""
    return {
        mime: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for mime, value in dict(data).items()
        if mime not in NOT_KEPT
    }


class Tee(io.TextIOBase):
    """Is a standard stream that also goes to a cell's outputs; everything but text goes to the real one.

    Args:
        real: The process's own.
        name: `stdout` or `stderr`.
        outputs: Where the text goes too.
    """

    def __init__(self, real: TextIO, name: str, outputs: Outputs) -> None:
        self._real = real
        self._name = name
        self._outputs = outputs

    def write(self, text: str) -> int:
        self._outputs.stream(self._name, text)
        return self._real.write(text)

    def flush(self) -> None:
        self._real.flush()

    def fileno(self) -> int:
        return self._real.fileno()

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
