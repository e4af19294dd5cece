"""The browser's side of a widget, without a browser."""

from __future__ import annotations

import json
import threading
import time

from comm.base_comm import BaseComm

PATIENCE_S = 20.0


class Page(BaseComm):
    """Is the browser's side of a panel: takes messages as the page does."""

    def __init__(self, **arguments):
        self.messages = []
        self._news = []
        self.news = threading.Condition()
        super().__init__(**arguments)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        json.dumps(data)
        with self.news:
            self.messages.append((msg_type, data))
            content = data.get("content", {}) if data else {}
            if content.get("op") == "news":
                self._news.append((content["parts"], [bytes(memoryview(b).cast("B")) for b in buffers or []]))
            self.news.notify_all()

    def custom(self):
        return [d["content"] for kind, d in self.messages if kind == "comm_msg" and d.get("method") == "custom"]

    def told(self):
        """Gives parts and buffers, as bytes of that moment, of each message of a dashboard."""
        return list(self._news)

    def head(self):
        heads = [d["state"]["head"] for _, d in self.messages if d and "head" in d.get("state", {})]
        return heads[-1] if heads else None

    def wait_for(self, condition):
        """Waits until messages have made the condition true; it is asked without the lock, so it may take others."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            seen = len(self.messages)
            if condition():
                return
            with self.news:
                left = deadline - time.monotonic()
                assert self.news.wait_for(lambda: len(self.messages) != seen, left), f"never: {self.messages[-3:]}"  # noqa: B023
