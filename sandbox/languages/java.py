"""Java. Only in images built with it."""

from __future__ import annotations

import os
import re
from typing import Any, NoReturn

from .. import child
from . import native

NAMES = ("java",)
KEEP = ("program.jar",)

_PUBLIC = re.compile(
    rb"\bpublic\s+(?:final\s+|abstract\s+)*(?:class|record|enum|interface)\s+(\w+)"
)
_CLASS = re.compile(rb"\b(?:class|record|enum|interface)\s+(\w+)")
_MAIN = re.compile(rb"\bstatic\s+(?:final\s+)?void\s+main\s*\(")


def version() -> str | None:
    """Of the compiler."""
    return native.version("javac", "-version")


def compile(task: child.Task) -> NoReturn:
    """Make `program.jar`."""
    public = _PUBLIC.search(task.source)
    file = f"{public.group(1).decode() if public else 'Main'}.java"
    child.place(file, task.source)
    os.mkdir("classes")
    small = "-J-XX:+UseSerialGC", "-J-XX:TieredStopAtLevel=1", "-J-Xmx256m"
    made = native.run(["javac", *small, "-nowarn", "-encoding", "UTF-8", "-d", "classes", file])
    if made.returncode != 0:
        os._exit(1)
    package = ["--create", "--file=program.jar", f"--main-class={_main_class(task.source)}"]
    child.execute("jar", ["jar", *small, *package, "-C", "classes", "."])


def _main_class(source: bytes) -> str:
    """The class in which `main` stands: the last one that begins before it."""
    main = _MAIN.search(source)
    before = source[: main.start()] if main else source
    names = _CLASS.findall(before)
    return names[-1].decode() if names else "Main"


def start(task: child.Task, room: Any) -> NoReturn:
    """Be the program."""
    native.only_run(task)
    with open(task.kept["program.jar"], "rb") as file:
        child.place("program.jar", file.read())
    heap = max(16, task.limits["memory_bytes"] * 5 // 8 >> 20)
    options = [f"-Xmx{heap}m", "-Xss16m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    child.execute("java", ["java", *options, "-jar", "program.jar", *task.arguments])
