"""Rewards for length: soft overlong punishment, a target, cosine scaling, Kimi's length reward.

Every one of them measures in tokens if the trainer passes `completion_ids`, and else in words;
`unit` fixes it. A word stands between white space; a character of a script that is written without
spaces (Chinese, Japanese, Thai) is a word of its own.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from . import _core
from .graded import graded
from .math import MathReward
from .reward import Reward, check_column, completion_texts, find_column, text_list
from .threads import check_threads, thread_count
from .verdict import Status, Verdict

__all__ = [
    "RULES",
    "CosineLengthReward",
    "KimiLengthReward",
    "LengthReward",
    "OverlongPenalty",
    "length_reward",
    "overlong_penalty",
]

Unit = Literal["tokens", "words", "characters"]

#: Every rule that can decide, and the sentence that explains it.
RULES = {
    "not_overlong": "short enough for no penalty",
    "soft_overlong": "inside the margin where the penalty grows",
    "overlong": "longer than the maximum",
    "within_tolerance": "as long as asked for",
    "off_target": "shorter or longer than asked for",
    "bad_target": "the target is no positive number",
    "correct_by_length": "correct, and so the shorter the better",
    "wrong_by_length": "wrong, and scored by its length",
    "same_length": "all completions of the group are of one length",
    "correctness_unknown": "the correctness of the answer could not be judged",
}


class Length(NamedTuple):
    """How long a completion is, and in what."""

    size: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.size} {self.unit if self.size != 1 else self.unit[:-1]}"


class _ByLength(Reward):
    """What all rewards for length share: how long is each completion?"""

    needs_reference = False

    def __init__(
        self,
        *,
        unit: Unit | None,
        threads: int | None,
        name: str | None,
        column: str | None = None,
    ) -> None:
        super().__init__(name=name, column=column)
        if unit not in (None, "tokens", "words", "characters"):
            raise ValueError(f"unit must be 'tokens', 'words' or 'characters', got {unit!r}")
        self.unit = unit
        self.threads = check_threads(threads)

    def verdicts(self, completions: Sequence[Any], **columns: Any) -> list[Verdict]:
        texts = text_list(completion_texts(completions))
        return self._by_length(self._lengths(texts, columns), texts, columns)

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        return self.verdicts(completions)

    @abstractmethod
    def _by_length(
        self, lengths: list[Length], texts: list[str], columns: Mapping[str, Any]
    ) -> list[Verdict]:
        """Judge completions of these lengths."""

    def _lengths(self, texts: list[str], columns: Mapping[str, Any]) -> list[Length]:
        ids = columns.get("completion_ids")
        unit = self.unit or ("words" if ids is None else "tokens")
        if unit == "characters":
            return [Length(len(text), unit) for text in texts]
        if unit == "words":
            counted = _core.ngrams(texts, 1, threads=thread_count(self.threads, len(texts)))
            return [Length(words, unit) for words, _ in counted]
        if ids is None:
            raise TypeError("unit='tokens' needs completion_ids: a list of token ids each")
        check_column("completion_ids", ids, len(texts))
        return [Length(_id_count(item, index), unit) for index, item in enumerate(ids)]


def _id_count(ids: Any, index: int) -> int:
    if isinstance(ids, (str, bytes)) or not hasattr(ids, "__len__"):
        raise TypeError(
            f"completion_ids[{index}] must be a list of token ids, got {type(ids).__name__}"
        )
    return len(ids)


class OverlongPenalty(_ByLength):
    """The soft overlong punishment of DAPO: 0 up to a length, then down to -1 at the maximum.

    Args:
        max_length: the length at which the penalty is -1, and past which it stays there.
        cache: over how much length before `max_length` the penalty grows; 0 makes it a step.
        unit: what a length is counted in; by default tokens if `completion_ids` are passed, else
            words.
        threads, name: as for the other rewards.

    Returns:
        A number in [-1, 0], equal to TRL's `get_soft_overlong_punishment`. The defaults are the
        paper's.

    >>> penalty = OverlongPenalty(max_length=100, cache=20)
    >>> penalty(["..."] * 3, completion_ids=[[1] * 80, [1] * 90, [1] * 101])
    [0.0, -0.5, -1.0]
    >>> penalty.verdicts(["..."], completion_ids=[[1] * 90])[0].reason
    '90 tokens: 10 into the last 20 before the maximum of 100'
    """

    default_name = "overlong_penalty"

    def __init__(
        self,
        max_length: int = 20480,
        cache: int = 4096,
        *,
        unit: Unit | None = None,
        threads: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(unit=unit, threads=threads, name=name)
        if not 0 <= cache <= max_length or max_length < 1:
            raise ValueError(
                "max_length must be at least 1, and cache between 0 and max_length, "
                f"got {max_length} and {cache}"
            )
        self.max_length = max_length
        self.cache = cache

    def _by_length(
        self, lengths: list[Length], texts: list[str], columns: Mapping[str, Any]
    ) -> list[Verdict]:
        return [self._judge_one(length) for length in lengths]

    def _judge_one(self, length: Length) -> Verdict:
        free = self.max_length - self.cache
        if length.size <= free:
            reward, rule = 0.0, "not_overlong"
            reason = f"{length}: no more than {free}"
        elif length.size <= self.max_length:
            reward, rule = (free - length.size) / self.cache, "soft_overlong"
            reason = (
                f"{length}: {length.size - free} into the last {self.cache} "
                f"before the maximum of {self.max_length}"
            )
        else:
            reward, rule = -1.0, "overlong"
            reason = f"{length}: more than the maximum of {self.max_length}"
        return graded(reward, worst=-1.0, best=0.0, rule=rule, reason=reason)


class LengthReward(_ByLength):
    """1.0 for a completion about as long as asked for, falling to 0.0 at nothing and at twice.

    Args:
        target: the length asked for; by default that of each row, from `column`.
        tolerance: how far off still earns 1.0, as a fraction of the target, below 1.
        unit: what a length is counted in; by default tokens if `completion_ids` are passed, else
            words.
        threads, name: as for the other rewards.
        column: the column of the targets; a row without one (`None`) is unscored.

    Returns:
        A number in [0, 1]: 1 - d with d the distance from the target as a fraction of it, scaled so
        that it is 1 at the tolerance.

    >>> LengthReward(target=4, tolerance=0.25)(["a b c d e", "a b c d e f", "a b", ""])
    [1.0, 0.6666666666666666, 0.6666666666666666, 0.0]
    >>> length_reward(["a b c"], target_length=[3])
    [1.0]
    """

    default_name = "length_reward"

    def __init__(
        self,
        target: float | None = None,
        tolerance: float = 0.1,
        *,
        unit: Unit | None = None,
        threads: int | None = None,
        name: str | None = None,
        column: str = "target_length",
    ) -> None:
        super().__init__(unit=unit, threads=threads, name=name, column=column)
        if target is not None and not 0 < target < math.inf:
            raise ValueError(f"target must be positive, got {target}")
        if not 0 <= tolerance < 1:
            raise ValueError(f"tolerance must be at least 0 and below 1, got {tolerance}")
        self.target = target
        self.tolerance = tolerance

    def _by_length(
        self, lengths: list[Length], texts: list[str], columns: Mapping[str, Any]
    ) -> list[Verdict]:
        if self.target is not None:
            return [self._judge_one(length, self.target) for length in lengths]
        name, targets = find_column(columns, self.column)
        if len(targets) != len(lengths):
            raise ValueError(f"{name} has {len(targets)} targets for {len(lengths)} completions")
        return [
            self._judge_one(length, _target(target, f"{name}[{index}]"))
            for index, (length, target) in enumerate(zip(lengths, targets, strict=True))
        ]

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        return self.verdicts(completions, **{self.column or "": references})

    def _judge_one(self, length: Length, target: float | None) -> Verdict:
        if target is None:
            return Verdict(
                Status.BAD_REFERENCE, None, rule="bad_target", reason=RULES["bad_target"]
            )
        distance = abs(length.size - target) / target
        near = distance <= self.tolerance
        reward = 1.0 if near else max(0.0, (1.0 - distance) / (1.0 - self.tolerance))
        return graded(
            reward,
            worst=0.0,
            best=1.0,
            rule="within_tolerance" if near else "off_target",
            reason=f"{length}: {distance:.0%} off the target of {target:g}",
            reference=f"{target:g}",
        )


def _target(value: Any, where: str) -> float | None:
    """Return the target of a row; `None` if it has none that can be met."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{where} must be a number, got {type(value).__name__}")
    return value if 0 < value < math.inf else None


class _ByCorrectness(_ByLength):
    """A reward for length that depends on whether the answer is correct."""

    def __init__(
        self,
        correct: Reward | str | None,
        *,
        unit: Unit | None,
        threads: int | None,
        name: str | None,
    ) -> None:
        super().__init__(unit=unit, threads=threads, name=name)
        if correct is not None and not isinstance(correct, (Reward, str)):
            raise TypeError(
                f"correct must be a reward or the name of a column, got {type(correct).__name__}"
            )
        self.correct = MathReward() if correct is None else correct

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        column = self.correct if isinstance(self.correct, str) else self.correct.column
        return self.verdicts(completions, **{column or "solution": references})

    def _correctness(self, texts: list[str], columns: Mapping[str, Any]) -> list[bool | Verdict]:
        """Return whether each completion is correct; an unscored verdict where nobody knows."""
        if isinstance(self.correct, Reward):
            judged = self.correct.verdicts(texts, **columns)
            return [found.correct if found.scored else found for found in judged]
        name, values = find_column(columns, self.correct)
        check_column(name, values, len(texts))
        return [_flag(value, f"{name}[{index}]") for index, value in enumerate(values)]


def _flag(value: Any, where: str) -> bool | Verdict:
    if value is None:
        return Verdict(Status.ERROR, None, rule="correctness_unknown", reason=f"{where} is None")
    if isinstance(value, (bool, int, float)) and value in (0, 1):
        return bool(value)
    raise TypeError(f"{where} must be True, False, 1, 0 or None, got {value!r}")


def _unknown(found: Verdict) -> Verdict:
    return Verdict(
        found.status,
        None,
        rule="correctness_unknown",
        reason=f"{RULES['correctness_unknown']}: {found.reason}",
        reference=found.reference,
    )


class CosineLengthReward(_ByCorrectness):
    """The cosine scaled reward: correct answers earn more if short, wrong ones lose more if short.

    Along half a cosine wave from length 0 to `max_length`, and level from there on, the reward goes
    from `max_value_correct` to `min_value_correct`, or from `min_value_wrong` to `max_value_wrong`.

    Args:
        max_length: where the longest are; the values of the last two stay the same beyond it.
        min_value_wrong, max_value_wrong: for a wrong answer of length 0, and of `max_length`.
        min_value_correct, max_value_correct: for a correct one of `max_length`, and of length 0.
        correct: the reward that says what is correct, or a column of booleans; by default the
            `math_reward`.
        unit: what a length is counted in; by default tokens if `completion_ids` are passed, else
            words.
        threads, name: as for the other rewards.

    Returns:
        A number between the least and the greatest of the four values; `None` where correctness
        could not be judged.

    >>> reward = CosineLengthReward(max_length=100)
    >>> ids = [[1] * 50] * 2
    >>> reward(["\\\\boxed{4}", "\\\\boxed{5}"], solution=["4", "4"], completion_ids=ids)
    [0.75, -0.75]
    """

    default_name = "cosine_length_reward"

    def __init__(
        self,
        max_length: int,
        *,
        min_value_wrong: float = -1.0,
        max_value_wrong: float = -0.5,
        min_value_correct: float = 0.5,
        max_value_correct: float = 1.0,
        correct: Reward | str | None = None,
        unit: Unit | None = None,
        threads: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(correct, unit=unit, threads=threads, name=name)
        if max_length < 1:
            raise ValueError(f"max_length must be at least 1, got {max_length}")
        values = (min_value_wrong, max_value_wrong, min_value_correct, max_value_correct)
        if not all(math.isfinite(value) for value in values):
            raise ValueError(f"the four values must be finite, got {values}")
        if min_value_wrong > max_value_wrong or min_value_correct > max_value_correct:
            raise ValueError("min_value_... must not be above max_value_...")
        self.max_length = max_length
        self.wrong = (min_value_wrong, max_value_wrong)
        self.right = (max_value_correct, min_value_correct)

    def _by_length(
        self, lengths: list[Length], texts: list[str], columns: Mapping[str, Any]
    ) -> list[Verdict]:
        known = self._correctness(texts, columns)
        return [
            _unknown(correct) if isinstance(correct, Verdict) else self._judge_one(length, correct)
            for length, correct in zip(lengths, known, strict=True)
        ]

    def _judge_one(self, length: Length, correct: bool) -> Verdict:
        short, long = self.right if correct else self.wrong
        cosine = math.cos(min(length.size / self.max_length, 1.0) * math.pi)
        reward = long + 0.5 * (short - long) * (1.0 + cosine)
        return graded(
            reward,
            worst=self.wrong[0],
            best=self.right[0],
            rule="correct_by_length" if correct else "wrong_by_length",
            reason=f"{'correct' if correct else 'wrong'}, {length} of at most {self.max_length}",
        )


class KimiLengthReward(_ByCorrectness):
    """The length reward of Kimi k1.5: among the completions of one prompt, shorter is better.

    With x = 0.5 - (length - shortest) / (longest - shortest), a correct completion earns x and a
    wrong one min(0, x). Where all are of one length, all earn 0.

    Args:
        correct: the reward that says what is correct, or a column of booleans; by default the
            `math_reward`.
        group_size: how many consecutive completions belong to one prompt; by default those with
            equal `prompts`, and the whole batch where no prompts are passed.
        unit: what a length is counted in; by default tokens if `completion_ids` are passed, else
            words.
        threads, name: as for the other rewards.

    Returns:
        A number in [-0.5, 0.5]; `None` where correctness could not be judged.

    >>> reward = KimiLengthReward(correct="passed")
    >>> reward(["a", "a b", "a b c", "a"], passed=[True, True, True, False])
    [0.5, 0.0, -0.5, 0.0]
    """

    default_name = "kimi_length_reward"

    def __init__(
        self,
        *,
        correct: Reward | str | None = None,
        group_size: int | None = None,
        unit: Unit | None = None,
        threads: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(correct, unit=unit, threads=threads, name=name)
        if group_size is not None and group_size < 1:
            raise ValueError(f"group_size must be at least 1, got {group_size}")
        self.group_size = group_size

    def _by_length(
        self, lengths: list[Length], texts: list[str], columns: Mapping[str, Any]
    ) -> list[Verdict]:
        known = self._correctness(texts, columns)
        groups = self._groups(len(texts), columns)
        sizes: dict[Any, list[int]] = {}
        for key, length in zip(groups, lengths, strict=True):
            sizes.setdefault(key, []).append(length.size)
        bounds = {key: (min(members), max(members)) for key, members in sizes.items()}
        return [
            _unknown(correct)
            if isinstance(correct, Verdict)
            else self._judge_one(length, correct, *bounds[key])
            for length, correct, key in zip(lengths, known, groups, strict=True)
        ]

    def _groups(self, count: int, columns: Mapping[str, Any]) -> list[Any]:
        """Return a key for each completion, equal within a group."""
        prompts = columns.get("prompts")
        if self.group_size is not None:
            if count % self.group_size:
                raise ValueError(f"{count} completions are no groups of {self.group_size}")
            return [index // self.group_size for index in range(count)]
        if prompts is None:
            return [0] * count
        check_column("prompts", prompts, count)
        return [prompt if isinstance(prompt, str) else repr(prompt) for prompt in prompts]

    def _judge_one(self, length: Length, correct: bool, shortest: int, longest: int) -> Verdict:
        word = "correct" if correct else "wrong"
        if shortest == longest:
            reward, rule = 0.0, "same_length"
        else:
            reward = 0.5 - (length.size - shortest) / (longest - shortest)
            reward, rule = (reward if correct else min(0.0, reward)), f"{word}_by_length"
        return graded(
            reward,
            worst=-0.5,
            best=0.5,
            rule=rule,
            reason=f"{word}, {length} in a group of {shortest} to {longest}",
        )


#: The soft overlong punishment with the paper's lengths: 16384 tokens free, -1 past 20480.
overlong_penalty = OverlongPenalty()

#: The reward for a target length in the column `target_length`.
length_reward = LengthReward()
