"""A real GRPOTrainer takes a composition as its one reward, and logs every part of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_trainer import train_two_steps, two_tokens

from verifiers import curriculum, math_reward

WEIGHTS = {0: (1.0, 1.0), 1: (1.0, 0.5)}


def test_two_steps_with_a_curriculum(tmp_path: Path) -> None:
    reward = curriculum(math_reward, two_tokens, weights=WEIGHTS, name="r1")
    trainer = train_two_steps(tmp_path, [reward])
    logged = [entry for entry in trainer.state.log_history if "rewards/r1/mean" in entry]
    assert len(logged) == 2
    for entry, (_, weight) in zip(logged, WEIGHTS.values(), strict=True):
        math_mean = float(entry["rewards/r1/math_reward/mean"])
        length_mean = float(entry["rewards/r1/two_tokens/mean"])
        assert length_mean > 0
        total = math_mean + weight * length_mean
        assert float(entry["rewards/r1/mean"]) == pytest.approx(total, rel=1e-4)
