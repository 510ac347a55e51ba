"""One process of a program as the runner sees it: its files, limits, usage and why it ended."""

from __future__ import annotations

import array
import contextlib
import fcntl
import json
import os
import termios
import time
from collections.abc import Callable
from typing import Any

from . import linux, usage

__all__ = ["Execution", "Loop"]

CHUNK = 1 << 18  # bytes; a pipe that holds little makes both sides wait for each other
SET_PIPE_SIZE = 1031
FILES_SECONDS = 0.25  # between two looks at the scratch directory, where it has no size of its own
GRACE_SECONDS = 30.0  # for the keeper to end and clean up; then the room has failed
LEAST_REPORT = 1 << 20

Loop = Any  # register(fd, callback) and forget(fd) of the runner


class Execution:
    """Starts when it is made; calls `done` when the process and all it left have ended.

    Attributes:
        outcome: `finished`, or the limit that ended it.
        message: why it was ended, for a person.
        output: what it wrote to `stdout`, `stderr` and `report`.
        ended: what the keeper said at the end; `None` until then.
        kept: files that the keeper was ordered to keep; the caller closes them.
        started: time.monotonic() at the start.
    """

    def __init__(
        self,
        loop: Loop,
        room: Any,
        task: dict[str, Any],
        files: dict[str, int],
        orders: dict[str, list[str]],
        done: Callable[[Execution], None],
    ) -> None:
        self.loop, self.room, self.done = loop, room, done
        self.limits = task["limits"]
        self.outcome, self.message = "finished", ""
        self.output = {"stdout": bytearray(), "stderr": bytearray(), "report": bytearray()}
        self.ended: dict[str, Any] | None = None
        self.kept: dict[str, int] = {}
        self.peak_memory = 0
        self.wall_seconds = 0.0
        self._files_counted = 0.0
        self.killed_at: float | None = None
        self.looked = 0.0  # when its usage was last read
        self._open: dict[int, str] = {}
        ours = []
        passed = dict(files)
        opened = []
        try:
            for name in self.output:
                reading, writing = os.pipe2(os.O_CLOEXEC)
                fcntl.fcntl(reading, fcntl.F_SETFL, os.O_NONBLOCK)
                if name == "stdout":
                    with contextlib.suppress(OSError):  # more than one user may have in pipes
                        fcntl.fcntl(reading, SET_PIPE_SIZE, CHUNK)
                ours.append(reading)
                opened.append(writing)
                passed[name] = writing
                self._open[reading] = name
            request = {"task": task, "files": list(passed), **orders}
            linux.send(room.control, json.dumps(request).encode(), list(passed.values()))
        except BaseException:
            for fd in ours:
                os.close(fd)
            raise
        finally:
            for fd in opened:
                os.close(fd)
        self.started = self.looked = time.monotonic()
        for fd in ours:
            loop.register(fd, lambda fd=fd: self._read(fd))

    # ---- limits ----

    def deadline(self) -> float:
        """When `tick` has to be called, at the latest."""
        if self.killed_at is not None:
            return self.killed_at + GRACE_SECONDS
        return self.started + self.limits["wall_seconds"]

    def tick(self, now: float) -> bool:
        """Look at time, processor time and memory; false if the keeper does not answer any more."""
        if self.ended is not None:
            return True
        if now >= self.deadline():
            if self.killed_at is not None:
                return False
            seconds = self.limits["wall_seconds"]
            self.end("time_limit", f"ran longer than {seconds:g} seconds")
            return True
        if self.killed_at is None:
            self._look(now)
        return True

    def _look(self, now: float) -> None:
        seconds, memory, threads = usage.of_descendants(self.room.pid)
        self.peak_memory = max(self.peak_memory, memory)
        limits = self.limits
        if seconds > limits["cpu_seconds"]:
            self.end("time_limit", _processor_time(limits))
        elif memory > limits["memory_bytes"]:
            self.end("memory_limit", _too_much_memory(limits))
        elif threads > limits["processes"]:
            self.end("finished", f"had more than {limits['processes']} processes")
        if self.room.counts_files and now > self._files_counted + FILES_SECONDS:
            self._files_counted = now
            size, entries = usage.of_directory(self.room.scratch)
            if size > limits["disk_bytes"]:
                self.end("finished", f"wrote more than {limits['disk_bytes'] >> 20} MiB of files")
            elif entries >= usage.MOST_ENTRIES:
                self.end("finished", f"made more than {usage.MOST_ENTRIES} files")

    def end(self, outcome: str, message: str) -> None:
        """Have it killed; the first reason counts."""
        if self.killed_at is None and self.ended is None:
            self.outcome, self.message = outcome, message
            self.killed_at = time.monotonic()
            with contextlib.suppress(OSError):  # the keeper is gone, and the runner about to see it
                linux.send(self.room.control, b'{"end":true}', [])

    # ---- what comes from it ----

    def _read(self, fd: int) -> None:
        name = self._open[fd]
        most = self.limits["output_bytes"]
        if name == "report":
            most = max(most, LEAST_REPORT)
        buffer = self.output[name]
        try:
            data = os.read(fd, CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._close(fd)
            return
        space = most - len(buffer)
        buffer += data[:space]
        if len(data) > space:
            over = {"stdout": "standard output", "stderr": "standard error"}.get(name, "the value")
            self.end("output_limit", f"wrote more than {most} bytes to {over}")

    def _close(self, fd: int) -> None:
        self.loop.forget(fd)
        os.close(fd)
        del self._open[fd]
        self._finish()

    def over(self, ended: dict[str, Any], kept: dict[str, int]) -> None:
        """The keeper says that nothing is left of it."""
        self.ended, self.kept = ended, kept
        self.wall_seconds = time.monotonic() - self.started
        for fd in list(self._open):  # nobody can write any more: what is there is all there is
            while fd in self._open and _has_data(fd):
                self._read(fd)
            if fd in self._open:
                self.loop.forget(fd)
                os.close(fd)
                del self._open[fd]
        self._finish()

    def abandon(self) -> None:
        """Let go of it; its keeper is dead."""
        for fd in list(self._open):
            self.loop.forget(fd)
            os.close(fd)
        self._open.clear()

    def _finish(self) -> None:
        if self.ended is not None and not self._open:
            self.done(self)

    @property
    def ended_by_us(self) -> bool:
        """Whether it was killed, for whatever reason."""
        return self.killed_at is not None

    def result(self) -> dict[str, Any]:
        """The fields of a result, as on the wire."""
        assert self.ended is not None
        status, seconds = self.ended["status"], self.ended["cpu"]
        memory = max(self.ended["memory"], self.peak_memory)
        exit_code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        if self.outcome == "finished" and not self.ended_by_us:
            self._judge(seconds, memory, number)
        finished = self.outcome == "finished"
        return {
            "outcome": self.outcome,
            "exit_code": exit_code if finished else None,
            "signal": number if finished else None,
            "stdout": bytes(self.output["stdout"]),
            "stderr": bytes(self.output["stderr"]),
            "report": bytes(self.output["report"]),
            "cpu_seconds": round(seconds, 6),
            "wall_seconds": round(self.wall_seconds, 6),
            "memory_bytes": memory,
            "message": self.message,
        }

    def _judge(self, seconds: float, memory: int, number: int | None) -> None:
        """It ended by itself, or by a limit that the kernel keeps: say which."""
        if seconds > self.limits["cpu_seconds"] or number == 24:  # SIGXCPU
            self.outcome, self.message = "time_limit", _processor_time(self.limits)
        elif memory > self.limits["memory_bytes"]:
            self.outcome, self.message = "memory_limit", _too_much_memory(self.limits)
        elif number == 9 and memory > self.limits["memory_bytes"] // 2:
            self.outcome = "memory_limit"
            self.message = "killed by the kernel while it held much memory"
        elif number == 6 and any(sign in self.output["stderr"] for sign in ABORTED_FOR_MEMORY):
            self.outcome, self.message = "memory_limit", _too_much_memory(self.limits)


ABORTED_FOR_MEMORY = (b"std::bad_alloc", b"heap out of memory", b"memory allocation of")


def _processor_time(limits: dict[str, Any]) -> str:
    return f"used more than {limits['cpu_seconds']:g} seconds of processor time"


def _too_much_memory(limits: dict[str, Any]) -> str:
    return f"used more than {limits['memory_bytes'] >> 20} MiB of memory"


def _has_data(fd: int) -> bool:
    size = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, size)
    return size[0] > 0
