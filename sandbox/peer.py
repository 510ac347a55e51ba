"""The stream between a tester and its program: requests that may ask back before they answer."""

from __future__ import annotations

import json
import socket
from _thread import RLock
from collections.abc import Callable

__all__ = ["Gone", "Message", "Peer"]

MOST = 64 << 20  # bytes of one message

Message = dict


class Gone(Exception):
    """The other side has ended."""


class Peer:
    """One end. `answer` is called for what the other side asks, and its result is sent back."""

    def __init__(self, fd: int, answer: Callable[[Message], Message]) -> None:
        self._socket = socket.socket(fileno=fd)
        self._stream = self._socket.makefile("rb", buffering=1 << 16)
        self._answer = answer
        self._lock = RLock()

    def request(self, message: Message) -> Message:
        """The answer to a message; meanwhile whatever the other side asks is answered.

        Raises:
            Gone: if the other side ended, or does not keep to the format.
        """
        with self._lock:
            self._send(message)
            while True:
                received = self._receive()
                if "op" not in received:
                    return received
                self._send(self._answer(received))

    def serve(self) -> None:
        """Answer until the other side ends."""
        try:
            while True:
                message = self._receive()
                with self._lock:
                    self._send(self._answer(message))
        except Gone:
            return

    def _send(self, message: Message) -> None:
        data = json.dumps(message, separators=(",", ":")).encode("ascii")
        if len(data) > MOST:
            raise Gone(f"a message of {len(data)} bytes")
        try:
            self._socket.sendall(len(data).to_bytes(4, "big") + data)
        except OSError as error:
            raise Gone(str(error)) from None

    def _receive(self) -> Message:
        try:
            head = self._stream.read(4)
            size = int.from_bytes(head, "big")
            if len(head) < 4 or size > MOST:
                raise Gone("the end of the stream")
            data = self._stream.read(size)
            message = json.loads(data)
        except (OSError, ValueError, RecursionError) as error:
            raise Gone(str(error)) from None
        if len(data) < size or not isinstance(message, dict):
            raise Gone("the end of the stream")
        return message
