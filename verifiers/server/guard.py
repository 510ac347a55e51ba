"""What stands before every endpoint: the token, the size of the body, slow clients, the log."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

import msgspec

from .gate import Gate
from .logs import log
from .metrics import Metrics
from .refusal import Refusal
from .settings import Settings

__all__ = ["OPEN_PATHS", "Guard"]

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

#: Where no token is asked for: what watches over servers has none.
OPEN_PATHS = ("/health", "/ready")

#: How long the rest of a refused body is read, so that the client gets to read the refusal.
DRAIN_SECONDS = 5.0

#: How a request whose client went away is logged.
CLIENT_GONE = 499


class Guard:
    """ASGI middleware: checks a request, reads its body, and logs what came of it.

    Args:
        app: what answers.
        settings: the limits.
        gates: path -> the gate that requests to it pass.
        metrics: where requests are counted.
    """

    def __init__(
        self, app: App, settings: Settings, gates: Mapping[str, Gate], metrics: Metrics
    ) -> None:
        self.app, self.settings, self.gates, self.metrics = app, settings, gates, metrics

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        exchange = _Exchange(receive, send)
        try:
            await self._answer(scope, exchange)
        except Refusal as refusal:
            await exchange.drain()
            await exchange.refuse(refusal)
        except _ClientGone:
            exchange.status = CLIENT_GONE
        except Exception as error:
            log.error("an endpoint raised", exc_info=error)
            await exchange.refuse(Refusal(500, f"{type(error).__name__}: {error}"))
        finally:
            self._record(scope, exchange, time.perf_counter() - started)

    async def _answer(self, scope: Message, exchange: _Exchange) -> None:
        path, headers = scope["path"], dict(scope["headers"])
        if path not in OPEN_PATHS:
            self._check_token(headers)
        gate = self.gates.get(path)
        if gate is None:
            await self.app(scope, exchange.receive, exchange.send)
            return
        gate.enter()
        try:
            body = await self._read(exchange, headers)
            await self.app(scope, exchange.replay(body), exchange.send)
        finally:
            gate.leave()

    def _check_token(self, headers: Mapping[bytes, bytes]) -> None:
        """Accept `Bearer TOKEN`, or Basic with the token as password, as in http://x:TOKEN@host.

        Without a token, everyone who reaches the address may ask, but not the pages that happen to
        be open in a browser there: a browser says for whom it posts.
        """
        if self.settings.token is None:
            if b"origin" in headers:
                raise Refusal(403, "web pages are answered only if they know a token: set one")
            return
        header = headers.get(b"authorization", b"")
        kind, _, shown = header.strip().partition(b" ")
        if kind.lower() == b"basic":
            try:
                shown = base64.b64decode(shown).partition(b":")[2]
            except binascii.Error:
                shown = b""
        if not hmac.compare_digest(shown.strip(), self.settings.token.encode()):
            reason = "the token is wrong" if header else "a token is needed"
            raise Refusal(
                401, f"{reason}: send Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"}
            )

    async def _read(self, exchange: _Exchange, headers: Mapping[bytes, bytes]) -> bytes:
        limit = self.settings.body_bytes
        too_large = Refusal(413, f"the body is larger than {limit:,} bytes: send smaller batches")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > limit:
            raise too_large
        try:
            body = await asyncio.wait_for(exchange.read(limit), self.settings.body_seconds)
        except asyncio.TimeoutError:
            exchange.broken = True  # no use in waiting for the rest of it
            raise Refusal(
                408, f"the body did not arrive within {self.settings.body_seconds:g} s"
            ) from None
        if body is None:
            raise too_large
        return body

    def _record(self, scope: Message, exchange: _Exchange, seconds: float) -> None:
        route = scope.get("route")
        path = getattr(route, "path", None) or (
            scope["path"] if scope["path"] in self.gates else "other"
        )
        self.metrics.request(path, exchange.status, seconds)
        if path in OPEN_PATHS or path == "/metrics":
            return
        client = scope.get("client")
        log.info(
            "request",
            extra={
                "fields": {
                    "method": scope["method"],
                    "path": path,
                    "status": exchange.status,
                    "seconds": round(seconds, 6),
                    "bytes_in": exchange.bytes_in,
                    "bytes_out": exchange.bytes_out,
                    "client": client[0] if client else None,
                }
            },
        )


class _ClientGone(Exception):
    pass


class _Exchange:
    """One request and its reply, as they pass."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.receive, self._send = receive, send
        self.status = 500  # until a reply begins
        self.bytes_in = self.bytes_out = 0
        self.broken = False
        self._complete = False
        self._begun = False

    async def read(self, limit: int) -> bytes | None:
        """Return the body, or `None` as soon as it is longer than `limit`."""
        chunks: list[bytes] = []
        while not self._complete:
            chunks.append(await self._next())
            if self.bytes_in > limit:
                return None
        return b"".join(chunks)

    async def drain(self) -> None:
        """Read and forget what is left of the body: a client that is still sending hears nothing,
        and one whose connection is closed with unread data loses the reply."""

        async def forget() -> None:
            while not self._complete:
                await self._next()

        if not self.broken:
            try:
                await asyncio.wait_for(forget(), DRAIN_SECONDS)
            except (asyncio.TimeoutError, _ClientGone):
                self.broken = True

    async def _next(self) -> bytes:
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise _ClientGone
        chunk: bytes = message.get("body", b"")
        self.bytes_in += len(chunk)
        self._complete = not message.get("more_body", False)
        return chunk

    def replay(self, body: bytes) -> Receive:
        """Return a `receive` that gives the body once more, and then what comes after it."""
        waiting = [body]

        async def receive() -> Message:
            if waiting:
                return {"type": "http.request", "body": waiting.pop(), "more_body": False}
            return await self.receive()

        return receive

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self._begun = message["status"], True
        else:
            self.bytes_out += len(message.get("body", b""))
        await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        if self._begun:
            return
        body = msgspec.json.encode({"detail": refusal.detail})
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **refusal.headers,
            **({"Connection": "close"} if self.broken else {}),
        }
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": refusal.status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})
