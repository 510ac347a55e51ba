"""The tester's process: runs trusted tests against a program that runs elsewhere.

The tests see functions, classes and objects of the program as stand-ins made by `bridge`. The
verdict goes to the report, which the program does not have.
"""

from __future__ import annotations

import ast
import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import os
import sys
import types
import unittest
from typing import Any, NoReturn

from . import child, plain, pytest_tests
from .bridge import Bridge
from .languages import python

__all__ = ["main"]

FILE = "tests.py"
# What tests may name without importing it, for the program usually did.
MODULES = (
    "bisect collections copy datetime functools heapq io itertools json math operator os random re "
    "statistics string sys time typing"
).split()
PRELUDE = {
    "typing": "Any Callable Dict Iterable Iterator List Optional Sequence Set Tuple Union".split(),
    "collections": "Counter OrderedDict defaultdict deque namedtuple".split(),
}
PACKAGES = {"np": "numpy", "numpy": "numpy", "pd": "pandas"}
USUAL = frozenset([*MODULES, *PACKAGES, *(name for names in PRELUDE.values() for name in names)])


class Broken(Exception):
    """The tests themselves cannot run."""


def main(task: child.Task) -> NoReturn:
    """Run the tests, report each of them, and end with 0 exactly if the program passed."""
    bridge = Bridge()
    tests: list[dict[str, str]] = []
    broken = uncompiled = None
    try:
        code, tree = _compiled(task.source)
        if b"random" in task.source:
            bridge.follow_random()
        uncompiled = bridge.load()
        if uncompiled is not None:
            raise SyntaxError(uncompiled)
        name = "__main__" if task.framework == "script" else "tests"
        module = python.module(name)
        module.__dict__["__file__"] = FILE
        _bind(bridge, code, tree, module.__dict__)
        run = {"script": _script, "unittest": _unittest, "pytest": _pytest}[task.framework]
        run(code, module, tests)
    except Broken as error:
        broken = str(error)
    except BaseException as error:  # of the program while it was loaded, of the tests at the top
        tests.append(_test("loading", "error", error))
    if bridge.ended:
        tests.append({"name": "program", "outcome": "error", "message": bridge.ended})
    passed = any(test["outcome"] == "passed" for test in tests)
    failed = any(test["outcome"] not in ("passed", "skipped") for test in tests)
    if passed and not failed and not bridge.used:
        passed = False
        tests.append({"name": "use", "outcome": "failed", "message": "the program was never used"})
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        pass
    report = {"value": plain.encode({"tests": tests, "broken": broken})}
    if uncompiled is not None:
        report.update(stage="compile", exception=uncompiled)
    child.report(report)
    os._exit(0 if passed and not failed and broken is None else 1)


def _test(name: str, outcome: str, error: BaseException | str = "") -> dict[str, str]:
    if isinstance(error, BaseException):
        sys.stderr.write(python.trace(error))
        error = python.describe(error)
    return {"name": name, "outcome": outcome, "message": error[:2000]}


def _compiled(source: bytes) -> tuple[types.CodeType, ast.Module]:
    text = source.decode("utf-8", "replace")
    linecache.cache[FILE] = (len(text), None, text.splitlines(True), FILE)
    try:
        tree = ast.parse(source, FILE)
        return compile(source, FILE, "exec", dont_inherit=True), tree
    except (SyntaxError, ValueError, RecursionError) as error:
        raise Broken(f"the tests cannot be compiled: {error}") from None


# ---- names -------------------------------------------------------------------------------------


def _names(code: types.CodeType) -> set[str]:
    """All names that the tests mention, as variables or attributes."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names


def _bind(bridge: Bridge, code: types.CodeType, tree: ast.Module, space: dict[str, Any]) -> None:
    """Give the tests what they name and do not define: stand-ins, modules, types.

    What the program calls like a builtin or a well-known module (`abs`, `sorted`, `Counter`) is not
    what the tests mean, unless they name nothing else of the program: then that is what is tested.
    """
    named = _names(code)
    usual = {name for name in named if hasattr(builtins, name) or name in USUAL}
    found = bridge.names(sorted(named - usual))
    program = _imports(bridge, tree)
    if not found and (program is None or program.starred):
        found = bridge.names(sorted(usual))
    if program is not None:
        program.offered = sorted(found.keys() - _defined(tree, program))
    for module, names in PRELUDE.items():
        for name in named.intersection(names):
            space[name] = getattr(importlib.import_module(module), name)
    for name in named.intersection(MODULES):
        space[name] = importlib.import_module(name)
    for name, module in PACKAGES.items():
        if name in named and _is_here(module):
            space[name] = importlib.import_module(module)
    space.update(found)


def _defined(tree: ast.Module, program: _Program) -> set[str]:
    """The names that the tests define at the top, or import from elsewhere than the program."""
    defined: set[str] = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            defined.add(node.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [(a.name, (a.asname or a.name).split(".")[0]) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "", a.asname or a.name) for a in node.names]
        else:
            continue
        defined |= {bound for module, bound in names if not program.stands_for(module)}
    return defined


def _imports(bridge: Bridge, tree: ast.Module) -> _Program | None:
    """Let the tests import the program under whatever name they have for it.

    Raises:
        Broken: if they import a module that is neither here nor the program.
    """
    wanted: list[tuple[str, set[str]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted += [(a.name, _attributes(tree, a.asname or a.name)) for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            wanted.append((node.module, {alias.name for alias in node.names}))
    found: set[str] = set()
    for name, members in wanted:
        if not _is_here(name):
            if "*" not in members and not (members and bridge.names(sorted(members))):
                raise Broken(f"they import {name}, which is neither here nor the program")
            found.add(name)
    if not found:
        return None
    program = _Program(bridge, found)
    program.starred = all("*" in members for name, members in wanted if name in found)
    sys.meta_path.append(program)
    return program


def _attributes(tree: ast.Module, name: str) -> set[str]:
    """What the tests use of a module that they call by this name."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {node.attr for node in nodes if ast.unparse(node.value) == name}


def _is_here(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


class _Program(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the program's names as a module."""

    def __init__(self, bridge: Bridge, names: set[str]) -> None:
        self.bridge, self.names = bridge, names
        self.starred = False  # whether they name nothing else to import of it than `*`
        self.offered: list[str] = []  # what that gives them

    def stands_for(self, name: str) -> bool:
        """Whether the tests import the program by this name."""
        return any(known == name or known.startswith(name + ".") for known in self.names)

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """For the names under which the tests import the program."""
        if not self.stands_for(name):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: Any) -> Any:
        """The usual kind."""
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        """Everything that the program defines.

        `import *` gives the tests no more of it than they name and do not have: not another `set`
        or `pytest`, and nothing for which a framework looks in them.
        """
        module.__dict__.update(self.bridge.names([]))
        module.__dict__["__all__"] = self.offered
        module.__dict__["__getattr__"] = self._get

    def _get(self, name: str) -> Any:
        found = self.bridge.names([name]) if not name.startswith("__") else {}
        if name not in found:
            raise AttributeError(f"the program defines no {name}")
        return found[name]


# ---- frameworks --------------------------------------------------------------------------------


def _script(code: types.CodeType, module: types.ModuleType, tests: list[dict[str, str]]) -> None:
    """Asserts at the top level: passed if the last line was reached."""
    try:
        exec(code, module.__dict__)
    except SystemExit as error:
        if hasattr(error, "of_program") or error.code not in (None, 0, False):
            tests.append(_test("script", "failed", error))
            return
    except AssertionError as error:
        tests.append(_test("script", "failed", error))
        return
    except BaseException as error:
        tests.append(_test("script", "error", error))
        return
    tests.append(_test("script", "passed"))


class _Result(unittest.TestResult):
    """Notes each test."""

    def __init__(self, tests: list[dict[str, str]]) -> None:
        super().__init__()
        self.tests = tests
        self.bad: set[str] = set()

    def _note(self, test: Any, outcome: str, error: Any = "") -> None:
        name = test.id() if hasattr(test, "id") else str(test)
        name = name.removeprefix("tests.") if hasattr(name, "removeprefix") else name
        if outcome == "passed" and name in self.bad:
            return
        if outcome != "passed":
            self.bad.add(name)
        if isinstance(error, tuple):
            error = error[1]
        self.tests.append(_test(name, outcome, error))

    def addSuccess(self, test: Any) -> None:
        super().addSuccess(test)
        self._note(test, "passed")

    def addError(self, test: Any, err: Any) -> None:
        self._note(test, "error", err)

    def addFailure(self, test: Any, err: Any) -> None:
        self._note(test, "failed", err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            self._note(test, "failed", err)

    def addSkip(self, test: Any, reason: str) -> None:
        self._note(test, "skipped", str(reason))

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self._note(test, "passed")

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._note(test, "failed", "it was expected to fail")


def _unittest(code: types.CodeType, module: types.ModuleType, tests: list[dict[str, str]]) -> None:
    unittest.main = lambda *arguments, **keywords: None  # type: ignore[assignment,misc]
    exec(code, module.__dict__)
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    suite.run(_Result(tests))
    if not tests:
        raise Broken("there are no tests in it")


def _pytest(code: types.CodeType, module: types.ModuleType, tests: list[dict[str, str]]) -> None:
    try:
        import pytest
    except ImportError:
        raise Broken("pytest is not installed in the sandbox") from None
    exec(code, module.__dict__)

    def note(name: str, outcome: str, message: str) -> None:
        tests.append(_test(name, outcome, message))

    pytest_tests.run(pytest, module, note)
    if not tests:
        raise Broken("there are no tests in it")
