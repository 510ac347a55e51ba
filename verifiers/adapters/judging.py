"""What all adapters share: judge a batch whatever the reward does, and turn verdicts to numbers."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from ..completion import Completion
from ..reward import REFERENCE_COLUMNS, Reward
from ..verdict import Status, Verdict

__all__ = [
    "OnError",
    "Unscored",
    "batch_columns",
    "check_on_error",
    "check_unscored",
    "judge",
    "judge_one",
    "number",
    "single_columns",
    "strip_end_marks",
]

#: What an exception of the reward does: withhold the rewards of this batch, or go to the trainer.
OnError: TypeAlias = Literal["withhold", "raise"]

_log = logging.getLogger("verifiers")

#: A mark that ends a turn or pads, as tokenizers of the common families write them.
_END_MARK = re.compile(
    r"<\|[A-Za-z0-9_]{1,32}\|>|<｜[a-z▁]{1,32}｜>|</s>|<eos>|<pad>|<end_of_turn>|<EOS_TOKEN>"
)
_LONGEST_MARK = 36


class Unscored(RuntimeError):
    """Raised where a host has no other way to leave a completion out."""


def judge(
    reward: Reward,
    completions: Sequence[Any],
    columns: Mapping[str, Any],
    on_error: OnError = "withhold",
) -> list[Verdict]:
    """Return one verdict per completion; an exception of the reward makes all of them `error`.

    A trainer that has run for days must not stop because of one batch: the exception is logged
    with its traceback, and the batch is left unscored.
    """
    try:
        return reward.verdicts(completions, **columns)
    except Exception as error:
        if on_error == "raise":
            raise
        _log.exception("%s raised: %d rewards are withheld", reward.__name__, len(completions))
        reason = f"{reward.__name__} raised {type(error).__name__}: {error}"
        withheld = Verdict(Status.ERROR, None, rule="raised", reason=reason)
        return [withheld] * len(completions)


def judge_one(
    reward: Reward,
    completion: Any,
    reference: Any,
    extra: Mapping[str, Any],
    on_error: OnError = "withhold",
) -> Verdict:
    """Return the verdict on one completion, for hosts that ask for one at a time."""
    return judge(reward, [completion], single_columns(reference, extra), on_error)[0]


def single_columns(reference: Any, extra: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the columns of one sample: its reference, under the name that is looked for first.

    Other data of the sample come under their own names, for rewards that ask for them (`column=`).

    >>> single_columns("4", {"answer": "a long derivation", "split": "train"})
    {'answer': ['a long derivation'], 'split': ['train'], 'solution': ['4'], 'ground_truth': ['4']}
    """
    if hasattr(reference, "tolist"):  # a NumPy array or scalar, as Parquet files give them
        reference = reference.tolist()
    columns = {str(name): [value] for name, value in extra.items() if name != "completions"}
    return {**columns, REFERENCE_COLUMNS[0]: [reference], "ground_truth": [reference]}


def batch_columns(rows: Sequence[Mapping[str, list[Any]]]) -> dict[str, list[Any]]:
    """Return the columns of a batch from those of its samples; what one lacks is `None`."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name, [None])[0] for row in rows] for name in names}


def number(verdict: Verdict, unscored: float) -> float:
    """Return the reward of a verdict, or what stands for an unscored one where a host needs it."""
    return unscored if verdict.reward is None else float(verdict.reward)


def strip_end_marks(text: str) -> str:
    """Return a completion without the special tokens that end it.

    >>> strip_end_marks("so 4<|im_end|>\\n")
    'so 4'
    """
    kept, end = len(text), len(text)
    while True:
        while end > 0 and text[end - 1].isspace():
            end -= 1
        start = text.rfind("<", max(0, end - _LONGEST_MARK), end)
        if start < 0 or not _END_MARK.fullmatch(text, start, end):
            return text[:kept]
        kept = end = start
        while kept > 0 and text[kept - 1].isspace():
            kept -= 1


def check_unscored(unscored: float) -> float:
    """Return the number for unscored completions.

    Raises:
        ValueError: if it is not finite: NaN would spread to the whole group.
    """
    if not math.isfinite(unscored):
        raise ValueError(f"unscored must be a finite number, got {unscored}")
    return float(unscored)


def check_on_error(on_error: OnError) -> OnError:
    if on_error not in ("withhold", "raise"):
        raise ValueError(f"on_error must be 'withhold' or 'raise', got {on_error!r}")
    return on_error


def completion_text(value: Any) -> str:
    """Return the text of a completion in any shape, without the tokens that end it."""
    return strip_end_marks(Completion.of(value))
