"""OpenRLHF's own code calls our file and our server, and takes what they answer."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch
from recording import record
from serving import Serving, serving
from tokens import tokenizer

# The generator's module imports vLLM, which needs a GPU; nothing of it is used here.
for name in ("vllm", "vllm.inputs", "vllm.utils"):
    sys.modules.setdefault(name, MagicMock())

from openrlhf.trainer.ppo_utils.samples_generator import SamplesGenerator  # noqa: E402
from openrlhf.utils.agent import SingleTurnAgentExecutor  # noqa: E402

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
PROMPT = "<|im_start|>Put it in \\boxed{}. 2+2?<|im_end|><|im_start|>"
CASES = [  # response, label, reward, unscored
    ("so \\boxed{4}<|im_end|>", "4", 1.0, 0.0),
    ("so \\boxed{5}<|im_end|>", "4", 0.0, 0.0),
    ("I do not know<|im_end|>", "", 0.0, 1.0),
    ("so \\boxed{4}<|im_end|>", "\\frac{", 0.0, 1.0),
]


class Engine:
    """Stands where vLLM stands: gives the tokens of a response."""

    def __init__(self, response: str) -> None:
        self.tokens = tokenizer()(response, add_special_tokens=False)["input_ids"]

    async def generate(self, prompt: list[int], params: Any, **options: Any) -> Any:
        one = SimpleNamespace(token_ids=self.tokens, finish_reason="stop", logprobs=None)
        return SimpleNamespace(outputs=[one])


def experience(url: str, response: str, label: str, prompt: str = PROMPT) -> Any:
    """Return what OpenRLHF makes of one response, by its own two steps."""
    executor = SingleTurnAgentExecutor(url)
    params = SimpleNamespace(max_tokens=256, logprobs=None)
    output = asyncio.run(
        executor.execute(prompt, label, params, 1024, tokenizer(), Engine(response))
    )
    make = SamplesGenerator._process_response_into_experience
    return make(SimpleNamespace(), output, max_len=1024)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("openrlhf") / "reward.py"
    command = [sys.executable, "-m", "verifiers", "adapter", "openrlhf", "--reward", "math"]
    path.write_text(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return str(path)


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving("--reward", "math") as running:
        yield running


def check(found: Any, reward: float, unscored: float) -> None:
    assert found.rewards.flatten().tolist() == [reward]
    assert found.scores.flatten().tolist() == [reward]
    assert found.rewards.dtype.is_floating_point
    assert found.info["unscored"].flatten().tolist() == [unscored]
    assert set(found.info) >= {"reward", "score", "correct", "no_answer", "unscored"}


@pytest.mark.parametrize(("response", "label", "reward", "unscored"), CASES)
def test_our_file(file: str, response: str, label: str, reward: float, unscored: float) -> None:
    check(experience(file, response, label), reward, unscored)


@pytest.mark.parametrize(("response", "label", "reward", "unscored"), CASES)
def test_our_server(
    server: Serving, response: str, label: str, reward: float, unscored: float
) -> None:
    check(experience(f"{server.url_with_token}/get_reward", response, label), reward, unscored)


def test_a_group_is_what_the_advantages_need(file: str, server: Serving) -> None:
    for url in (file, f"{server.url_with_token}/get_reward"):
        found = [experience(url, response, label) for response, label, _, _ in CASES]
        rewards = torch.cat([one.rewards for one in found], dim=0).reshape(-1, len(CASES))
        assert rewards.tolist() == [[1.0, 0.0, 0.0, 0.0]]
        assert torch.isfinite(rewards - rewards.mean(-1, keepdim=True)).all()


def test_an_answer_in_the_prompt_is_not_the_models(file: str) -> None:
    prompt = PROMPT.replace("{}", "{4}")
    check(experience(file, "I do not know", "4", prompt), 0.0, 0.0)


def test_a_prompt_that_openrlhf_cut_is_still_found(file: str) -> None:
    prompt = "padding " * 200 + PROMPT.replace("{}", "{4}")
    check(experience(file, "hm<|im_end|>", "4", prompt), 0.0, 0.0)
    check(experience(file, "so \\boxed{4}<|im_end|>", "4", prompt), 1.0, 0.0)


def test_the_options_of_the_launch_line_exist() -> None:
    line = (EXAMPLES / "openrlhf.sh").read_text()
    used = set(re.findall(r"--([a-z_]+\.[a-z_.]+)", line))
    package = Path(importlib.util.find_spec("openrlhf").submodule_search_locations[0])  # type: ignore[union-attr, index]
    source = (package / "cli" / "train_ppo_ray.py").read_text()
    known = set(re.findall(r'add_argument\(\s*"--([a-z_.]+)"', source))
    assert "reward.remote_url" in used
    assert used <= known


def test_calls_are_recorded(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    executor = SingleTurnAgentExecutor(file)
    inner, calls = executor.reward_func, []

    def reward_func(*arguments: Any) -> Any:
        calls.append(arguments)
        return inner(*arguments)

    executor.reward_func = reward_func
    params = SimpleNamespace(max_tokens=256, logprobs=None)
    engine = Engine(CASES[0][0])
    asyncio.run(executor.execute(PROMPT, "4", params, 1024, tokenizer(), engine))
    record("openrlhf", "file", arguments=list(calls[0]))

    from openrlhf.utils import agent

    posted: list[Any] = []

    class Session:
        def __init__(self, **options: Any) -> None:
            pass

        async def __aenter__(self) -> Session:
            return self

        async def __aexit__(self, *exception: object) -> None:
            pass

        def post(self, url: str, json: Any) -> Any:
            posted.append(json)
            raise RuntimeError("recorded")

    async def no_sleep(seconds: float) -> None:
        pass

    monkeypatch.setattr(agent.aiohttp, "ClientSession", Session)
    monkeypatch.setattr(agent.asyncio, "sleep", no_sleep)
    executor = SingleTurnAgentExecutor("http://nowhere")
    asyncio.run(executor.execute(PROMPT, "4", params, 1024, tokenizer(), engine))
    record("openrlhf", "http", body=posted[0])
