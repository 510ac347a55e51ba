"""The reward for calling the right tools with the right arguments."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from . import _core
from .answer import MISSING_RULES, Opening, check_opening, missing_answer
from .json_answer import NotJSON, find_json, identity, read_json
from .reward import Reward, check_column, completion_texts, find_column, text_list
from .schema import BadSchema, TooSlow, check_schema, violation
from .verdict import Status, Verdict

__all__ = ["RULES", "ToolCallReward", "tool_call_reward"]

#: Every rule that can decide, and the sentence that explains it.
RULES = {
    "same_calls": "the calls are those of the reference",
    "valid_calls": "every call is one that its tool takes",
    "other_calls": "the calls are not those of the reference",
    "other_order": "the calls are right, but their order matters",
    "no_call": "no tool is called",
    "unreadable_call": "a call is not JSON with a name and an object of arguments",
    "unknown_tool": "a tool is called that there is not",
    "invalid_arguments": "a tool does not take these arguments",
    "too_large": "the arguments are too large or too deep to judge",
    "bad_reference": "the calls or the tools of the row cannot be read",
    **MISSING_RULES,
}

_TAGGED = re.compile(r"<tool_call>((?:(?!</?tool_call>).)*)</tool_call>", re.DOTALL)
_NAMES = {"name", "function"}
#: What a call begins or ends with, and what JSON or a fence of it does.
_MARK = re.compile(r"</?tool_call>|\[TOOL_CALLS\]")
_JSON = re.compile(r"(?:```\w*\s*)?[\[{]")
_MARKED = re.compile(r"\s*(?:\[TOOL_CALLS\]|<\|python_tag\|>)")


class _Call(NamedTuple):
    name: str
    arguments: dict[str, Any]

    @property
    def identity(self) -> Any:
        return (self.name, identity(self.arguments))


class _Unreadable(ValueError):
    """A call that is none."""


class ToolCallReward(Reward):
    """1.0 where a completion calls the tools that it should, as it should, else 0.0.

    Calls are taken from the `tool_calls` of a chat message, and from text in the forms that models
    are trained on: `<tool_call>{...}</tool_call>`, `[TOOL_CALLS] [...]`, and JSON alone or in a
    fence. Where rows have tools, every call must be of one of them, and its arguments must satisfy
    the tool's schema; that needs the extra `schema`.

    Args:
        order: whether the calls must come in the order of the reference.
        tools: the tools of every row; by default those of each row, from `tools_column`, if there
            is one. As chat templates take them: `{"name": ..., "parameters": {...}}`, or that in
            `{"type": "function", "function": ...}`, `input_schema` for `parameters` included.
        tools_column: the column of tools.
        time_limit: seconds for checking the arguments of one call; what takes longer is wrong.
        opening: where the opening thinking tag stands; `"prompt"` if the chat template wrote it.
        name: as for every `Reward`.
        column: the column of the calls that are right: for each row a list of `{"name": ...,
            "arguments": {...}}`, or one, or the JSON of either; empty if none is right. With tools
            it may be missing: then any valid calls are right, but there must be one.

    >>> call = '<tool_call>{"name": "add", "arguments": {"a": 1, "b": 2.0}}</tool_call>'
    >>> wanted = [{"name": "add", "arguments": {"b": 2, "a": 1}}]
    >>> tool_call_reward([call, "It is 3."], tool_calls=[wanted, wanted])
    [1.0, 0.0]
    """

    default_name = "tool_call_reward"

    def __init__(
        self,
        *,
        order: bool = False,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tools_column: str = "tools",
        time_limit: float = 2.0,
        opening: Opening = "completion",
        name: str | None = None,
        column: str = "tool_calls",
    ) -> None:
        super().__init__(name=name, column=column)
        if not time_limit > 0:
            raise ValueError(f"time_limit must be positive, got {time_limit}")
        self.order = order
        self.tools = None if tools is None else _schemas(tools)
        self.tools_column = tools_column
        self.time_limit = time_limit
        self.opening = check_opening(opening)

    def verdicts(self, completions: Sequence[Any], **columns: Any) -> list[Verdict]:
        texts = text_list(completion_texts(completions))
        tools = self._column(columns.get(self.tools_column), self.tools_column, len(texts))
        if columns.get(self.column or "") is None and (tools or self.tools is not None):
            references = None
        else:
            name, values = find_column(columns, self.column)
            references = self._column(values, name, len(texts))
        return [
            self._judge_one(
                text,
                _message_calls(completion),
                references[index] if references else _ANY,
                tools[index] if tools else None,
                index,
            )
            for index, (text, completion) in enumerate(zip(texts, completions, strict=True))
        ]

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        return self.verdicts(completions, **{self.column or "": references})

    def _column(self, values: Any, name: str, count: int) -> list[Any] | None:
        return None if values is None else list(check_column(name, values, count))

    def _judge_one(self, text: str, made: Any, reference: Any, tools: Any, index: int) -> Verdict:
        try:
            wanted = None if reference is _ANY else _expected(reference)
            schemas = self.tools if tools is None else _schemas(tools)
            for schema in (schemas or {}).values():
                check_schema(schema)
        except (BadSchema, _Unreadable) as error:
            return _bad_reference(str(error))
        facts: dict[str, Any] = {}
        if made is None:
            found = _written_calls(text, self.opening)
            if isinstance(found, Verdict):
                return found
            made, facts = found
        try:
            calls = [_call(item) for item in made]
        except _Unreadable as error:
            return _wrong("unreadable_call", str(error), facts)
        if schemas is not None:
            for call in calls:
                bad = self._violation(call, schemas)
                if bad is not None:
                    if bad[0] == "bad_reference":
                        return _bad_reference(bad[1])
                    return _wrong(*bad, facts)
        return self._compare(calls, wanted, facts)

    def _violation(self, call: _Call, schemas: Mapping[str, str]) -> tuple[str, str] | None:
        """Return the rule that a call breaks, and how; `None` if its tool takes it."""
        if call.name not in schemas:
            return "unknown_tool", repr(call.name[:100])
        try:
            wrong = violation(call.arguments, schemas[call.name], self.time_limit)
        except TooSlow:
            return "too_large", call.name
        except BadSchema as error:
            return "bad_reference", str(error)
        return None if wrong is None else ("invalid_arguments", f"{call.name}: {wrong}")

    def _compare(
        self, calls: list[_Call], wanted: list[_Call] | None, facts: dict[str, Any]
    ) -> Verdict:
        names = ", ".join(call.name for call in calls)[:200] or "none"
        if wanted is None:
            if not calls:
                return Verdict(
                    Status.NO_ANSWER, 0.0, rule="no_call", reason=RULES["no_call"], **facts
                )
            return _right("valid_calls", names, facts)
        facts = {**facts, "reference": ", ".join(call.name for call in wanted)}
        made, right = [call.identity for call in calls], [call.identity for call in wanted]
        if made == right:
            return _right("same_calls", names, facts)
        if Counter(made) != Counter(right):
            return _wrong("other_calls", names, facts)
        if self.order:
            return _wrong("other_order", names, facts)
        return _right("same_calls", names, facts)


_ANY = object()


def _right(rule: str, why: str, facts: dict[str, Any]) -> Verdict:
    return Verdict(Status.CORRECT, 1.0, rule=rule, reason=f"{RULES[rule]}: {why}", **facts)


def _wrong(rule: str, why: str, facts: dict[str, Any]) -> Verdict:
    return Verdict(Status.WRONG, 0.0, rule=rule, reason=f"{RULES[rule]}: {why}", **facts)


def _bad_reference(why: str) -> Verdict:
    reason = f"{RULES['bad_reference']}: {why}"
    return Verdict(Status.BAD_REFERENCE, None, rule="bad_reference", reason=reason)


# ---- calls ---------------------------------------------------------------------------------------


def _message_calls(completion: Any) -> list[Any] | None:
    """Return the calls of a chat message that has them as a field."""
    if isinstance(completion, Sequence) and not isinstance(completion, str) and completion:
        completion = completion[-1]
    if isinstance(completion, Mapping) and completion.get("tool_calls"):
        return list(completion["tool_calls"])
    return None


def _written_calls(text: str, opening: Opening) -> tuple[list[Any], dict[str, Any]] | Verdict:
    """Return the calls written in a completion, with the facts of a verdict on them."""
    part = _core.final_part(text, opening_in_prompt=opening == "prompt")
    if part is None:
        return missing_answer("thinking")
    tagged = list(_TAGGED.finditer(text, *part))
    around = _TAGGED.sub(" ", text[slice(*part)])
    cut_off = _MARK.search(around) if tagged or "tool_call>" in around else None
    if tagged or cut_off:
        span = (tagged[0].start(), tagged[-1].end()) if tagged else part
        facts = {"extracted": text[slice(*span)], "extracted_from": "tag", "span": span}
        calls = [call[1] for call in tagged]
        if cut_off:  # or nested, or in another form: a call that cannot be read
            calls.append(around[cut_off.start() :])
        return calls, facts
    marked = _MARKED.match(text, part[0])
    start = marked.end() if marked else part[0]
    found = find_json(text[start : part[1]], "completion")
    if isinstance(found, Verdict):
        return [found.extracted] if found.rule == "several_answers" else [], {}
    try:
        calls = read_json(found.text)
    except NotJSON:
        # Prose is no call; a broken call is one.
        return ([found.text] if marked or _JSON.match(found.text) else []), {}
    calls = calls if isinstance(calls, list) else [calls]
    if not marked and not any(isinstance(call, dict) and _NAMES & call.keys() for call in calls):
        return [], {}  # JSON, but an answer rather than a call
    span = (found.span[0] + start, found.span[1] + start)
    facts = {**found.facts, "extracted_from": "mark" if marked else found.origin, "span": span}
    return calls, facts


def _call(item: Any) -> _Call:
    """Return the call that `item` is: a mapping, or the JSON of one.

    Raises:
        _Unreadable: if it is none.
    """
    try:
        item = read_json(item) if isinstance(item, str) else item
        if isinstance(item, Mapping) and isinstance(item.get("function"), Mapping):
            if "name" in item:
                raise _Unreadable("both name and function are given")
            item = item["function"]
        if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
            raise _Unreadable("there is no name")
        given = [key for key in ("arguments", "parameters", "input") if key in item]
        if len(given) > 1:
            raise _Unreadable(f"both {given[0]} and {given[1]} are given")
        arguments = item[given[0]] if given else {}
        if isinstance(arguments, str):
            arguments = read_json(arguments)
    except NotJSON as error:
        raise _Unreadable(str(error)) from None
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, Mapping):
        raise _Unreadable("the arguments are no object")
    return _Call(item["name"], dict(arguments))


def _expected(reference: Any) -> list[_Call]:
    """Return the calls of a reference."""
    if reference is None:
        raise _Unreadable("there is none")
    if isinstance(reference, str):
        try:
            reference = read_json(reference)
        except NotJSON as error:
            raise _Unreadable(str(error)) from None
    if isinstance(reference, Mapping):
        reference = [reference]
    if not isinstance(reference, Sequence) or isinstance(reference, (str, bytes)):
        raise _Unreadable("it is no list of calls")
    return [_call(item) for item in reference]


def _schemas(tools: Any) -> dict[str, str]:
    """Return the schema of every tool's arguments, as text, by the tool's name."""
    if isinstance(tools, str):
        try:
            tools = read_json(tools)
        except NotJSON as error:
            raise BadSchema(f"the tools are not JSON: {error}") from None
    if not isinstance(tools, Sequence) or isinstance(tools, (str, bytes)):
        raise BadSchema("the tools are no list")
    found = {}
    for tool in tools:
        if isinstance(tool, Mapping) and isinstance(tool.get("function"), Mapping):
            tool = tool["function"]
        if not isinstance(tool, Mapping) or not isinstance(tool.get("name"), str):
            raise BadSchema("a tool has no name")
        schema = tool.get("parameters", tool.get("input_schema"))
        try:
            found[tool["name"]] = json.dumps({} if schema is None else schema, sort_keys=True)
        except (TypeError, ValueError, RecursionError) as error:
            raise BadSchema(f"the tool {tool['name']!r} is not JSON: {error}") from None
    return found


#: The reward for the calls in the column `tool_calls`, in any order.
tool_call_reward = ToolCallReward()
