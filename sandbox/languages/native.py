"""What the drivers share whose tools are programs of the system."""

from __future__ import annotations

import os
import shutil
import signal
from typing import Any, NoReturn

from .. import child, plain

__all__ = ["check", "failed", "lay_out", "only_run", "run", "test", "version"]

PIPE = -1  # what `subprocess` calls so
LOST = 70  # exit code of tests whose program is gone

HELPERS = ".helpers"  # directory of our files that lie beside a program or tests
_HERE = os.path.dirname(os.path.abspath(__file__))


def _read(name: str) -> bytes:
    with open(os.path.join(_HERE, name), "rb") as file:
        return file.read()


# Read once, before any process is confined: it may then read its own directory only.
_CONTENT = {
    name: _read(name) for name in os.listdir(_HERE) if name.endswith((".hpp", ".js", ".sh"))
}


def version(tool: str, *options: str) -> str | None:
    """What a tool says its version is; `None` if it is not here."""
    if shutil.which(tool) is None:
        return None
    try:
        said = run([tool, *options], capture_output=True, timeout=20)
    except Exception:  # it hangs, or is no program for this machine
        return None
    if said.returncode != 0:
        return None
    return said.stdout.decode("utf-8", "replace").strip().split("\n")[0]


def run(command: list[str], **options: Any) -> Any:
    """`subprocess.run`, loaded when it is needed.

    It brings `threading` along, and whatever forks with that in memory pays for it.
    """
    import subprocess

    return subprocess.run(command, **options)


def lay_out(*names: str) -> None:
    """Put files of ours where the program, or the tests, will find them."""
    for name in names:
        child.place(f"{HELPERS}/{name}", _CONTENT[name])


def only_run(task: child.Task) -> None:
    """End the process if it is to do more than run as a script."""
    if task.mode != "run":
        os.write(2, f"functions of programs in {task.language} cannot be called\n".encode())
        os._exit(1)


def check(*command: str) -> None:
    """End the process as one whose program does not compile, if a command says that it does not."""
    no_input = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    default = [signal.SIGPIPE, signal.SIGXFSZ]
    pid = os.posix_spawnp(
        command[0], command, os.environ, file_actions=[no_input], setsigdef=default
    )
    if os.waitpid(pid, 0)[1] != 0:
        child.report({"stage": "compile"})
        os._exit(1)


def test(path: str | int, arguments: list[str]) -> NoReturn:
    """Run tests in a process of their own, and report what came of them.

    They write a line to their report for each call they make of the program, `call`, and may write
    `message` or `broken` and why. They are trusted, as opposed to the program.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writing, child.REPORT)
        os.close(reading)
        os.close(writing)
        child.execute(path, arguments)
    os.close(writing)
    calls, notes = 0, {"message": "", "broken": ""}
    with open(reading, encoding="utf-8", errors="replace") as report:
        for line in report:
            word, _, text = line.rstrip("\n").partition(" ")
            calls += word == "call"
            if word in notes:
                notes[word] = text
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if notes["broken"]:
        _broken(notes["broken"])
    if code == 0 and calls:
        _report("passed", notes["message"], 0)
    if code == 0:
        _report("failed", "the tests never called the program", 1)
    if code == LOST or code == -signal.SIGKILL:
        _report("error", "the program ended during a test", 1)
    how = f"exit code {code}" if code > 0 else f"ended by {signal.Signals(-code).name}"
    _report("failed", notes["message"] or how, 1)


def _broken(why: str) -> NoReturn:
    """End as tests that cannot run, whatever the program."""
    child.report({"value": plain.encode({"tests": [], "broken": why})})
    os._exit(1)


def failed(why: str) -> NoReturn:
    """End as tests that the program did not pass."""
    _report("error", why, 1)


def _report(outcome: str, message: str, code: int) -> NoReturn:
    found = {"name": "script", "outcome": outcome, "message": message[:2000]}
    child.report({"value": plain.encode({"tests": [found], "broken": None})})
    os._exit(code)
