"""A slot: what is loaded there, and the run that is under way."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Container
from typing import Any

from . import languages, linux, wire
from .execution import Execution

__all__ = ["Slot"]


class Loaded:
    """A program as files in memory that nobody can change; every run gets the same ones."""

    def __init__(self, message: dict[str, Any], available: Container[str]) -> None:
        language = message["language"]
        if not isinstance(language, str) or language.lower() not in languages.DRIVERS:
            raise ValueError(f"no language {language!r}")
        if languages.driver(language).NAMES[0] not in available:
            raise ValueError(f"the tools of {language} are not installed here")
        source, files = message["source"], message.get("files") or {}
        if not isinstance(source, bytes):
            raise ValueError("source is not bytes")
        if any(not isinstance(content, bytes) for content in files.values()):
            raise ValueError("a file is not bytes")
        self.language = language.lower()
        self.packages = [name for name in PACKAGES if name.encode() in source]
        self.fds = {"source": linux.sealed(source, "source")}
        if files:
            self.fds["files"] = linux.sealed(wire.pack(files), "files")

    @property
    def kept(self) -> list[str]:
        """What the compiler made."""
        return [name[5:] for name in self.fds if name.startswith("kept:")]

    def task(self, mode: str, message: dict[str, Any], **more: Any) -> dict[str, Any]:
        """What a process is told."""
        return {
            "mode": mode,
            "language": self.language,
            "limits": limits_of(message),
            "kept": self.kept,
            **more,
        }

    def close(self) -> None:
        """Let the memory go."""
        while self.fds:
            os.close(self.fds.popitem()[1])


# Packages that take long to load; a keeper loads one when a program first names it, for all later.
PACKAGES = ("numpy",)
FRAMEWORKS = ("script", "unittest", "pytest")
LIMITS = {
    "cpu_seconds": (int, float),
    "wall_seconds": (int, float),
    "memory_bytes": int,
    "output_bytes": int,
    "disk_bytes": int,
    "processes": int,
}


def limits_of(message: dict[str, Any]) -> dict[str, Any]:
    """The limits of a message, checked.

    Raises:
        ValueError: if one is missing or no positive number.
    """
    limits = message["limits"]
    for name, kind in LIMITS.items():
        value = limits[name]
        if not isinstance(value, kind) or isinstance(value, bool) or not 0 < value < 1 << 53:
            raise ValueError(f"limits.{name} is {value!r}")
    return {name: limits[name] for name in LIMITS}


class Slot:
    """Two rooms, one for a program and one for its tester."""

    def __init__(self, runner: Any, number: int, room: Any, tester_room: Any) -> None:
        self.runner, self.number = runner, number
        self.room, self.tester_room = room, tester_room
        self.program: Loaded | None = None
        self.tester: Loaded | None = None
        self.busy = False
        self.token: Any = None  # of the message that is answered next

    def _free(self) -> None:
        if self.busy:
            raise ValueError("the slot is busy")

    def _answer(self, kind: str, **fields: Any) -> None:
        self.busy = False
        self.runner.send({"type": kind, "slot": self.number, "token": self.token, **fields})

    def fail(self, why: str) -> None:
        """Something of ours went wrong: give up what is under way, then say so."""
        if not self.busy:
            return
        running = [room.execution for room in (self.room, self.tester_room) if room.execution]

        def ended(execution: Execution) -> None:
            for fd in execution.kept.values():
                os.close(fd)
            if self.room.execution is None and self.tester_room.execution is None:
                self._answer("fault", message=why)

        for execution in running:
            execution.done = ended
            execution.end("finished", "")
        if not running:
            self._answer("fault", message=why)

    # ---- messages ----

    def load(self, message: dict[str, Any]) -> None:
        """Hold a program ready, compiled where its language is."""
        self._free()
        self.unload_all()
        self.program = Loaded(message, self.runner.languages)
        purpose = "serve" if message.get("called") else "run"
        self._compile(self.program, message, self.room, purpose, {})

    def load_tester(self, message: dict[str, Any]) -> None:
        """Hold a tester ready beside it."""
        self._free()
        loaded = Loaded(message, self.runner.languages)
        if self.tester is not None:
            self.tester.close()
        self.tester = loaded
        shown: dict[str, int] = {}
        if self.program is not None:
            if languages.driver(self.program.language) is not languages.driver(loaded.language):
                raise ValueError("a tester is in the language of its program")
            names = getattr(languages.driver(loaded.language), "SHOWN", ())
            shown = _only(self.program.fds, *(f"kept:{name}" for name in names))
        self._compile(loaded, message, self.tester_room, "test", shown)

    def _compile(
        self,
        program: Loaded,
        message: dict[str, Any],
        room: Any,
        purpose: str,
        shown: dict[str, int],
    ) -> None:
        """Compile for a purpose: `run`, `serve` (its functions are called), or `test`.

        Args:
            shown: what the driver's `SHOWN` names of the program that is tested.
        """
        driver = languages.driver(program.language)
        if not hasattr(driver, "compile"):
            if message.get("run") is not None:
                self.run(message["run"])
            else:
                self._answer("loaded", compiled=None)
            return
        task = program.task("compile", message, arguments=[purpose])
        files = {"source": program.fds["source"], **_only(program.fds, "files"), **shown}
        task["kept"] = [name[5:] for name in shown]

        def compiled(execution: Execution) -> None:
            for name, fd in execution.kept.items():
                program.fds[f"kept:{name}"] = fd
            self._answer("loaded", compiled=execution.result())

        self.busy = True
        room.execute(task, files, compiled, keep=list(driver.KEEP))

    def unload(self, message: dict[str, Any]) -> None:
        """Forget the program and its tester."""
        self._free()
        self.unload_all()
        self._answer("unloaded")

    def unload_all(self) -> None:
        """The same, without an answer."""
        for loaded in (self.program, self.tester):
            if loaded is not None:
                loaded.close()
        self.program = self.tester = None

    def cancel(self, message: dict[str, Any]) -> None:
        """End what is under way; its result follows."""
        for room in (self.room, self.tester_room):
            if room.execution is not None:
                room.execution.end("time_limit", "cancelled")

    def run(self, message: dict[str, Any]) -> None:
        """Run the program, or its tester with the program beside it."""
        self._free()
        if self.program is None:
            raise ValueError("no program is loaded")
        framework, call = message.get("tester"), message.get("call")
        if framework is not None:
            self._test(message, framework)
            return
        arguments = [str(argument) for argument in message.get("arguments") or []]
        task = self.program.task("call" if call else "run", message)
        opened: dict[str, int] = {}
        try:
            if message.get("stdin"):
                opened["stdin"] = linux.sealed(message["stdin"], "stdin")
            if call is not None:
                opened["request"] = linux.sealed(json.dumps(call).encode(), "request")
            if arguments:
                opened["arguments"] = linux.sealed(json.dumps(arguments).encode(), "arguments")
            self.busy = True
            files = {**opened, **self.program.fds}
            self.room.execute(task, files, self._ran, packages=self.program.packages)
        finally:
            for fd in opened.values():
                os.close(fd)

    def _ran(self, execution: Execution) -> None:
        self._answer("result", **execution.result())

    def _test(self, message: dict[str, Any], framework: str) -> None:
        """Run the tester in its room and the program in the other, with a stream between them."""
        if self.program is None or self.tester is None:
            raise ValueError("no tester is loaded")
        if framework not in FRAMEWORKS:
            raise ValueError(f"a tester is one of {', '.join(FRAMEWORKS)}")
        done: dict[str, Execution] = {}

        def program_done(execution: Execution) -> None:
            done["program"] = execution
            if execution.outcome != "finished" and self.tester_room.execution is not None:
                self.tester_room.execution.end("finished", "")
            both()

        def tester_done(execution: Execution) -> None:
            done["tester"] = execution
            if self.room.execution is not None:
                self.room.execution.end("finished", "")
            both()

        def both() -> None:
            if len(done) == 2:
                self._answer("result", **_verdict(done["program"], done["tester"]))

        serving = self.program.task("serve", message)
        testing = self.tester.task("test", message, framework=framework)
        packages = [*self.tester.packages, *(["pytest"] if framework == "pytest" else [])]
        stream = socket.socketpair()
        program = {"peer": stream[0].fileno(), **self.program.fds}
        tester = {"peer": stream[1].fileno(), **self.tester.fds}
        opened: dict[str, int] = {}
        try:
            if message.get("stdin"):
                opened["stdin"] = tester["stdin"] = linux.sealed(message["stdin"], "stdin")
            self.busy = True
            self.tester_room.execute(testing, tester, tester_done, packages=packages)
            self.room.execute(serving, program, program_done, packages=self.program.packages)
        finally:
            for fd in opened.values():
                os.close(fd)
            for end in stream:
                end.close()


def _verdict(program: Execution, tester: Execution) -> dict[str, Any]:
    """The tester's result; a limit that the program ran into comes before it."""
    result, other = tester.result(), program.result()
    result["cpu_seconds"] = round(result["cpu_seconds"] + other["cpu_seconds"], 6)
    result["memory_bytes"] = other["memory_bytes"]
    result["stderr"] += other["stderr"][: program.limits["output_bytes"] - len(result["stderr"])]
    if program.outcome != "finished":
        result.update(outcome=program.outcome, exit_code=None, signal=None)
        result["message"] = f"the program {program.message}"
    elif not program.ended_by_us and other["exit_code"] != 0:
        how = other["signal"] if other["exit_code"] is None else other["exit_code"]
        kind = "signal" if other["exit_code"] is None else "exit code"
        result["message"] = f"the program ended during the test, with {kind} {how}"
    return result


def _only(fds: dict[str, int], *names: str) -> dict[str, int]:
    return {name: fds[name] for name in names if name in fds}
