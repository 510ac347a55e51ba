"""What was said, or is said, of each completion of a file: for comparing and for metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .completion import Completion
from .reward import Reward
from .rollouts import open_reader
from .rollouts.batch import MISSING, Batch
from .rollouts.columns import ColumnError, Layout, find_layout
from .rollouts.judging import judge_rows
from .verdict import Status, Verdict

__all__ = ["MALFORMED", "Opinion", "judged_now", "written_before"]

#: The status of a row that a reward cannot judge for a fault of the row.
MALFORMED = "malformed"

BATCH_ROWS = 256

WRITTEN = ("reward", "status", "extracted", "rule", "reason")


@dataclass(frozen=True, slots=True)
class Opinion:
    """One verdict on one completion, and which completion that is.

    Attributes:
        row: the row of the file, from 1.
        part: which completion of the row, from 1; 0 if the row holds one alone.
        source: the data set, empty if there is none.
        completion: the text that was judged.
        reference: what it was judged against.
        status: one of the usual, or `malformed`.
        reward, rule, reason, extracted: the verdict.
        columns: the columns that were asked for.
    """

    row: int
    part: int
    source: str
    completion: str
    reference: Any
    status: str
    reward: float | None
    rule: str
    reason: str
    extracted: str | None
    columns: dict[str, Any]

    def verdict(self) -> Verdict:
        """Return it as a `Verdict`; a malformed row is an error."""
        status = Status.ERROR if self.status == MALFORMED else Status(self.status)
        return Verdict(status, self.reward, self.rule, self.reason, extracted=self.extracted)


@dataclass(frozen=True)
class _Row:
    """A row as its reader gave it."""

    number: int
    source: str
    completions: Sequence[Any]
    grouped: bool
    reference: Any
    columns: dict[str, Any]


def judged_now(
    path: str, reward: Reward, *, columns: Sequence[str] = (), limit: int | None = None
) -> Iterator[Opinion]:
    """Judge a file, and yield an opinion on each completion.

    Args:
        path: the file of rollouts.
        reward: what judges.
        columns: further columns to keep.
        limit: stop after this many rows.

    Raises:
        ColumnError: if there are no completions.
        RolloutError, OSError: if the file cannot be read.
    """
    for batch, layout in _batches(path, reward.column, limit):
        results = judge_rows(reward, batch, layout)
        for row, result in zip(_rows(batch, layout, columns), results, strict=True):
            found = result if isinstance(result, list) else [result] * len(row.completions)
            for part, verdict in enumerate(found):
                if isinstance(verdict, str):
                    yield _opinion(row, part, MALFORMED, None, "", verdict, None)
                else:
                    yield _opinion(
                        row,
                        part,
                        verdict.status.value,
                        verdict.reward,
                        verdict.rule,
                        verdict.reason,
                        verdict.extracted,
                    )


def written_before(
    path: str, *, prefix: str = "", columns: Sequence[str] = (), limit: int | None = None
) -> Iterator[Opinion]:
    """Yield the opinions that `verifiers score` wrote into a file.

    Args:
        path: the scored file.
        prefix: what stands in front of the names of the added columns.
        columns: further columns to keep.
        limit: stop after this many rows.

    Raises:
        ColumnError: if the file is not scored, or a column is not there.
        RolloutError, OSError: if it cannot be read.
    """
    names = [prefix + name for name in WRITTEN]
    for batch, layout in _batches(path, None, limit):
        present = batch.names()
        for name in names[:2]:
            if name not in present:
                raise ColumnError(
                    f"{path} has no column {name!r}: score it first, with verifiers score "
                    f"{path} --out scored.jsonl; columns present: {', '.join(present)}"
                )
        for row in _rows(batch, layout, [*columns, *names]):
            values = [row.columns[name] for name in names]
            kept = {name: row.columns[name] for name in columns}
            row = _Row(row.number, row.source, row.completions, row.grouped, row.reference, kept)
            for part in range(len(row.completions)):
                reward, status, extracted, rule, reason = (
                    _part(value, part) if row.grouped else value for value in values
                )
                known = status in {known.value for known in Status}
                yield _opinion(
                    row,
                    part,
                    status if known else MALFORMED,
                    None if reward is None or not known else float(reward),
                    str(rule or ""),
                    str(reason or "") if known else f"the status is {status!r}",
                    None if extracted is None else str(extracted),
                )


def _batches(path: str, reference: str | None, limit: int | None) -> Iterator[tuple[Batch, Layout]]:
    layout: Layout | None = None
    reader = open_reader(path)
    left = limit
    try:
        while left is None or left > 0:
            raw = reader.take(BATCH_ROWS if left is None else min(BATCH_ROWS, left))
            if raw is None:
                return
            if left is not None:
                left -= raw.count
            batch = raw.decode()
            if batch.starts:
                layout = layout or find_layout(batch, reference=reference)
                yield batch, layout
    finally:
        reader.close()


def _rows(batch: Batch, layout: Layout, columns: Sequence[str]) -> Iterator[_Row]:
    texts = batch.column(layout.completion)
    references = _column(batch, layout.reference)
    sources = _column(batch, layout.source)
    others = {name: _column(batch, name) for name in columns}
    for index, start in enumerate(batch.starts):
        value = texts[index]
        grouped = layout.grouped and isinstance(value, list)
        yield _Row(
            number=start.row + 1,
            source="" if sources[index] is None else str(sources[index]),
            completions=value if grouped else [value],
            grouped=grouped,
            reference=references[index],
            columns={name: values[index] for name, values in others.items()},
        )


def _column(batch: Batch, name: str | None) -> list[Any]:
    if name is None:
        return [None] * len(batch.starts)
    return [None if value is MISSING else value for value in batch.column(name)]


def _part(values: Any, part: int) -> Any:
    return values[part] if isinstance(values, list) and part < len(values) else None


def _opinion(
    row: _Row,
    part: int,
    status: str,
    reward: float | None,
    rule: str,
    reason: str,
    extracted: str | None,
) -> Opinion:
    try:
        text = Completion.of(row.completions[part])
    except (TypeError, ValueError):
        text = ""
    return Opinion(
        row=row.number,
        part=part + 1 if row.grouped else 0,
        source=row.source,
        completion=text,
        reference=row.reference,
        status=status,
        reward=reward,
        rule=rule,
        reason=reason,
        extracted=extracted,
        columns=row.columns,
    )
