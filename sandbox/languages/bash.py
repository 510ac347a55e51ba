"""Bash."""

from __future__ import annotations

import json
import os
from typing import Any, NoReturn

from .. import child, plain
from . import native

NAMES = ("bash", "sh", "shell")


def version() -> str | None:
    """Of the shell."""
    return native.version("bash", "-c", "echo $BASH_VERSION")


def start(task: child.Task, room: Any) -> NoReturn:
    """Be the program."""
    if task.mode == "test":
        child.place("tests.sh", task.source)
        native.lay_out("tester.sh")
        native.test("bash", ["bash", f"{native.HELPERS}/tester.sh", "tests.sh"])
    child.place("main.sh", task.source)
    native.check("bash", "-n", "main.sh")
    if task.mode == "call":
        _call()
    if task.mode == "serve":
        native.lay_out("serve.sh")
        child.execute("bash", ["bash", f"{native.HELPERS}/serve.sh", "main.sh"])
    child.execute("bash", ["bash", "main.sh", *task.arguments])


def _call() -> NoReturn:
    """Call a function with words; what it writes is its value, without the newlines at the end."""
    with open(child.REQUEST, encoding="ascii") as file:
        request = json.load(file)
    words = [request["function"], *map(_word, plain.decode(request["arguments"]))]
    script = 'source ./main.sh </dev/null >/dev/null; "$@"'
    ran = native.run(["bash", "-c", script, "bash", *words], stdout=native.PIPE)
    said = ran.stdout.decode("utf-8", "replace").rstrip("\n")
    if ran.returncode != 0:
        child.report({"exception": f"exit status {ran.returncode}"})
        os._exit(1)
    child.report({"value": said})
    os._exit(0)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    return " ".join(map(_word, value))
