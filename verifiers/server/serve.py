"""Run a server until it is told to stop, and then finish what it accepted."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from ..reward import Reward
from ..sandboxes.sandbox import Sandbox
from .app import THREADS, create_app
from .connections import impatient_protocol
from .logs import log, set_up_logs
from .settings import Settings

__all__ = ["listen", "serve"]

#: Connections that the system holds for us until we take them.
BACKLOG = 2048

#: How long an idle connection is kept.
KEEP_ALIVE_SECONDS = 30


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        OSError: if the address is in use or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def serve(
    reward: Reward,
    listener: socket.socket,
    *,
    sandbox: Sandbox | None = None,
    settings: Settings | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; returns when every accepted request is answered."""
    settings = settings or Settings()
    set_up_logs()
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(
        create_app(reward, sandbox=sandbox, settings=settings),
        http=impatient_protocol(settings.body_seconds),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.shutdown_seconds),
    )
    log.info(
        "listening",
        extra={
            "fields": {
                "host": host,
                "port": port,
                "reward": reward.__name__,
                "sandbox": sandbox.name if sandbox else None,
                "token": settings.token is not None,
            }
        },
    )
    server = uvicorn.Server(config)
    with _stopped_by_signals(server):
        server.run(sockets=[listener])
    _leave_no_thread()
    log.info("stopped")


def _leave_no_thread() -> None:
    """End the process here and now if a reward never returned: Python would wait for it."""
    deadline = time.monotonic() + 1
    for thread in threading.enumerate():
        if thread.name.startswith(THREADS):
            thread.join(max(0, deadline - time.monotonic()))
            if thread.is_alive():
                log.error("stopped, though a reward never returned")
                logging.shutdown()
                os._exit(1)


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Let a signal stop the server in good order, and nothing else.

    uvicorn has its own handlers while it runs, and raises the signal once more when it is done:
    to be told to stop, and to have done so, is no failure.
    """

    def stop(number: int, frame: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
