"""One driver for each language; a driver turns a prepared process into the program.

A driver is a module of this package with

    NAMES: tuple[str, ...]          the language, its usual name first
    version() -> str | None         of its tools; `None` if they are not here. Called once, at start
    compile(task) -> NoReturn       only where there is a compiler. The working directory is the
                                    scratch directory, `task.files` lie in it, the source does not:
                                    write it with `child.place`, then `child.execute` the compiler.
                                    `task.arguments[0]` says what for: `run` (as a script), `serve`
                                    (its functions will be called) or `test` (it is a tester)
    KEEP: tuple[str, ...]           what the compiler leaves behind and later runs need; each run
                                    finds it as a file descriptor, `task.kept[name]`
    SHOWN: tuple[str, ...]          what of a program's `KEEP` the compiler of its tester finds in
                                    its own `task.kept`; only where there is such
    start(task, room) -> NoReturn   be the program: `task.mode` is `run`, `call`, `serve` or `test`
    prepare(room)                   only where there is something that all programs of a room have
                                    in common: what is done here, they need not do

`compile` and `start` run in the process of the program, limited and confined already, never
elsewhere; `prepare` in its keeper, once, before there is any program.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from types import ModuleType
from typing import Any

from .. import child

__all__ = ["DRIVERS", "available", "driver", "prepare", "start"]

# Loaded when the package is, before any keeper is forked: a program's process imports nothing here.
DRIVERS: dict[str, ModuleType] = {}
for _found in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
    _module = importlib.import_module(f"{__name__}.{_found.name}")
    for _name in getattr(_module, "NAMES", ()):
        DRIVERS[_name] = _module


def available() -> dict[str, str]:
    """Versions of the languages whose tools are here, by usual name."""
    from concurrent.futures import ThreadPoolExecutor  # for the runner alone, so not above

    modules = list(dict.fromkeys(DRIVERS.values()))
    with ThreadPoolExecutor() as pool:  # some tools take their time to say
        versions = pool.map(lambda module: module.version(), modules)
        found = {modules[index].NAMES[0]: version for index, version in enumerate(versions)}
    return {name: version for name, version in found.items() if version is not None}


def driver(language: str) -> ModuleType:
    """The driver of a language.

    Raises:
        KeyError: if there is none.
    """
    return DRIVERS[language.lower()]


def prepare(room: Any) -> None:
    """Have all drivers prepare for the programs of a room."""
    for module in dict.fromkeys(DRIVERS.values()):
        if hasattr(module, "prepare"):
            module.prepare(room)


def start(task: Any, room: Any) -> None:
    """Hand this process to the driver of its language; never returns."""
    module = driver(task.language)
    try:
        if task.mode == "compile":
            module.compile(task)
        else:
            module.start(task, room)
    except OSError as error:  # no such compiler, for one
        os.write(2, f"{task.language}: {error}\n".encode())
        os._exit(child.FAILED)
