"""How messages cross the pipe between host and runner; the same file serves both sides.

A message is a dict of plain JSON values in which any value may also be bytes. On the wire it is

    4 bytes   length of the head, big endian
    8 bytes   length of all parts together, likewise
    head      JSON: the message, each bytes value replaced by {"$part": size}
    parts     the bytes values, in the order in which they stand in the head

so a large standard input is copied once and never encoded. Nothing is ever unpickled. Both sides
take what they read as data to be checked: sizes are bounded before anything is kept.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["VERSION", "Reader", "WireError", "pack"]

VERSION = 2  # of the messages; said in `hello`
START = 12  # bytes before the head
MAX_HEAD = 64 << 20  # bytes of JSON in one message
MAX_PARTS = 1 << 30  # bytes beside it

Message = dict[str, Any]


class WireError(ValueError):
    """The other side does not keep to the format; the connection is of no more use."""


def pack(message: Message) -> bytes:
    """One message as it goes onto the pipe.

    >>> pack({"type": "ping"})
    b'\\x00\\x00\\x00\\x0f\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00{"type":"ping"}'
    >>> pack({"stdin": b"1 2"})
    b'\\x00\\x00\\x00\\x15\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x03{"stdin":{"$part":3}}1 2'
    """
    parts: list[bytes] = []

    def part(value: object) -> dict[str, int]:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise TypeError(f"a message cannot hold a {type(value).__name__}")
        parts.append(bytes(value))
        return {"$part": len(parts[-1])}

    # Pure ASCII, so that lone surrogates in a source text survive as escapes.
    head = json.dumps(message, separators=(",", ":"), default=part).encode("ascii")
    start = len(head).to_bytes(4, "big") + sum(map(len, parts)).to_bytes(8, "big")
    return b"".join([start, head, *parts])


class Reader:
    """Cuts the bytes that arrive into messages.

    >>> reader = Reader()
    >>> reader.feed(pack({"stdin": b"1 2"})[:10])
    []
    >>> reader.feed(pack({"stdin": b"1 2"})[10:])
    [{'stdin': b'1 2'}]
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes.

        Raises:
            WireError: if this is not the format, or a message is too large.
        """
        self._buffer += data
        messages: list[Message] = []
        while len(self._buffer) >= START:
            head = int.from_bytes(self._buffer[:4], "big")
            parts = int.from_bytes(self._buffer[4:START], "big")
            if head > MAX_HEAD or parts > MAX_PARTS:
                raise WireError(f"a message with {head} bytes of head and {parts} of parts")
            size = START + head + parts
            if len(self._buffer) < size:
                break
            with (
                memoryview(self._buffer) as view,
                view[START : START + head] as text,
                view[START + head : size] as rest,
            ):
                messages.append(_message(text, rest))
            del self._buffer[:size]
        return messages


def _message(head: memoryview, parts: memoryview) -> Message:
    taken = 0

    def part(value: dict[str, Any]) -> object:
        nonlocal taken
        if "$part" not in value:
            return value
        size = value["$part"]
        if len(value) != 1 or type(size) is not int or not 0 <= size <= len(parts) - taken:
            raise WireError("a part of no size, or of too much")
        taken += size
        return bytes(parts[taken - size : taken])

    try:
        message = json.loads(str(head, "ascii"), object_hook=part)
    except (ValueError, RecursionError) as error:
        raise WireError(f"a message head that is not JSON: {error}") from None
    if not isinstance(message, dict) or taken < len(parts):
        raise WireError("a message that is not an object, or parts that are not in it")
    return message
