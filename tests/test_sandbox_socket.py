"""The socket on which the runner of a container is spoken to: who reaches it, and what is left."""

from __future__ import annotations

import contextlib
import glob
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_backends import opened

from verifiers.sandboxes import Job, Program, Run, Sandbox, docker, listener
from verifiers.sandboxes.listener import PREFIX, Listener

HELLO = Job(Program("python", "print('hello')"), (Run(),))


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where directories of sockets are made, for this test alone."""
    opened("docker", slots=1).close()
    with tempfile.TemporaryDirectory(prefix="t-") as directory:  # short: it is part of an address
        monkeypatch.setattr(tempfile, "tempdir", directory)
        yield Path(directory)


def channels(sandbox: Sandbox) -> list[Any]:
    return [runner._channel for runner in sandbox._pool._runners]


def says_hello(sandbox: Sandbox) -> bool:
    [result] = sandbox.run([HELLO])
    return result.fault is None and result.runs[0].stdout == b"hello\n"


def test_nothing_is_left_to_connect_to(temporary: Path) -> None:
    with opened("docker", slots=9, slots_per_runner=8) as sandbox:
        assert says_hello(sandbox)
        for channel in channels(sandbox):
            assert channel._wire is not None
            assert channel._listener.fileno() == -1
        assert glob.glob(f"{temporary}/{PREFIX}*") == []


#: Everything by which a program could get at the socket; prints what worked.
HOSTILE = """
import ctypes, os, socket, stat
def attempt(name, action):
    try:
        print(name, action())
    except OSError:
        pass
attempt("list", lambda: os.listdir("/host"))
attempt("read", lambda: open("/host/runner").read())
attempt("make", lambda: open("/host/mine", "w"))
attempt("remove", lambda: os.unlink("/host/runner"))
attempt("link", lambda: os.link("/host/runner", "runner"))
attempt("move", lambda: os.rename("/host/runner", "runner"))
attempt("listed", lambda: open("/proc/net/unix").read())
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    attempt("socket", lambda: socket.socket(socket.AF_UNIX, kind).connect("/host/runner"))
    ours, other = socket.socketpair(socket.AF_UNIX, kind)
    attempt("connect", lambda: ours.connect("/host/runner"))
    attempt("send", lambda: other.sendto(b"x", "/host/runner") if kind == socket.SOCK_DGRAM else
        other.connect("/host/runner"))
    ours.close()
    other.close()
for fd in range(1024):
    attempt("own socket", lambda: fd if stat.S_ISSOCK(os.fstat(fd).st_mode) else os.stat("/none"))
for pid in range(1, 64):
    attempt("other's file", lambda: os.listdir(f"/proc/{pid}/fd") if pid != os.getpid() else
        os.stat("/none"))
    attempt("stolen", lambda: ctypes.CDLL(None, use_errno=True).syscall(438, pid, 20, 0) != -1
        or os.stat("/none"))
"""


@pytest.mark.parametrize("left_open", [False, True])
def test_a_program_cannot_reach_it(left_open: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Listener] = []
    if left_open:  # as it never is while there are programs
        monkeypatch.setattr(Listener, "close", lambda left: closed.append(left))
    try:
        with opened("docker", slots=1) as sandbox:
            [result] = sandbox.run([Job(Program("python", HOSTILE), (Run(),))])
            assert result.fault is None
            assert (result.runs[0].exit_code, result.runs[0].stdout) == (0, b"")
            assert says_hello(sandbox)
            if left_open:
                with socket.socket(socket.AF_UNIX) as connection:  # so there was something to find
                    connection.connect(os.path.join(closed[0].directory, listener.NAME))
    finally:
        monkeypatch.undo()
        for left in closed:
            left.close()


def test_other_users_of_this_machine_cannot_reach_it() -> None:
    with contextlib.closing(Listener()) as made:
        assert os.stat(os.path.dirname(made.directory)).st_mode & 0o777 == 0o700


# ---- where there is no such socket ---------------------------------------------------------------


def no_socket(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "none can be made":
        monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    elif how == "the engine does not see the directory":

        class Elsewhere(Listener):
            def __init__(self) -> None:
                super().__init__()
                self.directory += "-on-another-machine"

        monkeypatch.setattr(docker, "Listener", Elsewhere)
    else:
        monkeypatch.setattr(docker, "NAME", "other")


@pytest.mark.parametrize(
    "how",
    ["none can be made", "the engine does not see the directory", "the directory shows no socket"],
)
def test_without_it_the_stream_of_the_engine_serves(
    how: str, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    no_socket(monkeypatch, how)
    with opened("docker", slots=2) as sandbox:
        assert all(says_hello(sandbox) for _ in range(3))
        large = Program("python", "import sys; sys.stdout.write(sys.stdin.read())")
        [result] = sandbox.run([Job(large, (Run(b"x" * (1 << 21)),))])
        assert result.runs[0].stdout == b"x" * (1 << 21)
        assert [channel._wire for channel in channels(sandbox)] == [None]
    assert os.listdir(temporary) == []


# ---- what is left --------------------------------------------------------------------------------

DIES = """
import os, signal, sys, tempfile
from verifiers.sandboxes import docker, open_sandbox
tempfile.tempdir = sys.argv[1]
made = docker._Container.__init__
def die(*arguments):
    made(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
docker._Container.__init__ = die
open_sandbox("docker", slots=1).start()
"""


def test_what_a_dead_client_left_is_removed_and_nothing_else(temporary: Path) -> None:
    died = subprocess.run([sys.executable, "-c", DIES, str(temporary)])
    assert died.returncode == -signal.SIGKILL
    [left] = temporary.iterdir()
    with contextlib.closing(Listener()) as made:
        assert left.exists()  # it may be of one that starts right now
        os.utime(left, (0, 0))
        Listener().close()
        assert list(temporary.iterdir()) == [Path(made.directory).parent]
