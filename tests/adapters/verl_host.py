"""verl's own reward managers call our function, and its sandbox client our /run_code."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from recording import record
from serving import Serving, serving
from tokens import tokenizer
from verl import DataProto
from verl.trainer.ppo.reward import get_custom_reward_fn, load_reward_manager
from verl.utils.config import validate_config
from verl.utils.reward_score.sandbox_fusion.utils import check_correctness
from verl.workers.reward_manager import get_reward_manager_cls

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TOKENIZER = tokenizer()
CASES = [  # response, ground truth, score, unscored
    ("so \\boxed{4}", "4", 1.0, 0.0),
    ("so \\boxed{5}", "4", 0.0, 0.0),
    ("I do not know", "", 0.0, 1.0),
    ("so \\boxed{4}", "\\frac{", 0.0, 1.0),
    ("so \\boxed{3}", ["3", "4"], 1.0, 0.0),
]
KEYS = {"score", "acc", "unscored", "status", "rule", "pred"}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("verl") / "reward.py"
    command = [sys.executable, "-m", "verifiers", "adapter", "verl", "--reward", "math"]
    path.write_text(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return str(path)


@pytest.fixture(scope="module")
def local_ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    here = Path.cwd()  # Ray's workers import from here, where the package has no C core
    os.chdir(tmp_path_factory.mktemp("ray"))
    for attempts_left in (2, 1, 0):  # Ray gives its own start 30 s, which a busy machine exceeds
        try:
            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
            break
        except Exception:
            ray.shutdown()
            if not attempts_left:
                raise
    os.chdir(here)
    yield
    ray.shutdown()


def batch(cases: list[Any]) -> DataProto:
    """Return a batch as verl's rollouts give it: prompts padded left, responses right."""
    prompt = TOKENIZER("2+2?", return_tensors="pt")["input_ids"]
    encoded = [TOKENIZER(response)["input_ids"] for response, *_ in cases]
    width = max(map(len, encoded))
    responses = torch.full((len(cases), width), TOKENIZER.pad_token_id)
    mask = torch.zeros((len(cases), prompt.shape[1] + width), dtype=torch.long)
    mask[:, : prompt.shape[1]] = 1
    for row, tokens in enumerate(encoded):
        responses[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, prompt.shape[1] : prompt.shape[1] + len(tokens)] = 1
    others = [{"style": "rule", "ground_truth": truth} for _, truth, *_ in cases]
    # GSM8K's extra_info holds a whole derivation as "answer": it must not become the reference.
    extras = [{"index": i, "answer": "a derivation #### 7"} for i in range(len(cases))]
    return DataProto.from_dict(
        tensors={
            "prompts": prompt.repeat(len(cases), 1),
            "responses": responses,
            "attention_mask": mask,
        },
        non_tensors={
            "data_source": np.array(["sums"] * len(cases), dtype=object),
            "reward_model": np.array(others, dtype=object),
            "extra_info": np.array(extras, dtype=object),
        },
    )


def config(path: str | None, manager: str, function: str = "compute_score", **more: Any) -> Any:
    return OmegaConf.create(
        {
            "reward": {
                "num_workers": 1,
                "custom_reward_function": {"path": path, "name": function, "reward_kwargs": {}},
                "reward_manager": {"source": "register", "name": manager},
                "reward_kwargs": {},
                **more,
            }
        }
    )


def run(manager: Any, data: DataProto) -> list[dict[str, Any]]:
    async def all_of_them() -> list[dict[str, Any]]:
        manager.loop = asyncio.get_running_loop()
        single = [manager.run_single(data[i : i + 1]) for i in range(len(data))]
        return await asyncio.gather(*single)

    return asyncio.run(all_of_them())


def check(found: list[dict[str, Any]], data: DataProto, manager: Any) -> None:
    assert [one["reward_score"] for one in found] == [score for _, _, score, _ in CASES]
    extra = [one["reward_extra_info"] for one in found]
    assert [one["unscored"] for one in extra] == [unscored for *_, unscored in CASES]
    assert all(set(one) == KEYS for one in extra), "verl stacks these: the same keys everywhere"
    kinds = [{name: type(value) for name, value in one.items()} for one in extra]
    assert all(kind == kinds[0] for kind in kinds)
    scores = manager.assemble_rm_scores(data, [one["reward_score"] for one in found])
    assert scores.sum(-1).tolist() == [score for _, _, score, _ in CASES]


@pytest.mark.parametrize("manager", ["naive", "dapo"])
@pytest.mark.parametrize("function", ["compute_score", "compute_score_async"])
def test_naive_and_dapo(file: str, manager: str, function: str) -> None:
    made = load_reward_manager(config(file, manager, function), TOKENIZER)
    data = batch(CASES)
    check(run(made, data), data, made)


def test_remote(file: str, local_ray: None) -> None:
    made = load_reward_manager(config(file, "remote"), TOKENIZER)
    data = batch(CASES)
    check(run(made, data), data, made)


def test_the_batch_manager(file: str) -> None:
    function = get_custom_reward_fn(config(file, "naive", "compute_score_batch"))
    manager = get_reward_manager_cls("batch")(TOKENIZER, 0, function)
    found = manager(batch(CASES), return_dict=True)
    assert found["reward_tensor"].sum(-1).tolist() == [score for _, _, score, _ in CASES]
    assert set(found["reward_extra_info"]) == KEYS
    assert all(len(values) == len(CASES) for values in found["reward_extra_info"].values())


def test_verl_takes_the_launch_line(tmp_path: Path) -> None:
    """The script is run as it stands, with a `python` that notes what it is called with."""
    noting = tmp_path / "python"
    noting.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/called\n')
    noting.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["bash", str(EXAMPLES / "verl.sh"), "MODEL", "train.parquet", "test.parquet"]
    subprocess.run(command, check=True, cwd=tmp_path, env={**os.environ, "PATH": path})
    _, module, *overrides = (tmp_path / "called").read_text().splitlines()
    assert module == "verl.trainer.main_ppo"
    commented = re.findall(r"^#   ([a-z_.]+=\S+)", (EXAMPLES / "verl.sh").read_text(), re.MULTILINE)
    assert len(commented) == 1
    package = Path(importlib.util.find_spec("verl").submodule_search_locations[0])  # type: ignore[union-attr, index]
    with initialize_config_dir(str(package / "trainer" / "config"), version_base=None):
        found = compose("ppo_trainer", [*overrides, commented[0].replace("$", "")])
    validate_config(found, use_reference_policy=True, use_critic=False)
    assert found.reward.sandbox_fusion.url.endswith("/run_code")
    function = get_custom_reward_fn(found)  # loads the file that the script wrote
    assert function("sums", "so \\boxed{4}", "4", {})["score"] == 1.0


def test_calls_are_recorded(file: str) -> None:
    calls: dict[str, Any] = {}

    def compute_score(**arguments: Any) -> float:
        calls["single"] = arguments
        return 0.0

    made = load_reward_manager(config(file, "naive"), TOKENIZER)
    made.compute_score, made.is_async_reward_score = compute_score, False
    run(made, batch(CASES[:1]))
    record("verl", "single", keywords=calls["single"])

    def compute_score_batch(**arguments: Any) -> list[float]:
        calls["batch"] = {name: list(values) for name, values in arguments.items()}
        return [0.0] * len(CASES)

    get_reward_manager_cls("batch")(TOKENIZER, 0, compute_score_batch)(batch(CASES))
    record("verl", "batch", keywords=calls["batch"])


# ---- the sandbox -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving("--sandbox", os.environ.get("VERIFIERS_TEST_SANDBOX", "auto")) as running:
        yield running


SUM = "a, b = map(int, input().split())\nprint(a + b)"
PROGRAMS = [  # program, what verl makes of it
    (SUM, True),
    ("print(0)", False),
    ("raise SystemExit(3)", -2),
    ("print(", -2),  # Python is not compiled, so an error of syntax is one of the run
    ("while True: pass", -3),
]


@pytest.mark.parametrize(("program", "wanted"), PROGRAMS)
def test_its_sandbox_client(server: Serving, program: str, wanted: Any) -> None:
    url = f"{server.url_with_token}/run_code"
    tests = {"inputs": ["1 2\n", "2 3\n"], "outputs": ["3\n", "5\n"]}
    results, details = check_correctness(url, tests, program, timeout=3)
    assert results == [wanted, wanted], details


def test_its_sandbox_client_compiles(server: Serving) -> None:
    url = f"{server.url_with_token}/run_code"
    tests = {"inputs": [""], "outputs": ["4\n"]}
    good = '#include <iostream>\nint main() { std::cout << 2 + 2 << "\\n"; }'
    assert check_correctness(url, tests, good, timeout=20, language="cpp")[0] == [True]
    assert check_correctness(url, tests, "int main() {", timeout=20, language="cpp")[0] == [-4]


def test_its_sandbox_client_calls_functions(server: Serving) -> None:
    url = f"{server.url_with_token}/run_code"
    tests = {"fn_name": "add", "inputs": ["1\n2", "2\n3"], "outputs": ["3", "5"]}
    program = "class Solution:\n    def add(self, a, b):\n        return a + b"
    assert check_correctness(url, tests, program, timeout=5)[0] == [True, True]


def test_its_default_score_with_our_sandbox(server: Serving) -> None:
    sandbox = {"url": f"{server.url_with_token}/run_code", "max_concurrent": 4}
    made = load_reward_manager(config(None, "naive", sandbox_fusion=sandbox), TOKENIZER)
    truth = '{"inputs": ["1 2\\n"], "outputs": ["3\\n"]}'
    data = batch([(f"```python\n{SUM}\n```", truth), ("```python\nprint(7)\n```", truth)])
    data.non_tensor_batch["data_source"][:] = "codecontests"
    assert [one["reward_score"] for one in run(made, data)] == [1.0, 0.0]


def test_a_wrong_token_is_no_wrong_answer(server: Serving) -> None:
    url = f"http://x:wrong@127.0.0.1:{server.port}/run_code"
    results, details = check_correctness(url, {"inputs": [""], "outputs": [""]}, "pass", timeout=3)
    assert results == [-1]
    assert "401" in details[0]["api_request_error"]
