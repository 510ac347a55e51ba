"""EasyR1: `compute_score` for `worker.reward.reward_function` (`reward_type=batch`).

`None`: EasyR1 has no place for it, so an unscored completion gets the number `unscored`, and the
metric `unscored` counts it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..spec import RewardSpec, to_reward
from ..verdict import Verdict
from .judging import (
    OnError,
    batch_columns,
    check_on_error,
    check_unscored,
    judge,
    number,
    single_columns,
    strip_end_marks,
)

__all__ = ["easyr1_reward"]

FILE = '''\
"""Rewards for EasyR1: worker.reward.reward_function={path}:compute_score"""

from verifiers.adapters.easyr1 import easyr1_reward

# unscored: what a completion gets that nobody could judge; EasyR1 needs a number.
compute_score = easyr1_reward({reward}, unscored=0.0)
'''


def easyr1_reward(
    reward: RewardSpec = "math", *, unscored: float = 0.0, on_error: OnError = "withhold"
) -> Callable[..., Any]:
    """Return a `compute_score` for EasyR1.

    Args:
        reward: a `Reward`, its name, a file or a table; see `verifiers.spec`.
        unscored: the number for a completion that could not be judged.
        on_error: what an exception of the reward does; see `trl_reward`.

    >>> easyr1_reward("math")([{"response": "so \\\\boxed{4}", "ground_truth": "4"}])
    [{'overall': 1.0, 'accuracy': 1.0, 'unscored': 0.0}]
    """
    chosen = to_reward(reward)
    check_unscored(unscored)
    check_on_error(on_error)

    def compute_score(reward_inputs: Any, **options: Any) -> Any:
        if isinstance(reward_inputs, Mapping):  # reward_type=sequential
            return compute_score([reward_inputs])[0]
        texts = [strip_end_marks(row["response"]) for row in reward_inputs]
        columns = batch_columns(
            [single_columns(row.get("ground_truth"), row) for row in reward_inputs]
        )
        verdicts = judge(chosen, texts, columns, on_error)
        return [_result(verdict, unscored) for verdict in verdicts]

    return compute_score


def _result(verdict: Verdict, unscored: float) -> dict[str, float]:
    return {
        "overall": number(verdict, unscored),
        "accuracy": float(verdict.correct),
        "unscored": float(not verdict.scored),
    }
