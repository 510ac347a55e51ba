"""The keeper of a room: forks a process for each run, ends what it started and empties its scratch.

It reads no job and holds none, so a process forked from it finds nothing of another. With uids it
has three: its real and saved uid are its own, so that no program can signal it or look at it; its
effective uid is that of the programs, so that it can end them all, and remove all their files.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import socket
import stat
import sys
from typing import NoReturn

from . import child, confine, languages, linux

__all__ = ["keep"]

Used = tuple[int, float, int]  # wait status of the program; seconds and peak bytes of all of it


class Refused(Exception):
    """An isolation that was asked for cannot be given; the message says which and why."""


def keep(room: child.Room, control: socket.socket, extra_processes: int) -> NoReturn:
    """Look after a room until the runner hangs up; never returns."""
    if room.number % 2:
        importlib.import_module(f"{__package__}.tester")
    try:
        wakeup = linux.child_signals()
        room_paths = _enter(room)
        signals = _can_end_all(room)
        _empty(room.scratch)
        languages.prepare(room)
    except (OSError, Refused) as error:
        linux.send(control, json.dumps({"failed": str(error)}).encode(), [])
        os._exit(0)
    gc.collect()
    gc.freeze()
    gc.disable()  # the pages of the programs are to stay ours as long as they can
    linux.send(control, json.dumps({"ready": signals, "pid": os.getpid()}).encode(), [])
    while True:
        data, fds = linux.receive(control)
        if not data:
            os._exit(0)
        request = json.loads(data)
        if "files" not in request:
            continue  # told to end what has already ended
        failure, failing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        for name in request["packages"]:
            _load(name)
        pid = os.fork()
        if pid == 0:
            named = {name: fds[index] for index, name in enumerate(request["files"])}
            named["failure"] = failing
            child.become(room, room_paths, request["task"], named, extra_processes)
        for fd in fds:
            os.close(fd)
        status, seconds, peak = _watch(pid, control, wakeup, signals)
        kept = _collect(room.scratch, request["keep"])
        _empty(room.scratch)
        answer = {"status": status, "cpu": seconds, "memory": peak, "kept": list(kept)}
        os.close(failing)
        answer["failed"] = os.read(failure, 1000).decode(errors="replace")
        os.close(failure)
        linux.send(control, json.dumps(answer).encode(), list(kept.values()))
        for fd in kept.values():
            os.close(fd)


def _load(name: str) -> None:
    """Have a package in memory, so that every process forked from now on has it.

    It comes from where the interpreter has its packages, and sees no program.
    """
    if name in _looked_for:
        return
    _looked_for.add(name)
    # Not installed, or not for this interpreter: programs will be told the same.
    with contextlib.suppress(Exception):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


_looked_for: set[str] = set()


def _enter(room: child.Room) -> confine.Paths | None:
    """Take the room's uids, its scratch directory and a domain of its own."""
    linux.set_subreaper()
    for number in (0, 1, 3, 4, 5):
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        if null != number:
            os.dup2(null, number, inheritable=False)
            os.close(null)
    for number in range(6, 10):  # so that files passed to us never have the numbers of a program's
        if not _is_open(number):
            os.dup2(0, number, inheritable=False)
    _own(room)
    if room.uid is not None:
        os.setgroups([])
        os.setresgid(room.uid, room.uid, room.uid)
        os.setresuid(room.uid + 1, room.uid, room.uid + 1)
        _end_predecessors()
        if not os.access(os.__file__, os.R_OK, effective_ids=True):
            raise Refused(
                f"uid {room.uid} cannot read the standard library of {sys.executable}; "
                "use an interpreter outside of home directories, or no uids"
            )
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    child.set_environment(room)
    if not room.confined:
        return None
    linux.drop_capabilities()
    if confine.VERSION >= 6:
        confine.scope_signals()
    confine.deny_calls()  # what programs may not, we need not
    return confine.Paths(
        look=[*LOOK, *room.look, *room.packages],
        use=["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"],
        own=[room.scratch],
    )


LOOK = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt/java"),
    *("/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime", "/etc/passwd", "/etc/group"),
    *("/etc/nsswitch.conf", "/etc/mime.types", "/etc/java-17-openjdk", "/etc/timezone"),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/version", "/sys/devices/system/cpu"),
    *(sys.base_prefix, sys.base_exec_prefix),
)


def _end_predecessors() -> None:
    """End what the keeper before us left when it died: it has our uid."""
    try:
        os.kill(os.getppid(), 0)
    except PermissionError:  # so the signal goes to this uid only
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(-1, signal.SIGKILL)


def _own(room: child.Room) -> None:
    """Make the scratch directory, or see that the one that is there is the room's."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(room.scratch, 0o700)
    info = os.lstat(room.scratch)
    if not stat.S_ISDIR(info.st_mode):
        raise Refused(f"{room.scratch} is not a directory")
    owner = os.geteuid() if room.uid is None else room.uid
    if info.st_uid != owner:
        os.chown(room.scratch, owner, owner)


def _is_open(fd: int) -> bool:
    try:
        fcntl.fcntl(fd, fcntl.F_GETFD)
    except OSError:
        return False
    return True


def _can_end_all(room: child.Room) -> str:
    """How every process of a program is ended: by the kernel, in one call, or one by one."""
    try:
        os.kill(os.getppid(), 0)
    except PermissionError:  # so a signal to everybody reaches nobody but the room's programs
        return "uids" if room.uid is not None else "landlock"
    if room.confined:
        raise Refused(
            "programs could leave processes behind: it takes root and --uids, or Linux 6.12"
        )
    return "one by one"


def _watch(pid: int, control: socket.socket, wakeup: int, signals: str) -> Used:
    """Wait for the program; then end and bury everything it left."""
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(wakeup, select.POLLIN)
    status: int | None = None
    seconds, peak = 0.0, 0
    hung_up = False
    while status is None:
        for fd, _ in poll.poll():
            if fd == wakeup:
                os.read(wakeup, 4096)
            else:
                hung_up = not linux.receive(control)[0]
                _end_all(signals, pid)
                poll.unregister(control)
        for buried, how, usage in _bury(os.WNOHANG):
            seconds += usage.ru_utime + usage.ru_stime
            peak = max(peak, usage.ru_maxrss << 10)
            if buried == pid:
                status = how
    while True:
        _end_all(signals, None)
        left = 0
        for _, _, usage in _bury(0):
            seconds += usage.ru_utime + usage.ru_stime
            peak = max(peak, usage.ru_maxrss << 10)
            left += 1
        if not left:
            break
    if hung_up:
        os._exit(0)
    return status, seconds, peak


def _bury(options: int):
    """Each child that has ended; with no options one that will, or none if there is no child."""
    while True:
        try:
            buried, how, usage = os.wait4(-1, options)
        except ChildProcessError:
            return
        if buried == 0:
            return
        yield buried, how, usage
        if options == 0:
            return


def _end_all(signals: str, pid: int | None) -> None:
    """Kill every process of the program. One call of the kernel cannot be outrun by forking."""
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
    try:
        if signals != "one by one":
            os.kill(-1, signal.SIGKILL)
            return
        for child_pid in linux.descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child_pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _collect(scratch: str, names: list[str]) -> dict[str, int]:
    """What the compiler made, as sealed files in memory."""
    kept = {}
    for name in names:
        try:
            fd = os.open(
                os.path.join(scratch, name),
                os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
            )
        except OSError:
            continue
        with open(fd, "rb") as file:
            info = os.fstat(fd)
            if stat.S_ISREG(info.st_mode) and info.st_size <= MOST_KEPT:
                kept[name] = linux.sealed(file.read(), name)
    return kept


MOST_KEPT = 256 << 20  # bytes of one file


def _empty(scratch: str) -> None:
    """Remove all that is in the directory, however deep, whatever its permissions.

    Never descends more than one level: what lies deeper is first moved up.
    """
    os.chmod(scratch, 0o700)  # a program may have closed it, also to us
    top = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        moved = 0
        names = os.listdir(top)
        while names:
            name = names.pop()
            if not stat.S_ISDIR(os.lstat(name, dir_fd=top).st_mode):
                os.unlink(name, dir_fd=top)
                continue
            os.chmod(name, 0o700, dir_fd=top)
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
            try:
                for entry in os.listdir(inner):
                    if stat.S_ISDIR(os.lstat(entry, dir_fd=inner).st_mode):
                        os.chmod(entry, 0o700, dir_fd=inner)
                        moved += 1
                        upper = f".emptied-{moved}"
                        while _exists(upper, top):
                            moved += 1
                            upper = f".emptied-{moved}"
                        os.rename(entry, upper, src_dir_fd=inner, dst_dir_fd=top)
                        names.append(upper)
                    else:
                        os.unlink(entry, dir_fd=inner)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)


def _exists(name: str, directory: int) -> bool:
    try:
        os.lstat(name, dir_fd=directory)
    except FileNotFoundError:
        return False
    return True
