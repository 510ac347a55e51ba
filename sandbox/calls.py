"""A call of one function of a program, in the process of the program."""

from __future__ import annotations

import json
import os
import sys
from types import CodeType, ModuleType
from typing import Any, NoReturn

from . import child, plain
from .languages import python

__all__ = ["answer_one", "find", "load"]

VIEWS = (type({}.keys()), type({}.values()), type({}.items()))
MODULE = "solution"  # the name of the program, so that `if __name__ == "__main__"` stays out


def load(code: CodeType) -> ModuleType:
    """The program as a module, executed."""
    module = python.module(MODULE)
    module.__dict__["__file__"] = python.FILE
    sys.modules.setdefault("__main__", module)
    exec(code, module.__dict__)
    return module


def find(module: ModuleType, name: str) -> Any:
    """The function of the name: `Class.method`, a function, or a method of `Solution`.

    Raises:
        AttributeError: if the program defines none of these.
    """
    owner, _, method = name.rpartition(".")
    if owner and hasattr(module, owner):
        return getattr(getattr(module, owner)(), method)
    if hasattr(module, method):
        return getattr(module, method)
    if hasattr(module, "Solution"):
        return getattr(module.Solution(), method)
    raise AttributeError(f"the program defines no {name}")


def answer_one(task: child.Task) -> NoReturn:
    """Make the call that the request asks for, report what came of it and end."""
    request = json.loads(os.read(child.REQUEST, os.fstat(child.REQUEST).st_size))
    arguments = plain.decode(request["arguments"])
    keywords = plain.decode(request["keywords"])
    try:
        module = load(python.compiled(task.source))
        value = find(module, request["function"])(*arguments, **keywords)
        if hasattr(type(value), "__next__") or isinstance(value, VIEWS):
            value = list(value)  # a generator is what it yields
    except BaseException as error:
        python.finish(error)
    try:
        child.report({"value": plain.encode(value)})
    except (plain.NotPlain, RecursionError) as error:
        child.report({"not_plain": str(error)[:200]})
    python.finish(None)
