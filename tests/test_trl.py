"""A real GRPOTrainer, on the tiny model of examples/trl_grpo.py, trains with the math reward."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tiny_trainer import train_two_steps

from verifiers import math_reward


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return train_two_steps(tmp_path_factory.mktemp("grpo"), [math_reward], unreadable=True)


def test_two_steps_are_trained_with_a_finite_loss(trained: Any) -> None:
    assert trained.state.global_step == 2
    losses = [entry["loss"] for entry in trained.state.log_history if "loss" in entry]
    assert len(losses) == 2
    assert all(math.isfinite(float(loss)) for loss in losses)


def test_the_reward_is_logged_under_its_name(trained: Any) -> None:
    means = [
        float(entry["rewards/math_reward/mean"])
        for entry in trained.state.log_history
        if "rewards/math_reward/mean" in entry
    ]
    assert len(means) == 2
    assert all(0 < mean < 1 for mean in means), "some of the random answers are right, not all"


def test_only_the_unreadable_reference_is_left_unscored(trained: Any) -> None:
    logged = list(
        zip(
            trained._logs["prompt"],
            trained._logs["completion"],
            trained._logs["rewards"]["math_reward"],
            strict=True,
        )
    )
    assert logged
    for prompt, completion, reward in logged:
        if "0 + 0 =" in str(prompt):
            assert math.isnan(reward), (prompt, completion)
        else:
            assert reward in (0.0, 1.0), (prompt, completion)
    assert any(math.isnan(reward) for _, _, reward in logged)


def test_an_unscored_completion_moves_no_weight(trained: Any) -> None:
    for reward, advantage in zip(
        trained._logs["rewards"]["math_reward"], trained._logs["advantages"], strict=True
    ):
        if math.isnan(reward):
            assert advantage == 0.0
