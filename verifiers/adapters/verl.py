"""verl: a function for `reward.custom_reward_function` (older: `custom_reward_function`).

verl calls `compute_score(data_source, solution_str, ground_truth, extra_info)` off the main thread,
or awaits it if it is async; its batch manager passes the same arguments in the plural.

`None`: verl has no place for it (`None` ends the run, NaN spreads to the group), so an unscored
completion gets the number `unscored`, with `unscored` 1.0 in its extra information. Every sample
has the same keys, as verl demands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from ..spec import RewardSpec, to_reward
from ..verdict import Verdict
from .judging import (
    OnError,
    batch_columns,
    check_on_error,
    check_unscored,
    judge,
    judge_one,
    number,
    single_columns,
)

__all__ = ["verl_reward"]

FILE = '''\
"""Rewards for verl:

    reward.custom_reward_function.path={path} reward.custom_reward_function.name=compute_score

The other two names are compute_score_async, and compute_score_batch for the batch manager.
"""

from verifiers.adapters.verl import verl_reward

REWARD = {reward}

# unscored: what a completion gets that nobody could judge; verl needs a number.
compute_score = verl_reward(REWARD, unscored=0.0)
compute_score_async = verl_reward(REWARD, unscored=0.0, form="async")
compute_score_batch = verl_reward(REWARD, unscored=0.0, form="batch")
'''


def verl_reward(
    reward: RewardSpec = "math",
    *,
    unscored: float = 0.0,
    form: Literal["single", "async", "batch"] = "single",
    on_error: OnError = "withhold",
) -> Callable[..., Any]:
    """Return a function for verl.

    The ground truth is the reference; what `extra_info` holds are further columns.

    Args:
        reward: a `Reward`, its name, a file or a table; see `verifiers.spec`.
        unscored: the number for a completion that could not be judged.
        form: `"single"`, `"async"`, or `"batch"` with plural arguments.
        on_error: what an exception of the reward does; see `trl_reward`.

    >>> compute_score = verl_reward("math")
    >>> compute_score("gsm8k", "so \\\\boxed{4}", "4", extra_info={"index": 7})["score"]
    1.0
    """
    chosen = to_reward(reward)
    check_unscored(unscored)
    check_on_error(on_error)

    def compute_score(
        data_source: Any,
        solution_str: str,
        ground_truth: Any,
        extra_info: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        extra = {**(extra_info or {}), "data_source": data_source}
        return _result(judge_one(chosen, solution_str, ground_truth, extra, on_error), unscored)

    async def compute_score_async(*arguments: Any, **options: Any) -> dict[str, Any]:
        return await asyncio.to_thread(compute_score, *arguments, **options)

    def compute_score_batch(
        data_sources: Sequence[Any],
        solution_strs: Sequence[str],
        ground_truths: Sequence[Any],
        extra_infos: Sequence[Mapping[str, Any] | None],
        **options: Any,
    ) -> list[dict[str, Any]]:
        columns = _columns(data_sources, ground_truths, extra_infos)
        verdicts = judge(chosen, list(solution_strs), columns, on_error)
        return [_result(verdict, unscored) for verdict in verdicts]

    forms: dict[str, Callable[..., Any]] = {
        "single": compute_score,
        "async": compute_score_async,
        "batch": compute_score_batch,
    }
    if form not in forms:
        raise ValueError(f"form must be one of {', '.join(forms)}, got {form!r}")
    return forms[form]


def _columns(
    data_sources: Sequence[Any],
    ground_truths: Sequence[Any],
    extra_infos: Sequence[Mapping[str, Any] | None],
) -> dict[str, list[Any]]:
    return batch_columns(
        [
            single_columns(truth, {**(extra or {}), "data_source": source})
            for source, truth, extra in zip(data_sources, ground_truths, extra_infos, strict=True)
        ]
    )


def _result(verdict: Verdict, unscored: float) -> dict[str, Any]:
    """Return what verl takes: the same keys, and the same types, for every sample."""
    return {
        "score": number(verdict, unscored),
        "acc": float(verdict.correct),
        "unscored": float(not verdict.scored),
        "status": verdict.status.value,
        "rule": verdict.rule,
        "pred": verdict.extracted or "",
    }
