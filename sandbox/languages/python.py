"""Python: the process is forked from a warm interpreter and runs the program in itself."""

from __future__ import annotations

import _sitebuiltins
import atexit
import builtins
import io
import linecache
import os
import platform
import sys
import traceback
from types import CodeType, ModuleType
from typing import Any, NoReturn

from .. import child

NAMES = ("python", "python3", "py")
FILE = "main.py"


def version() -> str | None:
    """Of the interpreter that this is."""
    return platform.python_version()


def prepare(room: child.Room) -> None:
    """Make of the keeper's interpreter what a program finds."""
    _fresh_streams()
    _builtins()
    sys.path[:] = [path for path in sys.path if path not in room.packages]
    sys.path += room.packages
    sys.dont_write_bytecode = True


def start(task: child.Task, room: child.Room) -> NoReturn:
    """Be the program."""
    child.deepen_stack()
    sys.argv[:] = [FILE, *task.arguments]
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if task.mode == "run":
        if task.files:
            sys.path.insert(0, room.scratch)
        finish(run_script(task.source))
    elif task.mode == "call":
        from .. import calls

        calls.answer_one(task)
    elif task.mode == "serve":
        from .. import serve

        serve.main(task)
    else:
        from .. import tester

        tester.main(task)
    os._exit(child.FAILED)


def _fresh_streams() -> None:
    """Streams for what the process of a program will have as files 0, 1 and 2."""
    ours = os.dup(2)
    reading, writing = os.pipe2(os.O_CLOEXEC)  # they look whether it can seek: a pipe cannot
    for number in (1, 2):
        os.dup2(writing, number, inheritable=False)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        raw = io.FileIO(number, "r" if number == 0 else "w", closefd=False)
        buffer: Any = io.BufferedReader(raw) if number == 0 else io.BufferedWriter(raw)
        stream = io.TextIOWrapper(
            buffer,
            encoding="utf-8",
            errors="backslashreplace" if number == 2 else "surrogateescape",
            line_buffering=number == 2,
        )
        stream.mode = "r" if number == 0 else "w"  # type: ignore[attr-defined]
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.dup2(0, 1, inheritable=False)
    os.dup2(ours, 2)
    for fd in (ours, reading, writing):
        os.close(fd)


def _builtins() -> None:
    """What `site` would have added, for the interpreter was started without it."""
    end = "Ctrl-D (i.e. EOF)"
    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, end))
    builtins.help = _sitebuiltins._Helper()


UNCOMPILED = (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError)


def code_of(source: bytes) -> CodeType:
    """The program as code; raises one of `UNCOMPILED` if it has a syntax error."""
    text = source.decode("utf-8", "replace")
    linecache.cache[FILE] = (len(text), None, text.splitlines(True), FILE)
    return compile(source, FILE, "exec", dont_inherit=True)


def compiled(source: bytes) -> CodeType:
    """The same; ends the process with a report if it has a syntax error."""
    try:
        return code_of(source)
    except UNCOMPILED as error:
        sys.stderr.write("".join(traceback.format_exception_only(type(error), error)))
        sys.stderr.flush()
        child.report({"stage": "compile", "exception": describe(error)})
        os._exit(1)


def module(name: str) -> ModuleType:
    """An empty module of the name, in place of what has it."""
    made = ModuleType(name)
    made.__dict__["__builtins__"] = builtins
    sys.modules[name] = made
    return made


def run_script(source: bytes) -> BaseException | None:
    """Run the program as `python main.py` would; what ended it, if something did."""
    code = compiled(source)
    main = module("__main__")
    main.__dict__["__file__"] = FILE
    try:
        exec(code, main.__dict__)
    except BaseException as error:
        return error
    return None


def describe(error: BaseException) -> str:
    """Type and message of an exception, in one line."""
    try:
        text = str(error)
    except BaseException:
        text = ""
    name = type(error).__name__
    return f"{name}: {text}"[:2000] if text else name


def trace(error: BaseException) -> str:
    """The traceback without the frames of our own files."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = traceback.TracebackException.from_exception(error)
    found.stack[:] = [frame for frame in found.stack if not frame.filename.startswith(here)]
    return "".join(found.format())


def status_of(error: BaseException | None) -> int:
    """The exit code that the interpreter would end with, after it said why on standard error."""
    if error is None:
        return 0
    if isinstance(error, SystemExit):
        code = error.code
        if code is None:
            return 0
        if isinstance(code, int):
            return code & 0xFF
        print(code, file=sys.stderr)
        return 1
    if sys.excepthook is not sys.__excepthook__:  # the program's own
        sys.excepthook(type(error), error, error.__traceback__)
    else:
        sys.stderr.write(trace(error))
    return 130 if isinstance(error, KeyboardInterrupt) else 1


def finish(error: BaseException | None) -> NoReturn:
    """End as the interpreter would: threads, exit functions, streams, exit code."""
    status = 1
    try:
        status = status_of(error)
        if error is not None:
            child.report({"exception": describe(error)})
        if "threading" in sys.modules:
            sys.modules["threading"]._shutdown()
        atexit._run_exitfuncs()
    except BaseException as late:
        status = status_of(late) or status
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # closed, or the reader is gone
            status = status or 120
    os._exit(status)
