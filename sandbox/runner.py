"""The runner: reads jobs from the host, hands them to keepers, watches their limits, reports back.

One thread, one epoll. It never looks into what a program wrote; it counts it and passes it on.
For each slot it has two rooms, each looked after by a keeper of its own; a keeper that died is
replaced.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import platform
import resource
import select
import socket
import sys
import sysconfig
import time
from collections.abc import Callable
from typing import Any

from . import child, confine, languages, linux, wire
from .execution import Execution
from .nursery import Nursery
from .slot import Slot

__all__ = ["Room", "Runner", "main"]

POLL_SECONDS = 0.05  # between two looks at processor time and memory
CHUNK = 1 << 20  # bytes written to the host at once
START_SECONDS = 30.0  # for a keeper to be ready
ISOLATION = ("uids", "landlock", "signals", "seccomp", "network", "pids")
DEFAULT_REQUIRED = "landlock,seccomp,signals,network"


class Room:
    """A room as the runner sees it: the connection to its keeper and what runs there."""

    def __init__(self, runner: Runner, number: int) -> None:
        self.runner, self.number = runner, number
        self.control: Any = None
        self.pid = 0
        self.signals = ""
        self.scratch = runner.nursery_rooms[number].scratch
        self.counts_files = False
        self.execution: Execution | None = None

    def open(self) -> None:
        """Have a keeper, and wait until it is ready.

        Raises:
            OSError: if none can be had; the message says why.
        """
        if self.control is not None:
            return
        control = self.runner.nursery.keeper(self.number)
        control.settimeout(START_SECONDS)
        data, _ = linux.receive(control)
        answer = json.loads(data) if data else {"failed": "its keeper died"}
        if "failed" in answer:
            control.close()
            raise OSError(f"room {self.number}: {answer['failed']}")
        self.control, self.pid, self.signals = control, answer["pid"], answer["ready"]
        self.runner.register(control.fileno(), self._hear)
        parent = os.path.dirname(self.scratch)  # a mount of its own has a size of its own
        self.counts_files = os.stat(self.scratch).st_dev == os.stat(parent).st_dev

    def execute(
        self,
        task: dict[str, Any],
        files: dict[str, int],
        done: Callable[[Execution], None],
        keep: list[str] | None = None,
        packages: list[str] | None = None,
    ) -> None:
        """Begin to run something here."""
        self.open()
        assert self.execution is None
        orders = {"keep": keep or [], "packages": packages or []}
        self.execution = Execution(self.runner, self, task, files, orders, done)

    def _hear(self) -> None:
        try:
            data, fds = linux.receive(self.control)
        except OSError:
            data, fds = b"", []
        if not data:
            self.lose("its keeper died")
            return
        answer = json.loads(data)
        execution, self.execution = self.execution, None
        if execution is None:
            return
        if answer["failed"]:  # it never became the program, and says nothing about it
            execution.abandon()
            for fd in fds:
                os.close(fd)
            self.runner.slots[self.number // 2].fail(f"room {self.number}: {answer['failed']}")
            return
        kept = {name: fds[index] for index, name in enumerate(answer["kept"])}
        execution.over(answer, kept)

    def lose(self, why: str) -> None:
        """Give the keeper up; the next execution gets a new one."""
        self.runner.log(f"room {self.number}: {why}")
        self.runner.forget(self.control.fileno())
        self.control.close()
        self.control = None
        execution, self.execution = self.execution, None
        if execution is not None:
            execution.abandon()
        self.runner.slots[self.number // 2].fail(f"room {self.number}: {why}")


class Runner:
    """The event loop, and the messages that are not about one slot."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        # The wire gets numbers of its own, so that nothing printed by mistake lands on it.
        self.host_in, self.host_out = _moved(0), _moved(1)
        os.set_blocking(self.host_out, False)
        os.dup2(2, 1)
        for number in range(3, 10):
            _fill(number)
        self.outgoing = bytearray()
        self.reader = wire.Reader()
        self.nursery_rooms = self._rooms()
        self.nursery = Nursery(self.nursery_rooms)
        self.poll = select.epoll()
        self.callbacks: dict[int, Callable[[], None]] = {}
        self.rooms = [Room(self, number) for number in range(2 * options.slots)]
        self.slots = [
            Slot(self, number, *self.rooms[2 * number : 2 * number + 2])
            for number in range(options.slots)
        ]
        self.languages: dict[str, str] = {}
        self.running, self.status = True, 0

    def _rooms(self) -> list[child.Room]:
        options = self.options
        return [
            child.Room(
                number=number,
                scratch=os.path.join(os.path.abspath(options.scratch), str(number)),
                uid=None if options.uids is None else options.uids + 2 * number,
                confined=not options.unsafe,
                look=tuple(map(os.path.abspath, options.readable)),
                packages=tuple(options.packages or _packages()),
            )
            for number in range(2 * options.slots)
        ]

    # ---- the loop ----

    def register(self, fd: int, callback: Callable[[], None], events: int = select.EPOLLIN) -> None:
        """Have `callback` called whenever `fd` can be read, or has come to its end."""
        self.callbacks[fd] = callback
        self.poll.register(fd, events)

    def forget(self, fd: int) -> None:
        """Stop that; before the file is closed."""
        del self.callbacks[fd]
        self.poll.unregister(fd)

    def start(self) -> None:
        """Have keepers for all programs and say hello.

        Raises:
            OSError: if a room cannot be had, or an isolation that is required.
        """
        for room in self.rooms[::2]:
            room.open()
        isolation = self._isolation()
        required = "" if self.options.unsafe else self.options.require
        missing = [name for name in required.split(",") if name and not isolation[name]]
        if missing:
            raise OSError(f"cannot give the isolation that is required: {', '.join(missing)}")
        self.languages = languages.available()
        self._connect()
        self.register(self.host_in, self._read)
        self.register(self.nursery.connection.fileno(), self._nursery_died)
        self.send(
            {
                "type": "hello",
                "version": wire.VERSION,
                "slots": len(self.slots),
                "python": platform.python_version(),
                "isolation": isolation,
                "languages": self.languages,
            }
        )

    def _connect(self) -> None:
        """Have the wire on a socket of the host, if it offers one and it can be reached.

        No process but this one ever has it. Standard input then says only that the host is there.
        """
        if self.options.socket is None:
            return
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(self.options.socket)
            except OSError as error:
                self.log(f"the socket of the host cannot be reached: {error}")
                return
            leash = self.host_in
            self.register(leash, lambda: self._read_leash(leash))
            self.host_in, self.host_out = (
                fcntl.fcntl(connection, fcntl.F_DUPFD_CLOEXEC, 20) for _ in range(2)
            )
            os.set_blocking(self.host_out, False)

    def _isolation(self) -> dict[str, Any]:
        confined = not self.options.unsafe
        filtered = confined and linux.MACHINE in confine.ARCHITECTURES
        return {
            "uids": self.options.uids is not None,
            "landlock": confine.VERSION if confined and confine.VERSION else False,
            "signals": self.rooms[0].signals if confined else False,
            "seccomp": filtered,
            "network": "seccomp" if filtered else False,
            "pids": os.getpid() == 1,
        }

    def loop(self) -> None:
        """Serve until the host hangs up."""
        while self.running:
            for fd, _ in self.poll.poll(self._patience()):
                callback = self.callbacks.get(fd)
                if callback is not None:  # it may have gone while another was called
                    callback()
            self._tick()

    def _active(self) -> list[Room]:
        return [room for room in self.rooms if room.execution is not None]

    def _patience(self) -> float | None:
        return POLL_SECONDS if any(room.execution for room in self.rooms) else None

    def _tick(self) -> None:
        now = time.monotonic()
        for room in self._active():
            execution = room.execution
            if execution is None or now < execution.looked + POLL_SECONDS:
                continue
            execution.looked = now
            if not execution.tick(now):
                room.lose("its keeper does not end what runs there")

    def _nursery_died(self) -> None:
        self.log("the nursery died")
        self.running, self.status = False, 3

    # ---- the host ----

    def _read(self) -> None:
        data = os.read(self.host_in, 1 << 20)
        if not data:
            self.running = False
            return
        try:
            messages = self.reader.feed(data)
        except wire.WireError as error:
            self.log(f"the host does not keep to the wire: {error}")
            self.running, self.status = False, 1
            return
        for message in messages:
            self._handle(message)

    def _read_leash(self, leash: int) -> None:
        if not os.read(leash, 4096):
            self.running = False

    def _handle(self, message: dict[str, Any]) -> None:
        kind, number, token = message.get("type"), message.get("slot"), message.get("token")
        if kind == "ping":
            self.send({"type": "pong", "token": token})
            return

        def refuse(why: str) -> None:
            self.send({"type": "refused", "slot": number, "token": token, "message": why})

        if type(number) is not int or not 0 <= number < len(self.slots):
            refuse("there is no such slot")
            return
        slot = self.slots[number]
        try:
            handle = {
                "load": slot.load,
                "load_tester": slot.load_tester,
                "run": slot.run,
                "unload": slot.unload,
                "cancel": slot.cancel,
            }[kind]
        except KeyError:
            refuse(f"no message {kind!r}")
            return
        if not slot.busy:
            slot.token = token
        try:
            handle(message)
        except (KeyError, TypeError, ValueError) as error:
            refuse(f"{kind}: {error}")
        except OSError as error:  # out of files, memory, processes: ours, not the program's
            slot.busy = True
            slot.fail(f"{kind}: {error}")

    def send(self, message: dict[str, Any]) -> None:
        """A message to the host, now or when it reads on."""
        waiting = bool(self.outgoing)
        self.outgoing += wire.pack(message)
        if not waiting:
            self._write()

    def _write(self) -> None:
        try:
            while self.outgoing:
                with memoryview(self.outgoing) as view:
                    written = os.write(self.host_out, view[:CHUNK])
                del self.outgoing[:written]
        except BlockingIOError:
            if self.host_out not in self.callbacks:
                self.register(self.host_out, self._write, select.EPOLLOUT)
            return
        except OSError:  # the host is gone
            self.running = False
        if self.host_out in self.callbacks:
            self.forget(self.host_out)

    def log(self, line: str) -> None:
        """A line for the host's log."""
        os.write(2, f"sandbox: {line}\n".encode("utf-8", "backslashreplace"))


def _moved(fd: int) -> int:
    """The same file under a number that no program will have."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20)
    os.close(fd)
    os.open(os.devnull, os.O_RDWR)
    return moved


def _fill(fd: int) -> None:
    """Occupy a low number, so that no file of ours ever has it."""
    try:
        os.fstat(fd)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        if null != fd:
            os.dup2(null, fd, inheritable=False)
            os.close(null)


def _packages() -> list[str]:
    """The site directories of this interpreter, which was started without them."""
    found = [sysconfig.get_paths()[name] for name in ("purelib", "platlib")]
    found.append("/usr/lib/python3/dist-packages")
    return [path for path in dict.fromkeys(found) if os.path.isdir(path)]


def main(arguments: list[str]) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--scratch", required=True)
    parser.add_argument("--uids", type=int)
    parser.add_argument("--socket")
    parser.add_argument("--require", default=DEFAULT_REQUIRED)
    parser.add_argument("--readable", action="append", default=[])
    parser.add_argument("--packages", action="append", default=[])
    parser.add_argument("--unsafe", action="store_true")
    options = parser.parse_args(arguments)
    unknown = set(filter(None, options.require.split(","))) - set(ISOLATION)
    if unknown:
        parser.error(f"--require knows {', '.join(ISOLATION)}; not {', '.join(sorted(unknown))}")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        runner = Runner(options)
        runner.start()
    except OSError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    runner.loop()
    return runner.status
