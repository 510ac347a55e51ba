"""What the page shows of each completion, taken from a scored file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..completion import Completion
from ..rollouts import Reader, open_reader
from ..rollouts.columns import (
    PROMPT_COLUMNS,
    ColumnError,
    Layout,
    find_layout,
    is_group,
    with_plurals,
)
from ..schemes import SCHEMES
from ..verdict import Status

__all__ = ["Entry", "read_entries", "split_thinking"]

#: What must be there for a file to count as scored.
NEEDED = ("reward", "status")

#: The columns that the page shows in a place of their own.
SHOWN = ("reward", "status", "extracted", "extracted_from", "rule", "reason", "test_results")

#: A column beside the completion is cut to this many characters.
OTHER_CHARACTERS = 2000

BATCH_ROWS = 256

STATUSES = frozenset(status.value for status in Status)


@dataclass(frozen=True, slots=True)
class Entry:
    """One completion with its verdict, as the page shows it.

    Attributes:
        row: the row of the file, from 1.
        part: which completion of the row, from 1; 0 if the row holds one alone.
        status, reward, rule, reason, extracted, extracted_from: the verdict.
        source: the data set, empty if there is none.
        reference: what it was judged against.
        prompt: the turns before it: who spoke, and what.
        before, thinking, answer: the completion, split where the thinking begins and ends.
        characters: how long the whole completion is.
        tests: what came of each test of a program.
        others: the other columns.
    """

    row: int
    part: int
    status: str
    reward: float | None
    rule: str
    reason: str
    extracted: str | None
    extracted_from: str | None
    source: str
    reference: str
    prompt: list[tuple[str, str]]
    before: str
    thinking: str
    answer: str
    characters: int
    tests: list[dict[str, Any]] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)


def read_entries(path: str, *, prefix: str = "", characters: int = 30_000) -> Iterator[Entry]:
    """Read what `verifiers score` wrote.

    Args:
        path: `.jsonl`, `.jsonl.gz` or `.parquet`.
        prefix: what stands in front of the names of the added columns.
        characters: of a longer text the middle is left out.

    Raises:
        ColumnError: if the file was not scored, or there is no column of completions.
        RolloutError, OSError: if it cannot be read.
    """
    reader = open_reader(path)
    try:
        yield from _entries(reader, prefix, characters)
    finally:
        reader.close()


def _entries(reader: Reader, prefix: str, characters: int) -> Iterator[Entry]:
    layout: Layout | None = None
    while (batch := reader.read(BATCH_ROWS)) is not None:
        if not batch.starts:
            continue
        if layout is None:
            names = batch.names()
            missing = [prefix + name for name in NEEDED if prefix + name not in names]
            if missing:
                raise ColumnError(
                    f"{reader.name} has no column {missing[0]!r}: score it first, with "
                    f"verifiers score {reader.name} --out scored.jsonl; "
                    f"columns present: {', '.join(names)}"
                )
            layout = find_layout(batch)
        for start, row in zip(batch.starts, batch.values(), strict=True):
            yield from _row_entries(start.row + 1, row, layout, prefix, characters)


def _row_entries(
    number: int, row: Mapping[str, Any], layout: Layout, prefix: str, characters: int
) -> Iterator[Entry]:
    value = row.get(layout.completion)
    grouped = is_group(value) or (layout.grouped and value == [])
    completions: Sequence[Any] = value if grouped else [value]  # type: ignore[assignment]
    verdict = {name: row.get(prefix + name) for name in SHOWN}
    prompt_name = next((name for name in with_plurals(PROMPT_COLUMNS) if row.get(name)), None)
    placed = {layout.completion, layout.reference, layout.source, prompt_name}
    placed |= {prefix + name for name in SHOWN}
    others = {
        name: shorten(as_text(found), OTHER_CHARACTERS)
        for name, found in row.items()
        if name not in placed and found is not None
    }
    for index, completion in enumerate(completions):
        own = {name: _item(found, index) if grouped else found for name, found in verdict.items()}
        turns, text = _conversation(completion)
        prompt = [*_turns(row.get(prompt_name) if prompt_name else None), *turns]
        before, thinking, answer = split_thinking(text)
        status = str(own["status"])
        yield Entry(
            row=number,
            part=index + 1 if grouped else 0,
            status=status if status in STATUSES else Status.ERROR.value,
            reward=float(own["reward"]) if isinstance(own["reward"], (int, float)) else None,
            rule=str(own["rule"] or ""),
            reason=str(own["reason"] or ""),
            extracted=None if own["extracted"] is None else str(own["extracted"]),
            extracted_from=None if own["extracted_from"] is None else str(own["extracted_from"]),
            source=str(row.get(layout.source) or "") if layout.source else "",
            reference=shorten(
                as_text(row.get(layout.reference)) if layout.reference else "", characters
            ),
            prompt=[(role, shorten(said, characters)) for role, said in prompt],
            before=shorten(before, characters),
            thinking=shorten(thinking, characters),
            answer=shorten(answer, characters),
            characters=len(text),
            tests=_tests(own["test_results"]),
            others=others,
        )


def _item(values: Any, index: int) -> Any:
    return values[index] if isinstance(values, list) and index < len(values) else None


def _conversation(completion: Any) -> tuple[list[tuple[str, str]], str]:
    """Return the turns before the completion, and its text."""
    try:
        text = str(Completion.of(completion)) if completion is not None else ""
    except TypeError:
        return [], as_text(completion)
    if isinstance(completion, list) and len(completion) > 1:
        return _turns(completion[:-1]), text
    return [], text


def _turns(prompt: Any) -> list[tuple[str, str]]:
    """Return who says what in a prompt: text, or chat messages."""
    if prompt is None:
        return []
    if isinstance(prompt, list) and all(isinstance(turn, Mapping) for turn in prompt):
        return [(str(turn.get("role", "")), _content(turn)) for turn in prompt]
    return [("", as_text(prompt))]


def _content(turn: Mapping[str, Any]) -> str:
    try:
        return str(Completion.of(turn))
    except TypeError:
        return as_text(turn.get("content"))


def split_thinking(text: str) -> tuple[str, str, str]:
    """Return what comes before the thinking, the thinking with its tags, and the answer.

    >>> split_thinking("<think>2+2</think>4")
    ('', '<think>2+2</think>', '4')
    >>> split_thinking("so <think>2+2")
    ('so ', '<think>2+2', '')
    >>> split_thinking("4")
    ('', '', '4')
    """
    for scheme in SCHEMES.values():
        opening, closing = scheme.thinking_opening, scheme.thinking_closing
        begin, last = text.find(opening), text.rfind(closing)
        if opening not in text and (closing not in text or scheme.name == "harmony"):
            continue
        begin = max(begin, 0)
        end = last + len(closing) if last >= begin else len(text)
        return text[:begin], text[begin:end], text[end:]
    return "", "", text


def _tests(value: Any) -> list[dict[str, Any]]:
    """Return what `verifiers score` wrote of the tests of a program."""
    try:
        tests = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return []
    return [test for test in tests if isinstance(test, dict)] if isinstance(tests, list) else []


def as_text(value: Any) -> str:
    """Return a value as text: text as it is, the rest as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str)


def shorten(text: str, limit: int) -> str:
    """Return `text` with its middle left out if it is longer than `limit`.

    >>> shorten("abcdefghij", 4)
    'ab\\n… 6 characters left out …\\nij'
    """
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters left out …\n{text[-half:]}"
