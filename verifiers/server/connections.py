"""Connections that do not wait forever for a request to begin, nor read headers without an end."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["HEAD_BYTES", "impatient_protocol"]

#: The longest address and headers of a request.
HEAD_BYTES = 64 << 10


def impatient_protocol(seconds: float) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with limits for what comes before the body.

    uvicorn itself takes headers of any length, and counts idle time only between requests, so that
    clients that say nothing, or one header a minute, could use up all connections.

    Args:
        seconds: how long the headers of a request may take, and a new connection to send them.
    """

    class ImpatientProtocol(HttpToolsProtocol):
        _patience: asyncio.TimerHandle
        _body_bytes = _other_bytes = 0  # of the request that is being read

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._await_head()

        def connection_lost(self, exc: Any) -> None:
            self._patience.cancel()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            self._other_bytes += len(data)
            super().data_received(data)
            # A chunked body has lines of its own between its pieces.
            if self._other_bytes > HEAD_BYTES + self._body_bytes:
                detail = f"the headers are longer than {HEAD_BYTES:,} bytes"
                self._refuse("431 Request Header Fields Too Large", detail)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._body_bytes = self._other_bytes = 0
            self._patience.cancel()
            self._await_head()

        def on_headers_complete(self) -> None:
            self._patience.cancel()
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            self._body_bytes += len(body)
            self._other_bytes -= len(body)
            super().on_body(body)

        def send_400_response(self, msg: str) -> None:
            self._refuse("400 Bad Request", msg)

        def _await_head(self) -> None:
            self._patience = self.loop.call_later(seconds, self._give_up)

        def _give_up(self) -> None:
            cycle: Any = self.cycle  # of the last request whose headers are here
            if cycle is not None and not cycle.response_complete:
                self._await_head()  # it is still being answered
            elif not self.transport.is_closing():
                self.transport.close()

        def _refuse(self, status: str, detail: str) -> None:
            if self.transport.is_closing():
                return
            body = msgspec.json.encode({"detail": detail})
            head = (
                f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
            self.transport.close()

    return ImpatientProtocol
