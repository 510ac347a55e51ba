"""The one interface: a batch of completions in, a list of rewards out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from .completion import Completion
from .verdict import Verdict

__all__ = ["REFERENCE_COLUMNS", "Reward"]

#: Where a reference is looked for, in this order, in the singular and then the plural.
REFERENCE_COLUMNS = (
    "solution",
    "answer",
    "ground_truth",
    "reference",
    "label",
    "target",
    "gold",
)


class Reward(ABC):
    """A callable that scores a batch; subclasses say how to judge.

    The object is called the way TRL calls a reward function: completions first, every data set
    column as a keyword, one value per completion. Columns it does not need are ignored. It holds
    only its options, so it pickles and is safe to call from many threads.

    Args:
        name: what trainers log it as (`__name__`); each subclass has a default.
        column: the column that holds the references; by default the first of
            `REFERENCE_COLUMNS`, singular or plural, that is present.
    """

    default_name: str = "reward"

    #: Whether completions are judged against a column; if not, `judge` gets a `None` for each.
    needs_reference: bool = True

    def __init__(self, *, name: str | None = None, column: str | None = None) -> None:
        self.__name__ = name or self.default_name
        self.column = column

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Return one reward per completion: a number, or `None` where we could not judge.

        Raises:
            TypeError, ValueError: if the caller's input is malformed; the message says where.
        """
        return [verdict.reward for verdict in self.verdicts(completions, **columns)]

    def verdicts(self, completions: Sequence[Any], **columns: Any) -> list[Verdict]:
        """Return one `Verdict` per completion; the same input as calling the reward."""
        texts = completion_texts(completions)
        return self.judge(texts, self.references(len(texts), columns))

    @abstractmethod
    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        """Judge texts against references of the same length."""

    def references(self, count: int, columns: Mapping[str, Any]) -> Sequence[Any]:
        """Return the reference column, or a `None` for each completion where none is needed.

        Raises:
            TypeError: if there is none, or it is no list.
            ValueError: if its length is not `count`.
        """
        if not self.needs_reference:
            return [None] * count
        return check_column(*find_column(columns, self.column), count)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.__name__!r}>"


def completion_texts(completions: Any) -> Sequence[str]:
    """Return the text of each completion; an Arrow string array is passed through untouched."""
    if hasattr(completions, "__arrow_c_array__") or hasattr(completions, "__arrow_c_stream__"):
        column: Sequence[str] = completions
        return column
    if isinstance(completions, (str, bytes)) or not hasattr(completions, "__iter__"):
        raise TypeError(f"completions must be a list, got {type(completions).__name__}")
    if isinstance(completions, list) and set(map(type, completions)) == {str}:
        return completions
    return [
        item if type(item) is str else Completion.of(item, f"completions[{index}]")
        for index, item in enumerate(completions)
    ]


def text_list(column: Sequence[str]) -> list[str]:
    """Return a column of texts as a list of `str`, whether it was a list or an Arrow array."""
    return [item.as_py() if hasattr(item, "as_py") else item for item in column]


def check_column(name: str, values: Any, count: int) -> Sequence[Any]:
    """Return `values` if it is a column: one entry for each of `count` completions.

    Raises:
        TypeError: if it is no list.
        ValueError: if it has another length.
    """
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        raise TypeError(
            f"{name} must be a list with one entry per completion, got {type(values).__name__}"
        )
    if len(values) != count:
        raise ValueError(f"{name} has {len(values)} entries for {count} completions")
    column: Sequence[Any] = values
    return column


def find_column(columns: Mapping[str, Any], name: str | None = None) -> tuple[str, Any]:
    """Return `(name, values)` of the reference column in `columns`.

    >>> find_column({"prompts": ["?"], "answer": ["4"]})
    ('answer', ['4'])
    >>> find_column({"prompts": ["?"], "gold_answer": ["4"]})
    Traceback (most recent call last):
    ...
    TypeError: no reference column: pass one of solution, answer, ground_truth, reference, label, \
target, gold, or name yours with column=; columns present: prompts, gold_answer
    """
    if name is not None:
        if columns.get(name) is not None:
            return name, columns[name]
        wanted = f"no column {name!r}"
    else:
        for candidate in REFERENCE_COLUMNS:
            for spelling in (candidate, candidate + "s"):
                if columns.get(spelling) is not None:
                    return spelling, columns[spelling]
        wanted = (
            f"no reference column: pass one of {', '.join(REFERENCE_COLUMNS)}, "
            "or name yours with column="
        )
    present = ", ".join(columns) or "none"
    raise TypeError(f"{wanted}; columns present: {present}")
