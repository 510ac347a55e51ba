"""A real GRPOTrainer with our adapter: sync and async, several rewards, Nones and exceptions."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tiny_trainer import train_two_steps, two_tokens

from verifiers.adapters.trl import trl_reward


def raising(completions: Any, **columns: Any) -> Any:
    raise RuntimeError("this reward is broken")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    rewards = [
        trl_reward("math", name="sync"),
        trl_reward("math", name="async", asynchronous=True),
        trl_reward({"rewards": {"math": 1.0, "format": 0.0}}, name="table", asynchronous=True),
        trl_reward(two_tokens),
        trl_reward(raising),
        trl_reward(raising, name="raising_async", asynchronous=True),
    ]
    return train_two_steps(tmp_path_factory.mktemp("grpo"), rewards, unreadable=True)


def test_exceptions_do_not_end_the_training(trained: Any) -> None:
    assert trained.state.global_step == 2
    losses = [entry["loss"] for entry in trained.state.log_history if "loss" in entry]
    assert len(losses) == 2
    assert all(math.isfinite(float(loss)) for loss in losses)
    for name in ("raising", "raising_async"):
        assert all(math.isnan(reward) for reward in trained._logs["rewards"][name])


def test_sync_async_and_table_agree(trained: Any) -> None:
    rewards = trained._logs["rewards"]
    rows = list(
        zip(
            trained._logs["prompt"],
            rewards["sync"],
            rewards["async"],
            rewards["table"],
            strict=True,
        )
    )
    assert len(rows) >= 256
    for prompt, *found in rows:
        if "0 + 0 =" in str(prompt):
            assert all(math.isnan(reward) for reward in found), prompt
        else:
            assert found[0] in (0.0, 1.0)
            assert found[0] == found[1] == found[2]


def test_the_others_count_where_one_is_withheld(trained: Any) -> None:
    logs = trained._logs
    for prompt, length, advantage in zip(
        logs["prompt"], logs["rewards"]["two_tokens"], logs["advantages"], strict=True
    ):
        if "0 + 0 =" in str(prompt):
            assert length in (0.0, 1.0)
            assert math.isfinite(advantage)


def test_metrics_and_the_table_of_completions(trained: Any) -> None:
    entries = [entry for entry in trained.state.log_history if "rewards/sync/mean" in entry]
    assert len(entries) == 2
    for entry in entries:
        assert float(entry["rewards/sync/mean"]) == float(entry["rewards/async/mean"])
        assert float(entry["rewards/raising/unscored"]) == 1.0
        assert float(entry["rewards/two_tokens/unscored"]) == 0.0
        assert 0.0 < float(entry["rewards/sync/unscored"]) < 1.0
    extra = trained._logs["extra"]
    statuses = set(extra["sync/status"])
    assert {"correct", "wrong", "bad_reference"} <= statuses
    assert "error" not in statuses
    assert set(extra["raising/status"]) == {"error"}
    assert len(extra["sync/extracted"]) == len(trained._logs["prompt"])
