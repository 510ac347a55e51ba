"""What happens between the fork of a keeper and the first line of a program: everything is taken.

The order matters: what has to be opened is opened before the door closes behind us.
"""

from __future__ import annotations

import _signal  # `signal` wraps all in enums: as long as the rest of what is done here
import gc
import json
import os
import resource
import signal
import stat
import sys
from dataclasses import dataclass, field
from typing import Any, NoReturn

from . import confine, linux, wire

__all__ = ["PEER", "REPORT", "REQUEST", "Room", "Task", "become"]

# Open files of a program's process, whatever its language. 0, 1, 2 are what they always are.
REQUEST = 3  # call to make, JSON; not there if the program is run as a script
REPORT = 4  # what the process has to say of itself; the host takes it as the program's own words
PEER = 5  # stream to the tester, or from it to the program
FIRST_KEPT = 6  # what the compiler made, executable from memory

STREAMS = ("stdin", "stdout", "stderr", "request", "report", "peer")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Room:
    """Where the processes of one program live.

    Attributes:
        number: from 0; even for programs, odd for testers.
        scratch: the one directory that it may write to.
        uid: user and group of the programs; `None` for the user of the runner.
        confined: whether Landlock and seccomp are applied.
        look: directories that programs may read and execute.
        packages: what Python programs find on `sys.path` beside the standard library.
    """

    number: int
    scratch: str
    uid: int | None
    confined: bool
    look: tuple[str, ...]
    packages: tuple[str, ...]


@dataclass
class Task:
    """What a process is to do; read from the files that the runner passed.

    Attributes:
        mode: `compile`, `run` (a script), `call` (one function), `serve` (answer a tester) or
            `test` (be the tester).
        language: name of the driver.
        source: text of the program, as bytes.
        files: what lies beside it.
        arguments: of the command line.
        framework: of a tester.
        limits: as on the wire.
        kept: file descriptors of what the compiler made, by name.
    """

    mode: str
    language: str
    source: bytes = b""
    files: dict[str, bytes] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    framework: str | None = None
    limits: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)


def become(
    room: Room,
    paths: confine.Paths | None,
    described: dict[str, Any],
    fds: dict[str, int],
    extra: int,
) -> NoReturn:
    """Turn this freshly forked process into the program; never returns.

    Every object that is touched here is a page that this process has to copy from its keeper.

    Args:
        room: where it lives.
        paths: for Landlock, opened by the keeper.
        described: fields of its `Task`, and in `kept` the names of what the compiler made.
        fds: the files that the runner passed, by name, and `failure`, a pipe to say there why it
            could not become the program; all above 9. The program never has that pipe.
        extra: processes that the uid has beside this room's, for the limit on processes.
    """
    try:
        _signal.set_wakeup_fd(-1)
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
        os.setsid()
        task = _read(described, fds)
        _connect(fds, task)
        _limit(task, extra)
        if room.uid is not None:
            os.setresuid(room.uid, room.uid, room.uid)
        linux.prctl(linux.PR_SET_DUMPABLE, 1)  # else its own /proc entries would belong to root
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        _volunteer()
        os.umask(0o022)
        os.chdir(room.scratch)
        _place(task)
        if paths is not None:
            confine.restrict(paths, own_process=task.language not in IN_PROCESS)
        os.closerange(FIRST_KEPT + len(task.kept), _LAST)
    except BaseException as error:
        os.write(fds["failure"], f"cannot start a program: {error!r}".encode()[:500])
        os._exit(FAILED)
    gc.enable()
    from . import languages

    try:
        languages.start(task, room)
    finally:
        os._exit(FAILED)


IN_PROCESS = ("python", "python3", "py")  # languages whose programs are forked, not executed
FAILED = 213  # exit code of a process that did not become the program
_LAST = 1024


def _read(described: dict[str, Any], fds: dict[str, int]) -> Task:
    task = Task(source=_content(fds["source"]), **described)
    task.kept = {name: FIRST_KEPT + index for index, name in enumerate(task.kept)}
    if "files" in fds:
        task.files = wire.Reader().feed(_content(fds["files"]))[0]
    if "arguments" in fds:
        task.arguments = json.loads(_content(fds["arguments"]))
    return task


def _content(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


def _connect(fds: dict[str, int], task: Task) -> None:
    """The files go to their numbers."""
    for name, number in task.kept.items():
        os.dup2(fds[f"kept:{name}"], number, inheritable=True)
    for number in (0, 1, 3, 4, 5, 2):
        if STREAMS[number] in fds:
            os.dup2(fds[STREAMS[number]], number, inheritable=True)
        elif number > 2:
            os.close(number)


def _limit(task: Task, extra: int) -> None:
    limits = task.limits
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, int(limits["cpu_seconds"]) + 1),
        (resource.RLIMIT_DATA, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["disk_bytes"]),
        (resource.RLIMIT_NOFILE, 512),
        (resource.RLIMIT_MEMLOCK, 1 << 16),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_NPROC, limits["processes"] + extra),
    ):
        _, most = resource.getrlimit(kind)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (value, value))


def deepen_stack() -> None:
    """Let the first thread of this process, or of what it executes, call deeper than usual.

    Not for programs with many threads: theirs then count as so large from their start.
    """
    _, most = resource.getrlimit(resource.RLIMIT_STACK)
    size = STACK if most == resource.RLIM_INFINITY else min(STACK, most)
    resource.setrlimit(resource.RLIMIT_STACK, (size, most))


STACK = 100 << 20  # bytes; a process is laid out for at least 128 MiB


def _volunteer() -> None:
    """Where memory runs out, the kernel is to take this process and not the runner."""
    try:
        fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return
    os.write(fd, b"1000")
    os.close(fd)


def set_environment(room: Room) -> None:
    """What programs find in their environment, and nothing else."""
    os.environ.clear()
    os.environ.update(
        PATH=PATH,
        HOME=room.scratch,
        TMPDIR=room.scratch,
        LANG="C.UTF-8",
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        PYTHONDONTWRITEBYTECODE="1",
    )


def _place(task: Task) -> None:
    for name, content in task.files.items():
        place(name, content)


def place(name: str, content: bytes, mode: int = 0o644) -> None:
    """Write a file into the working directory, and the directories that lead to it.

    Raises:
        ValueError: if the name leads elsewhere.
    """
    parts = name.split("/")
    if name.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\0" in name:
        raise ValueError(f"a file named {name!r}")
    if len(parts) > 1:
        os.makedirs(os.path.dirname(name), exist_ok=True)
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with open(fd, "wb") as file:
        file.write(content)


def report(content: Any) -> None:
    """Tell the host; the last thing that a process does."""
    data = json.dumps(content, separators=(",", ":")).encode("ascii")
    view = memoryview(data)
    while view:
        view = view[os.write(REPORT, view) :]


def is_socket(fd: int) -> bool:
    """Whether the file is open and a socket."""
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False


def execute(path: str | int, arguments: list[str], environment: dict[str, str] | None = None):
    """Replace this process by another program, as a shell would start it.

    Args:
        path: of the program, looked up on `PATH`; or a file descriptor of `Task.kept`.
        arguments: including the name of the program itself.
        environment: added to the environment.
    """
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them
        signal.signal(number, signal.SIG_DFL)
    environ = {**os.environ, **(environment or {})}
    sys.stdout.flush()
    if isinstance(path, int):
        deepen_stack()  # what a compiler made; interpreters have many threads
        os.execve(path, arguments, environ)
    os.execvpe(path, arguments, environ)
