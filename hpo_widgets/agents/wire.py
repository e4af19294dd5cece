"""Messages between an agent and its fork server: a JSON head and an opaque body, over a stream socket."""

from __future__ import annotations

import json
import struct
from typing import Any

_SIZES = struct.Struct(">II")

Message = tuple[dict[str, Any], bytes]


def encode(head: dict[str, Any], body: bytes = b"") -> bytes:
    """Gives the bytes of one message."""
    text = json.dumps(head).encode()
    return _SIZES.pack(len(text), len(body)) + text + body


class Inbox:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Takes received bytes and gives the messages that are complete."""
        self._bytes += data
        found: list[Message] = []
        while len(self._bytes) >= _SIZES.size:
            head, body = _SIZES.unpack_from(self._bytes)
            end = _SIZES.size + head + body
            if len(self._bytes) < end:
                break
            text = bytes(self._bytes[_SIZES.size : _SIZES.size + head])
            found.append((json.loads(text), bytes(self._bytes[_SIZES.size + head : end])))
            del self._bytes[:end]
        return found
