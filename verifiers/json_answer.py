"""JSON as a model writes it: where it stands in a completion, read strictly, compared as JSON."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from . import _core
from .answer import Answer, Opening, missing_answer
from .verdict import Status, Verdict

__all__ = ["JSON_RULES", "NotJSON", "find_json", "identity", "read_json"]

#: Why there is nothing to check, and the sentence that explains it.
JSON_RULES = {
    "several_answers": "several different pieces of JSON are no answer",
    "not_json": "the answer is not JSON",
}

MOST_CHARACTERS = 1_000_000
MOST_DEPTH = 100

_TAG = re.compile(r"<answer>((?:(?!</?answer>).)*)</answer>", re.DOTALL)
_FENCE = re.compile(r"^[ \t]*```([^\n`]*)(?:\n|\Z)", re.MULTILINE)


_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


class NotJSON(ValueError):
    """The text is not JSON, or not of a kind that has one meaning."""


def find_json(completion: str, opening: Opening) -> Answer | Verdict:
    """Return the text that should be JSON, or the verdict on a completion without any.

    That is what stands between the thinking and the end of the turn, in an answer tag or a code
    fence if there is one. Text around a fence is no harm; a second, different fence is.
    """
    part = _core.final_part(completion, opening_in_prompt=opening == "prompt")
    if part is None:
        return missing_answer("thinking")
    origin, (start, end) = "whole", part
    for find, name in ((_tagged, "tag"), (_fenced, "fence")):
        pieces = find(completion, start, end)
        if len({completion[slice(*piece)].strip() for piece in pieces}) > 1:
            return Verdict(
                Status.NO_ANSWER,
                0.0,
                rule="several_answers",
                reason=JSON_RULES["several_answers"],
                extracted=completion[start:end],
                extracted_from=name,
                span=(start, end),
            )
        if pieces:
            origin, (start, end) = name, pieces[-1]
    text = completion[start:end].strip()
    if not text:
        return missing_answer("empty" if origin == "whole" else "blank")
    start = completion.index(text, start)
    return Answer(text, origin, (start, start + len(text)))


def _tagged(text: str, start: int, end: int) -> list[tuple[int, int]]:
    return [tag.span(1) for tag in _TAG.finditer(text, start, end)]


def _fenced(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return what stands in code fences; one that is never closed holds nothing."""
    found, opened = [], None
    for fence in _FENCE.finditer(text, start, end):
        if opened is None:
            opened = fence.end()
        elif not fence[1].strip():
            found.append((opened, fence.start()))
            opened = None
    return found


def read_json(text: str) -> Any:
    """Return the value that `text` is the JSON of.

    Raises:
        NotJSON: if it is none, is too long or too deep, has a key twice, a number that is not
            finite, or one of thousands of digits.

    >>> read_json('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ...
    verifiers.json_answer.NotJSON: the key 'a' stands there twice
    """
    if len(text) > MOST_CHARACTERS:
        raise NotJSON(f"it is longer than {MOST_CHARACTERS} characters")
    if _depth(text) > MOST_DEPTH:
        raise NotJSON(f"it is deeper than {MOST_DEPTH} levels")
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except NotJSON:
        raise
    except ValueError as error:
        raise NotJSON(str(error)) from None


def _depth(text: str) -> int:
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise NotJSON(f"the key {twice!r} stands there twice")
    return found


def _no_constant(name: str) -> Any:
    raise NotJSON(f"{name} is no number in JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise NotJSON(f"{digits[:40]} is too large")
    return value


def identity(value: Any) -> Any:
    """Return something hashable that is equal for equal JSON: 1 and 1.0 are, 1 and true are not.

    >>> identity({"a": 1.0, "b": [True]}) == identity({"b": [True], "a": 1})
    True
    >>> identity([1]) == identity([True])
    False
    """
    if isinstance(value, dict):
        return ("object", frozenset((key, identity(item)) for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return ("array", tuple(identity(item) for item in value))
    return (isinstance(value, bool), value)
