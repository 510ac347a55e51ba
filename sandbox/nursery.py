"""Forks the keepers: a process that never sees a job, so that what comes from it is clean.

The runner asks for a keeper whenever a room needs one, at the start or after one has died.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import socket
import time
from typing import NoReturn

from . import child, keeper, linux

__all__ = ["Nursery", "spare_processes"]

# Loaded once, for all programs that will ever run. Not `threading`: whatever forks after that was
# loaded pays a third of a millisecond for it, twice what those who want it save.
WARM = (
    "bisect collections copy dataclasses datetime decimal enum fractions functools heapq io "
    "itertools json math operator random re statistics string sys time traceback typing"
).split()


class Nursery:
    """The runner's end."""

    def __init__(self, rooms: list[child.Room], keep_open: socket.socket | None = None) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            _serve(rooms, theirs)
        theirs.close()
        self.connection = ours

    def keeper(self, number: int) -> socket.socket:
        """The connection to a new keeper of the room."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        linux.send(self.connection, json.dumps(number).encode(), [theirs.fileno()])
        theirs.close()
        return ours


def _serve(rooms: list[child.Room], connection: socket.socket) -> NoReturn:
    try:
        linux.set_subreaper()
        for name in WARM:
            importlib.import_module(name)
        importlib.import_module(f"{__package__}.languages")
        for name in ("calls", "serve"):
            importlib.import_module(f"{__package__}.{name}")
        extra = spare_processes() if rooms[0].uid is None else 0
        keepers: set[int] = set()
        wakeup = linux.child_signals()
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        poll.register(wakeup, select.POLLIN)
        hung_up = False
        while not hung_up or keepers:  # keepers end by themselves when the runner does
            for fd, _ in poll.poll():
                if fd == wakeup:
                    os.read(wakeup, 4096)
                    _bury(keepers)
                    continue
                data, fds = linux.receive(connection)
                if not data:
                    hung_up = True
                    poll.unregister(connection)
                    continue
                pid = os.fork()
                if pid == 0:
                    connection.close()
                    control = socket.socket(fileno=fds[0])
                    keeper.keep(rooms[json.loads(data)], control, extra)
                keepers.add(pid)
                os.close(fds[0])
    finally:
        os._exit(0)


def _bury(keepers: set[int]) -> None:
    """Bury keepers that died, and end what they left: it is ours now."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            keepers.discard(pid)
            continue
        orphans = [pid for pid in linux.children(os.getpid()) if pid not in keepers]
        for pid in orphans:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            except PermissionError:  # with uids: the next keeper of the room ends them
                return
        if not orphans:
            return
        time.sleep(0.001)


def spare_processes() -> int:
    """Processes and threads of this user now, and some room: the limit counts all of a user."""
    count, own = 0, os.getuid()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            if os.stat(f"/proc/{entry}").st_uid == own:
                count += len(os.listdir(f"/proc/{entry}/task"))
        except OSError:
            continue
    return count + 256
