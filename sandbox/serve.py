"""The program's side of a test: answers what the tester asks of functions, classes and objects.

Everything here runs in the process of the program, which may do with it what it likes: all it can
forge is its own answers. What the tests expect never comes here.
"""

from __future__ import annotations

import builtins
import io
import os
import sys
import types
from typing import Any, NoReturn

from . import calls, child, plain, theirs
from .holding import holds
from .languages import python
from .operations import SPECIAL, TYPES
from .peer import Gone, Peer

__all__ = ["main"]

DERIVED = (int, float, complex, str, bytes, list, tuple, set, frozenset, dict)
FUNCTIONS = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
)


class Server:
    """Objects that the tester holds on to, and what it asks of them."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.peer = Peer(child.PEER, self.answer)
        self.module: Any = None
        self.objects: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}  # by id() of the object, which we keep alive
        self.last = 0
        self.described: set[int] = set()
        self.named: set[type] = set()
        self.theirs: dict[int, theirs.Theirs] = {}
        self.captured = io.StringIO()

    # ---- asking the tester ----

    def ask(self, message: dict[str, Any]) -> Any:
        """The value that the tester answers, or the exception."""
        message["out"] = self._written()
        answer = self.peer.request(message)
        if "raise" in answer:
            name, text = answer["raise"]
            kind = getattr(builtins, name, RuntimeError)
            if not (isinstance(kind, type) and issubclass(kind, Exception)):
                kind = RuntimeError
            try:
                raise kind(text)
            except TypeError:
                raise RuntimeError(text) from None
        return self.decode(answer["value"])

    # ---- values ----

    def encode(self, value: Any) -> Any:
        """A value for the tester: plain data by value, all else by number."""
        return plain.encode(value, self._other)

    def arguments(self, arguments: Any, keywords: dict[str, Any]) -> dict[str, Any]:
        """The two fields of a call."""
        return {
            "arguments": [self.encode(item) for item in arguments],
            "keywords": {name: self.encode(item) for name, item in keywords.items()},
        }

    def decode(self, tree: Any) -> Any:
        """A value from the tester."""
        return plain.decode(tree, self._tagged)

    def _tagged(self, tag: str, content: Any) -> Any:
        if tag == "yours":
            return self.objects[content]
        if tag == "builtin":
            value: Any = builtins
            for name in content.split("."):
                value = getattr(value, name)
            return value
        if tag == "slice":
            return slice(*map(self.decode, content))
        if tag == "constant":
            return Ellipsis
        if tag == "mine":
            number, special = content
            if number not in self.theirs:
                self.theirs[number] = theirs.make(number, special, self)
            return self.theirs[number]
        raise plain.NotPlain(f"an unknown tag, {tag!r}")

    def _other(self, value: Any) -> Any:
        if isinstance(value, theirs.Theirs):
            return {"yours": theirs.number_of(value)}
        if value is NotImplemented or value is Ellipsis:
            return {"constant": repr(value)}
        if isinstance(value, type):
            if TYPES.get(value.__name__) is value:
                return {"builtin": value.__name__}
            return {"class": self.describe(value)}
        if isinstance(value, types.GeneratorType):
            return {"generator": self.export(value)}
        if isinstance(value, types.CoroutineType):
            return {"awaitable": self.export(value)}
        if isinstance(value, FUNCTIONS):
            return {"function": [self.export(value), str(getattr(value, "__name__", ""))]}
        kind = type(value)
        if not self.named.isdisjoint(kind.__mro__):
            return {"handle": [self.export(value), self.describe(kind)]}
        try:
            return plain.by_value(value, self._other)
        except plain.NotPlain:
            return {"handle": [self.export(value), self.describe(kind)]}

    def export(self, value: Any) -> int:
        """The number by which the tester knows an object; the same one for the same object."""
        number = self.numbers.get(id(value))
        if number is None:
            number = self.last = self.last + 1
            self.numbers[id(value)] = number
            self.objects[number] = value
        return number

    def describe(self, kind: type) -> dict[str, Any]:
        """A class, so that the tester can make one that looks like it; in full the first time."""
        number = self.export(kind)
        description: dict[str, Any] = {"number": number, "name": str(kind.__name__)}
        if number in self.described:
            return description
        self.described.add(number)
        if issubclass(kind, BaseException):
            description["exception"] = True
        names = [name for base in kind.__mro__ if base is not object for name in vars(base)]
        description["special"] = sorted(SPECIAL.intersection(names))
        description["equality"] = any("__eq__" in vars(b) for b in kind.__mro__ if b is not object)
        description["derived"] = issubclass(kind, DERIVED)
        description["methods"] = sorted(
            name
            for name in set(names)
            if not name.startswith("__") and isinstance(_static(kind, name), types.FunctionType)
        )
        description["bases"] = [
            self._base(base)
            for base in kind.__bases__
            if base.__module__ == calls.MODULE or issubclass(base, BaseException)
        ]
        return description

    def _base(self, base: type) -> Any:
        if base.__module__ == calls.MODULE:
            return self.describe(base)
        return [base.__module__, base.__qualname__, *self._ancestors(base)]

    def _ancestors(self, base: type) -> list[str]:
        """Names of the builtin exceptions that it derives from, nearest first."""
        return [b.__name__ for b in base.__mro__ if b.__module__ == "builtins"]

    # ---- what the tester asks ----

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """One answer; exceptions of the program cross as such."""
        try:
            self._before(message)
            value = getattr(self, "op_" + message["op"])(message)
        except Gone:
            raise
        except BaseException as error:
            answer = {"raise": self._exception(error)}
        else:
            answer = self._encoded(value)
        answer["changed"] = message.get("changed", [])
        answer["out"] = self._written()
        return answer

    def _encoded(self, value: Any) -> dict[str, Any]:
        if isinstance(value, Argument):
            return {"argument": value.index}
        try:
            return {"value": self.encode(value)}
        except (plain.NotPlain, RecursionError) as error:
            return {"raise": {**UNREADABLE, "text": f"its value cannot cross: {error}"}}

    def _before(self, message: dict[str, Any]) -> None:
        state = message.get("random")
        if state is not None:
            import random

            random.setstate((state[0], tuple(state[1]), state[2]))
        for name in ("print", "input"):
            number = message.get(name)
            now = (
                _ORIGINAL[name] if number is None else self._tagged("mine", [number, ["__call__"]])
            )
            setattr(builtins, name, now)
        number = message.get("stdin")
        special = ["__iter__", "__next__"]
        sys.stdin = sys.__stdin__ if number is None else self._tagged("mine", [number, special])

    def _written(self) -> str:
        captured = self.captured
        text = captured.getvalue()
        if text:
            captured.seek(0)
            captured.truncate()
        return text

    def _exception(self, error: BaseException) -> dict[str, Any]:
        text = python.describe(error)
        try:
            return {
                "class": self._base(type(error)),
                "arguments": [self.encode(item) for item in error.args],
                "attributes": {str(k): self.encode(v) for k, v in vars(error).items()},
                "text": str(error),
                "trace": python.trace(error)[-2000:],
            }
        except BaseException:
            return {**UNREADABLE, "text": text}

    def op_load(self, message: dict[str, Any]) -> Any:
        """Execute the program; if it has a syntax error, say which."""
        try:
            code = python.code_of(self.source)
        except python.UNCOMPILED as error:
            return python.describe(error)
        self.module = calls.load(code)
        return None

    def op_names(self, message: dict[str, Any]) -> Any:
        """Which of the names it defines, and what they stand for."""
        space = vars(self.module)
        found: dict[str, Any] = {}
        for name in message["names"] or [name for name in space if not name.startswith("_")]:
            if name in space and not isinstance(space[name], types.ModuleType):
                value = space[name]
                if isinstance(value, type) and value.__module__ == calls.MODULE:
                    self.named.add(value)
                found[name] = value
        return found

    def op_call(self, message: dict[str, Any]) -> Any:
        """Call a function, class or object."""
        return self._call(self.objects[message["on"]], message)

    def op_method(self, message: dict[str, Any]) -> Any:
        """Call a method."""
        return self._call(getattr(self.objects[message["on"]], message["name"]), message)

    def _call(self, function: Any, message: dict[str, Any]) -> Any:
        arguments = [self.decode(tree) for tree in message["arguments"]]
        keywords = {name: self.decode(tree) for name, tree in message["keywords"].items()}
        try:
            value = function(*arguments, **keywords)
        finally:
            message["changed"] = self._changed(message, arguments, keywords)
        for index, argument in enumerate(arguments):
            if value is argument and type(value) in (list, dict, set, bytearray):
                return Argument(index)
        return value

    def _changed(self, message: dict[str, Any], arguments: Any, keywords: Any) -> list[Any]:
        changed = []
        before = [*enumerate(message["arguments"]), *message["keywords"].items()]
        for index, value in enumerate([*arguments, *keywords.values()]):
            place, tree = before[index]
            if isinstance(tree, (list, dict)) and isinstance(value, (list, dict, set, bytearray)):
                after = self.encode(value)
                if after != tree:
                    changed.append([place, after])
        return changed

    def op_get(self, message: dict[str, Any]) -> Any:
        """An attribute."""
        return getattr(self.objects[message["on"]], message["name"])

    def op_set(self, message: dict[str, Any]) -> Any:
        """Set an attribute."""
        setattr(self.objects[message["on"]], message["name"], self.decode(message["value"]))

    def op_delete(self, message: dict[str, Any]) -> Any:
        """Delete an attribute."""
        delattr(self.objects[message["on"]], message["name"])

    def op_special(self, message: dict[str, Any]) -> Any:
        """A special method, found on the class as the interpreter does."""
        value = self.objects[message["on"]]
        arguments = [self.decode(tree) for tree in message["arguments"]]
        return getattr(type(value), message["name"])(value, *arguments)

    def op_next(self, message: dict[str, Any]) -> Any:
        """The next items of an iterator, one at a time: [] at the end."""
        try:
            return [next(self.objects[message["on"]])]
        except StopIteration:
            return []

    def op_await(self, message: dict[str, Any]) -> Any:
        """What a coroutine returns."""
        import asyncio

        return asyncio.run(self.objects[message["on"]])

    def op_same(self, message: dict[str, Any]) -> Any:
        """What two objects hold and what they say: [the same, but for order, ==, !=]."""
        one, other = self.objects[message["on"]], self.objects[message["with"]]
        if one is other:
            return [True, True, bool(one == other), bool(one != other)]
        if type(one).__eq__ is object.__eq__ and type(other).__eq__ is object.__eq__:
            return [False, False, False, True]
        strict, loose = (holds(one, o) == holds(other, o) for o in (True, False))
        return [strict, loose, bool(one == other), bool(one != other)]

    def op_plain(self, message: dict[str, Any]) -> Any:
        """The plain value that an object holds."""
        return plain.decode(plain.by_value(self.objects[message["on"]]))

    def op_release(self, message: dict[str, Any]) -> Any:
        """The tester needs these no more."""
        for number in message["numbers"]:
            value = self.objects.pop(number, None)
            self.numbers.pop(id(value), None)


UNREADABLE = {
    "class": ["", "Unreadable", "Exception"],
    "arguments": [],
    "attributes": {},
    "trace": "",
}


class Argument:
    """Stands for "the function returned the argument that it got"."""

    def __init__(self, index: int) -> None:
        self.index = index


def _static(kind: type, name: str) -> Any:
    for base in kind.__mro__:
        if name in vars(base):
            return vars(base)[name]
    return None


_ORIGINAL = {name: getattr(builtins, name) for name in ("print", "input")}


def main(task: child.Task) -> NoReturn:
    """Answer until the tester ends."""
    server = Server(task.source)
    sys.stdout = server.captured
    try:
        server.peer.serve()
    finally:
        os._exit(0)
