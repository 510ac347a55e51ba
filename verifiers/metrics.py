"""Figures of merit over verdicts grouped by problem: pass@k, mean@k, maj@k, with intervals.

Every function takes the verdicts of each problem, in the order they were sampled. Unscored ones are
left out and counted; they are no evidence either way.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import TypeAlias

from .verdict import Verdict

__all__ = ["Estimate", "Problems", "by_problem", "maj_at_k", "mean_at_k", "pass_at_k"]

#: The verdicts of each problem, with or without a name for the problem.
Problems: TypeAlias = Mapping[Hashable, Sequence[Verdict]] | Sequence[Sequence[Verdict]]


@dataclass(frozen=True)
class Estimate:
    """A mean over problems, and how sure it is.

    Attributes:
        value: the mean.
        low, high: a bootstrap interval over problems, by percentiles.
        problems: how many problems count.
        unscored: how many completions were left out because they have no number.
        left_out: how many problems were left out because too few of their completions are scored.
    """

    value: float
    low: float
    high: float
    problems: int
    unscored: int
    left_out: int

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


def by_problem(
    verdicts: Sequence[Verdict], problems: Sequence[Hashable]
) -> dict[Hashable, list[Verdict]]:
    """Return the verdicts of each problem.

    Args:
        verdicts: one per completion.
        problems: what tells the problem of each: an id, or the prompt.

    Raises:
        ValueError: if the two have different lengths.

    >>> from verifiers import math_reward
    >>> found = math_reward.verdicts(["4", "5", "6"], solution=["4", "4", "6"])
    >>> {problem: len(group) for problem, group in by_problem(found, ["p", "p", "q"]).items()}
    {'p': 2, 'q': 1}
    """
    if len(verdicts) != len(problems):
        raise ValueError(f"{len(problems)} problems for {len(verdicts)} verdicts")
    groups: dict[Hashable, list[Verdict]] = {}
    for problem, verdict in zip(problems, verdicts, strict=True):
        groups.setdefault(problem, []).append(verdict)
    return groups


def pass_at_k(
    problems: Problems,
    k: int,
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Return the chance that at least one of k completions is correct.

    The unbiased estimator of Chen et al. (2021): of n scored completions of a problem, c are
    correct; one minus the share of the draws of k out of n that hold none of the c.

    Args:
        problems: the verdicts of each problem; at least k for each.
        k: how many completions may be tried.
        confidence: how often the interval should hold the true value.
        resamples: how often the problems are drawn anew for the interval.
        seed: of those draws; the same seed gives the same interval.

    Raises:
        ValueError: if there is no problem with k scored completions, or a problem has fewer than k
            completions, scored or not.

    >>> from verifiers import math_reward
    >>> found = math_reward.verdicts(["4", "5", "6", "7"], solution=["4"] * 4)
    >>> pass_at_k([found], 1).value, pass_at_k([found], 2).value
    (0.25, 0.5)
    """

    def chance(verdicts: Sequence[Verdict]) -> float:
        correct = sum(verdict.correct for verdict in verdicts)
        return 1 - comb(len(verdicts) - correct, k) / comb(len(verdicts), k)

    return _estimate(problems, k, chance, confidence, resamples, seed)


def mean_at_k(
    problems: Problems,
    k: int,
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Return the mean reward of the first k scored completions of each problem.

    For a reward of 0 and 1 it is what DeepSeek-R1 reports as pass@1 over k samples.

    Args:
        problems, k, confidence, resamples, seed: as for `pass_at_k`.

    Raises:
        ValueError: as `pass_at_k`.

    >>> from verifiers import math_reward
    >>> found = math_reward.verdicts(["4", "5", "4", "4"], solution=["4"] * 4)
    >>> mean_at_k([found], 4).value
    0.75
    """

    def mean(verdicts: Sequence[Verdict]) -> float:
        return sum(verdict.reward or 0.0 for verdict in verdicts[:k]) / k

    return _estimate(problems, k, mean, confidence, resamples, seed)


def maj_at_k(
    problems: Problems,
    k: int,
    *,
    equivalent: Callable[[str, str], bool] | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Return how often the most frequent of k answers is right; also called cons@k.

    Answers vote as `verdict.extracted`; a completion without an answer does not vote, and a problem
    where none votes is not right. Correct answers are one answer, since all are equivalent to the
    reference. A tie counts as the share of the tied answers that is right: what a fair draw among
    them would give on average. Of n > k completions every k in a row make a vote; the votes of a
    problem are averaged, and a rest smaller than k is left out.

    Args:
        problems, k, confidence, resamples, seed: as for `pass_at_k`.
        equivalent: whether two answers are the same, such as `verifiers.math.equal`; by default the
            same text, white space around it aside.

    Raises:
        ValueError: as `pass_at_k`; also if a correct verdict does not say what was extracted.

    >>> from verifiers import math_reward
    >>> from verifiers.math import equal
    >>> found = math_reward.verdicts(["1/3", "2/6", "0.5", "1/2", "2/4"], solution=["1/2"] * 5)
    >>> maj_at_k([found], 5).value, maj_at_k([found[:4]], 4, equivalent=equal).value
    (1.0, 0.5)
    """

    def right(verdicts: Sequence[Verdict]) -> float:
        votes = [_vote(verdicts[i : i + k], equivalent) for i in range(0, len(verdicts) - k + 1, k)]
        return sum(votes) / len(votes)

    return _estimate(problems, k, right, confidence, resamples, seed)


def _vote(verdicts: Sequence[Verdict], equivalent: Callable[[str, str], bool] | None) -> float:
    """Return the share of the most frequent answers that is right."""
    correct = 0
    counts: dict[str, int] = {}  # wrong answers
    for verdict in verdicts:
        if verdict.correct:
            if verdict.extracted is None:
                raise ValueError(
                    "maj@k needs the answers, and a correct verdict does not say what was "
                    f"extracted (rule {verdict.rule!r}): use a reward that does"
                )
            correct += 1
        elif verdict.extracted is not None:
            answer = verdict.extracted.strip()
            if answer not in counts and equivalent is not None:
                answer = next((held for held in counts if equivalent(held, answer)), answer)
            counts[answer] = counts.get(answer, 0) + 1
    most = max([correct, *counts.values()])
    if correct < most or most == 0:
        return 0.0
    return 1 / (1 + sum(count == most for count in counts.values()))


def _estimate(
    problems: Problems,
    k: int,
    measure: Callable[[Sequence[Verdict]], float],
    confidence: float,
    resamples: int,
    seed: int,
) -> Estimate:
    """Average `measure` over the problems that have at least k scored completions."""
    if isinstance(k, bool) or not isinstance(k, int):
        raise TypeError(f"k must be a whole number, got {k!r}")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, got {resamples}")
    named: Iterable[tuple[Hashable, Sequence[Verdict]]] = (
        problems.items() if isinstance(problems, Mapping) else enumerate(problems)
    )
    values: list[float] = []
    unscored = left_out = 0
    for name, verdicts in named:
        if len(verdicts) < k:
            raise ValueError(
                f"problem {name!r} has {len(verdicts)} completions, fewer than k = {k}"
            )
        scored = [verdict for verdict in verdicts if verdict.scored]
        unscored += len(verdicts) - len(scored)
        if len(scored) < k:
            left_out += 1
        else:
            values.append(measure(scored))
    if not values:
        raise ValueError(f"no problem has {k} scored completions ({left_out} left out)")
    low, high = _interval(values, confidence, resamples, seed)
    return Estimate(sum(values) / len(values), low, high, len(values), unscored, left_out)


def _interval(
    values: Sequence[float], confidence: float, resamples: int, seed: int
) -> tuple[float, float]:
    """Return the percentiles of the mean of `values` drawn with replacement."""
    import numpy as np

    draw = np.random.default_rng(seed)
    array = np.asarray(values)
    means = [array[draw.integers(0, len(array), len(array))].mean() for _ in range(resamples)]
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
