"""SkyRL-gym makes our environment from its registry, and steps it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import skyrl_gym
from recording import record
from skyrl_gym.envs.base_text_env import BaseTextEnv

EXTRAS = {"reward_spec": {"method": "rule", "ground_truth": "4"}, "data_source": "sums"}


@pytest.fixture(scope="module", autouse=True)
def registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder: Path = tmp_path_factory.mktemp("skyrl")
    command = [sys.executable, "-m", "verifiers", "adapter", "skyrl-gym", "--reward", "math"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (folder / "reward.py").write_text(text)
    sys.path.insert(0, str(folder))
    skyrl_gym.register(id="verifiers", entry_point="reward:VerifiersEnv")
    yield
    sys.path.remove(str(folder))


def step(action: str, **changes: Any) -> tuple[Any, Any]:
    environment = skyrl_gym.make("verifiers", env_config=None, extras={**EXTRAS, **changes})
    assert isinstance(environment, BaseTextEnv)
    prompt = [{"role": "user", "content": "2+2?"}]
    assert environment.init(prompt) == (prompt, {})
    output = environment.step(action)
    environment.close()
    return environment, output


def test_a_right_and_a_wrong_answer() -> None:
    record("skyrl-gym", "step", extras=EXTRAS, action="so \\boxed{4}<|im_end|>")
    _, output = step("so \\boxed{4}<|im_end|>")
    assert output["reward"] == 1.0
    assert output["done"] is True
    assert output["observations"] == []
    assert output["metadata"]["status"] == "correct"
    assert step("so \\boxed{5}")[1]["reward"] == 0.0


def test_an_unreadable_reference_is_a_number_and_counted() -> None:
    spec = {"method": "rule", "ground_truth": "\\frac{"}
    environment, output = step("so \\boxed{4}", reward_spec=spec)
    assert output["reward"] == 0.0
    assert output["metadata"]["status"] == "bad_reference"
    total = type(environment).aggregate_metrics([environment.get_metrics(), {"unscored": 0.0}])
    assert total["unscored"] == 0.5


def test_a_missing_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="reward_spec"):
        step("4", reward_spec={})
