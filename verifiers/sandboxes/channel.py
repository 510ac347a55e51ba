"""A runner that was started somewhere: bytes both ways, and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import IO

__all__ = ["GRACE", "LAST_WORDS", "Channel", "Launcher", "LocalChannel", "bound_sending"]

#: Seconds that a runner whose input was closed gets to end by itself.
GRACE = 2.0

#: Seconds without progress after which a runner counts as not reading.
SEND_SECONDS = 30

#: How much of what a runner said about its trouble is kept.
LAST_WORDS = 2000


def bound_sending(connection: socket.socket) -> None:
    """Let a send fail, with `OSError`, when the other side reads nothing for `SEND_SECONDS`."""
    limit = struct.pack("@ll", SEND_SECONDS, 0)  # struct timeval
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


class Channel(ABC):
    """Bytes to and from one runner."""

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send all of `data`.

        Raises:
            OSError: if the runner is gone.
        """

    @abstractmethod
    def receive(self) -> bytes:
        """Return what has come, at least one byte; none at the end.

        Raises:
            OSError: if the runner is gone.
        """

    @abstractmethod
    def kill(self) -> None:
        """End the runner and all that it started, and wake whoever sends or receives."""

    @abstractmethod
    def last_words(self) -> str:
        """Return how it ended and what it said last, for a person."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it, without ending it: after `kill`, or in a forked child, whose it is not."""


class Launcher(ABC):
    """Starts runners in one kind of sandbox.

    Attributes:
        name: what the kind is called.
    """

    name: str

    @abstractmethod
    def launch(self, slots: int) -> Channel:
        """Start a runner with this many slots.

        Raises:
            SandboxUnavailable: if it cannot be started.
        """


class LocalChannel(Channel):
    """A runner that is a process of this machine, on a pair of sockets.

    Args:
        command: what to run.
        environment: all variables that it sees.
        user: who it runs as, with the group of the same number; by default who we are.
        directory: is removed once it has ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: dict[str, str],
        user: int | None = None,
        directory: Path | None = None,
    ):
        self._directory = directory
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the channel)
        ours, theirs = socket.socketpair()
        bound_sending(ours)
        self._socket = ours
        no_groups: list[int] | None = None if user is None else []
        try:
            self._process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._said,
                env=environment,
                cwd="/",
                user=user,
                group=user,
                extra_groups=no_groups,
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            self._said.close()
            raise
        finally:
            theirs.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> bytes:
        return self._socket.recv(1 << 16)

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        # The runner knows best what it started, and ends it when its input closes.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._directory is not None and self._directory.exists():
            # Not by `shutil.rmtree`, which recurses: a program may have made a deep tree.
            subprocess.run(["rm", "-rf", "--", self._directory], stderr=subprocess.DEVNULL)

    def last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        code = self._process.returncode
        how = "it still runs"
        if code is not None:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, size - LAST_WORDS))
        said = self._said.read().decode(errors="replace").strip()
        return f"{how}: {said}" if said else how

    def close(self) -> None:
        self._socket.close()
        self._said.close()
        if self._process.returncode is None:
            self._process.returncode = 0  # so that it is neither waited for nor warned about
