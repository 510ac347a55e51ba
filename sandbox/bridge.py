"""The tester's end of the stream: asks the program, and answers what it asks back."""

from __future__ import annotations

import builtins
import random
import sys
import types
import weakref
from collections.abc import Iterator
from typing import Any

from . import child, plain
from .handles import FOUND, Handle, HandleClass, ProgramEnded, make_class
from .opened import perform
from .operations import OPERATORS, READING, TYPES
from .peer import Gone, Message, Peer
from .raised import exception_class, own_class

__all__ = ["Bridge"]

NEXT = ("__next__", "__anext__", "next")  # what may say that there is no more


class Bridge:
    """Asks the program, and answers what it asks back."""

    def __init__(self) -> None:
        self.peer = Peer(child.PEER, self._answer)
        self.classes: dict[int, Any] = {}
        self.classes_named: set[int] = set()  # by the tests, and by a name that looks like a class
        self.handles: Any = weakref.WeakValueDictionary()
        self.released: list[int] = []
        self.mine: dict[int, Any] = {}
        self.my_numbers: dict[int, int] = {}
        self.used = False
        self.ended = ""  # why the program can be asked no more
        self.original = {name: getattr(builtins, name) for name in ("print", "input")}
        self.stdin = sys.stdin
        self.follows_random = False
        self.random_state: Any = None

    def follow_random(self) -> None:
        """From now on the program's `random` is in the state that the tests put theirs into.

        Never the other way: the program is not to choose what the tests draw.
        """
        self.follows_random = True
        seed = random.seed

        def seeded(*arguments: Any, **keywords: Any) -> None:
            self.random_state = None
            seed(*arguments, **keywords)

        random.seed = seeded  # type: ignore[assignment]

    # ---- asking ----

    def load(self) -> str | None:
        """Execute the program; if it has a syntax error, say which."""
        problem = self.ask({"op": "load"})
        return problem if isinstance(problem, str) else None

    def names(self, names: list[str]) -> dict[str, Any]:
        """What the program defines of `names`; of all its public names if there are none.

        Nothing else, whatever it answers: it could name what tests or their framework look for.
        """
        answer = self._request({"op": "names", "names": names})
        found = self._value(answer)
        if not isinstance(found, dict):
            return {}
        asked = names or [str(name) for name in found if not str(name).startswith("_")]
        found = {name: found[name] for name in asked if name in found}
        for name, value in found.items():
            if isinstance(value, HandleClass) and name[:1].isupper():
                self.classes_named.add(value._number)
            elif not isinstance(value, (HandleClass, types.FunctionType)):
                self.used = True  # a constant of the program
        return found

    def ask(self, message: Message) -> Any:
        """The value that the program answers, or its exception."""
        return self._value(self._request(message), message.get("name"))

    def special(self, number: int, name: str, arguments: tuple[Any, ...]) -> Any:
        """A special method of an object."""
        trees = [self._encode(item) for item in arguments]
        return self.ask({"op": "special", "on": number, "name": name, "arguments": trees})

    def set(self, number: int, name: str, value: Any) -> None:
        """Set an attribute of an object."""
        self.ask({"op": "set", "on": number, "name": name, "value": self._encode(value)})

    def call(self, number: int, arguments: Any, keywords: Any, method: str | None = None) -> Any:
        """Call a function, or a method of an object; lists that it changed are changed here too."""
        self.used = True
        message = {
            "op": "call" if method is None else "method",
            "on": number,
            "name": method,
            "arguments": [self._encode(item) for item in arguments],
            "keywords": {name: self._encode(item) for name, item in keywords.items()},
        }
        answer = self._request(message)
        for place, tree in answer.get("changed") or []:
            held = keywords[place] if isinstance(place, str) else arguments[place]
            _assign(held, self._value({"value": tree}))
        index = answer.get("argument")
        if type(index) is int and 0 <= index < len(arguments):
            return arguments[index]
        return self._value(answer, method)

    def _request(self, message: Message) -> Message:
        if self.released and message["op"] != "release":
            released = [number for number in self.released if number not in self.handles]
            self.released = []
            self._request({"op": "release", "numbers": released})
        for name, original in self.original.items():
            if getattr(builtins, name) is not original:
                message[name] = self._export(getattr(builtins, name))
        if sys.stdin is not self.stdin:
            message["stdin"] = self._export(sys.stdin)
        if self.follows_random:
            state = random.getstate()
            if state != self.random_state:
                self.random_state = state
                message["random"] = [state[0], list(state[1]), state[2]]
        try:
            answer = self.peer.request(message)
        except Gone:
            raise self._over("the program ended before it answered") from None
        if answer.get("out"):
            sys.stdout.write(str(answer["out"]))
        return answer

    def _value(self, answer: Message, name: str | None = None) -> Any:
        """What the program answers, or its exception; `name` is what was asked of an object."""
        try:
            if "raise" not in answer:
                return self._decode(answer.get("value"))
            error = self._exception(answer["raise"])
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
            raise self._over(f"the program answered what cannot be read: {problem}") from None
        if isinstance(error, (StopIteration, StopAsyncIteration)) and name not in NEXT:
            # It would end the `map` or `zip` that called, and no test would see that it failed.
            raise RuntimeError(f"the program raised {type(error).__name__}") from error
        raise error

    def _over(self, why: str) -> ProgramEnded:
        self.ended = self.ended or why
        return ProgramEnded(why)

    # ---- values ----

    def _encode(self, value: Any) -> Any:
        return plain.encode(value, self._other)

    def _other(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return {"yours": value._at}
        if isinstance(value, HandleClass):
            return {"yours": value._number}
        if isinstance(value, (types.FunctionType, Drawn)):
            number = getattr(value, "number_at_program", None)
            if number is not None:
                return {"yours": number}
        if value is Ellipsis:
            return {"constant": "Ellipsis"}
        if isinstance(value, slice):
            parts = (value.start, value.stop, value.step)
            return {"slice": [self._encode(part) for part in parts]}
        name = _builtin_name(value)
        if name is not None:
            return {"builtin": name}
        try:
            return plain.by_value(value, self._other)
        except plain.NotPlain:
            special = [name for name in (*READING, *OPERATORS) if hasattr(type(value), name)]
            return {"mine": [self._export(value), special]}

    def _export(self, value: Any) -> int:
        number = self.my_numbers.get(id(value))
        if number is None:
            number = len(self.mine) + 1
            self.mine[number] = value
            self.my_numbers[id(value)] = number
        return number

    def _decode(self, tree: Any) -> Any:
        return plain.decode(tree, self._tagged)

    def _tagged(self, tag: str, content: Any) -> Any:
        if tag == "handle":
            number, description = content
            return self._handle(int(number), self._class(description))
        if tag == "class":
            return self._class(content)
        if tag == "function":
            return self._function(int(content[0]), str(content[1]))
        if tag == "generator":
            return self._draw(int(content))
        if tag == "awaitable":
            return self._awaitable(int(content))
        if tag == "yours":
            return self.mine[content]
        if tag == "builtin" and content in TYPES:
            return TYPES[content]
        if tag == "constant":
            return NotImplemented if content == "NotImplemented" else Ellipsis
        raise plain.NotPlain(f"an unknown tag, {tag!r}")

    def _handle(self, number: int, kind: Any) -> Any:
        handle = self.handles.get(number)
        if handle is None:
            handle = object.__new__(kind)
            object.__setattr__(handle, "_at", number)
            object.__setattr__(handle, "_standing", FOUND)
            self.handles[number] = handle
        return handle

    def _function(self, number: int, name: str) -> Any:
        def function(*arguments: Any, **keywords: Any) -> Any:
            return self.call(number, arguments, keywords)

        function.__name__ = function.__qualname__ = name
        function.number_at_program = number  # type: ignore[attr-defined]
        return function

    def _draw(self, number: int) -> Iterator[Any]:
        return Drawn(self, number)

    async def _awaitable(self, number: int) -> Any:
        return self.ask({"op": "await", "on": number})

    def _class(self, description: Any) -> Any:
        number = int(description["number"])
        if number not in self.classes:
            bases = [self._base(base) for base in description["bases"]]
            if description.get("exception"):
                made: Any = own_class(str(description["name"]), number, bases)
            else:
                made = make_class(self, number, description, bases)
            self.classes[number] = made
        return self.classes[number]

    def _base(self, base: Any) -> Any:
        return self._class(base) if isinstance(base, dict) else exception_class(*base)

    def _exception(self, content: Any) -> BaseException:
        """The exception of the program, as one that the tests can catch by its class."""
        kind = self._base(content["class"])
        arguments = tuple(self._decode(tree) for tree in content["arguments"])
        try:
            error = kind(*arguments)
        except Exception:
            error = kind.__new__(kind, *arguments)
        error.args = arguments
        for name, tree in content["attributes"].items():
            if not str(name).startswith("__"):
                error.__dict__[str(name)] = self._decode(tree)
        error.of_program = str(content["text"])
        return error

    # ---- answering the program ----

    def _answer(self, message: Message) -> Message:
        """What the program may do with an object of the tests: call it, and use what is public."""
        try:
            if message.get("out"):
                sys.stdout.write(str(message["out"]))
            target = self.mine[message["on"]]
            return {"value": self._encode(perform(message, target, self._decode))}
        except ProgramEnded:
            raise
        except BaseException as error:
            name = next(b.__name__ for b in type(error).__mro__ if b.__module__ == "builtins")
            return {"raise": [name, str(error)]}


class Drawn:
    """A generator of the program, from which one item at a time is drawn."""

    def __init__(self, bridge: Bridge, number: int) -> None:
        self._bridge, self.number_at_program = bridge, number

    def __iter__(self) -> Drawn:
        return self

    def __next__(self) -> Any:
        self._bridge.used = True
        items = self._bridge.ask({"op": "next", "on": self.number_at_program})
        if not isinstance(items, list) or not items:
            raise StopIteration
        return items[0]


def _builtin_name(value: Any) -> str | None:
    """The name by which the program finds the same builtin: `len`, `str.upper`."""
    if isinstance(value, (type, types.BuiltinFunctionType, types.MethodDescriptorType)):
        name = getattr(value, "__qualname__", "")
        found: Any = builtins
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is value and getattr(value, "__self__", builtins) is builtins:
            return str(name)
    return None


def _assign(held: Any, value: Any) -> None:
    """Make a list, dict or set of the tests hold what the program left in its copy."""
    if isinstance(held, list) and isinstance(value, list):
        for index, item in enumerate(value[: len(held)]):
            old = held[index]
            if type(old) is type(item) and isinstance(old, (list, dict, set)):
                _assign(old, item)
                value[index] = old
        held[:] = value
    elif isinstance(held, dict) and isinstance(value, dict):
        for key, item in value.items():
            old = held.get(key)
            if type(old) is type(item) and isinstance(old, (list, dict, set)):
                _assign(old, item)
                value[key] = old
        held.clear()
        held.update(value)
    elif isinstance(held, set) and isinstance(value, set):
        held.clear()
        held.update(value)
    elif isinstance(held, bytearray) and isinstance(value, bytearray):
        held[:] = value
