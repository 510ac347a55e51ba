"""Every adapter: called as its host was seen to call it, and what it makes of the unscored."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import math
import pickle
import subprocess
import sys
import types
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from serving import serving

from verifiers import MathReward
from verifiers.adapters import HOSTS
from verifiers.adapters.areal import areal_reward
from verifiers.adapters.easyr1 import easyr1_reward
from verifiers.adapters.judging import Unscored, judge_one, strip_end_marks
from verifiers.adapters.ms_swift import swift_reward
from verifiers.adapters.nemo_gym import judge_response, nemo_gym_server, verify_reply
from verifiers.adapters.openrlhf import openrlhf_reward, response_of
from verifiers.adapters.rllm import rllm_reward
from verifiers.adapters.skyrl_gym import skyrl_environment
from verifiers.adapters.trl import trl_reward
from verifiers.adapters.verl import verl_reward
from verifiers.spec import to_reward

CALLS = {
    (call["host"], call["kind"]): call
    for call in map(
        json.loads, (Path(__file__).parent / "cases" / "host_calls.jsonl").read_text().splitlines()
    )
}
UNREADABLE = "\\frac{"


def raising(completions: Any, **columns: Any) -> Any:
    raise RuntimeError("this reward is broken")


# ---- the calls of real hosts, as recorded by tests/adapters ------------------------------------


def test_openrlhf_calls_a_file() -> None:
    import torch

    call = CALLS["openrlhf", "file"]
    found = openrlhf_reward("math")(*call["arguments"])
    assert set(found) == {"rewards", "scores", "extra_logs"}
    tensors = [found["rewards"], found["scores"], *found["extra_logs"].values()]
    assert all(isinstance(tensor, torch.Tensor) and tensor.shape == (1,) for tensor in tensors)
    assert found["rewards"].item() == 1.0
    old = openrlhf_reward("math", returns="tensor")(*call["arguments"])
    assert old.tolist() == [1.0]


def test_openrlhf_calls_the_server() -> None:
    with serving() as server:
        status, reply = server.ask("/get_reward", CALLS["openrlhf", "http"]["body"])
    assert status == 200
    assert reply == {
        "rewards": [1.0],
        "scores": [1.0],
        "extra_logs": {"correct": [1.0], "no_answer": [0.0], "unscored": [0.0]},
    }


def test_verl_calls_one_by_one() -> None:
    call = CALLS["verl", "single"]["keywords"]
    found = verl_reward("math")(**call)
    assert found["score"] == 1.0
    function = verl_reward("math", form="async")
    assert inspect.iscoroutinefunction(function), "verl asks so whether to await it"
    assert asyncio.run(function(**call)) == found


def test_verl_calls_with_a_batch() -> None:
    call = CALLS["verl", "batch"]["keywords"]
    found = verl_reward("math", form="batch", unscored=-1.0)(**call)
    assert [one["score"] for one in found] == [1.0, 0.0, -1.0, -1.0, 1.0]
    kinds = [{name: type(value) for name, value in one.items()} for one in found]
    assert all(kind == kinds[0] for kind in kinds)


def test_skyrl_gym_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    class BaseTextEnv:  # as far as its contract goes
        def __init__(self) -> None:
            self.turns, self.max_turns = 0, 1

    module = types.ModuleType("skyrl_gym.envs.base_text_env")
    module.BaseTextEnv, module.BaseTextEnvStepOutput = BaseTextEnv, dict  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "skyrl_gym.envs.base_text_env", module)
    for name in ("skyrl_gym", "skyrl_gym.envs"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    call = CALLS["skyrl-gym", "step"]
    output = skyrl_environment("math")(None, call["extras"]).step(call["action"])
    assert output["reward"] == 1.0
    assert (output["observations"], output["done"]) == ([], True)


# ---- hosts whose packages are too heavy to install here: their contracts -----------------------


def test_easyr1() -> None:
    compute_score = easyr1_reward("math", unscored=-1.0)
    rows = [
        {"response": "\\boxed{4}<|im_end|>", "ground_truth": "4", "response_length": 9},
        {"response": "\\boxed{5}", "ground_truth": "4"},
        {"response": "\\boxed{5}", "ground_truth": UNREADABLE},
    ]
    found = compute_score(rows, format_weight=0.1)
    assert [row["overall"] for row in found] == [1.0, 0.0, -1.0]
    assert [row["unscored"] for row in found] == [0.0, 0.0, 1.0]
    assert all(isinstance(value, float) for row in found for value in row.values())
    assert compute_score(rows[0])["overall"] == 1.0, "reward_type=sequential"
    assert compute_score([]) == []


def test_areal() -> None:
    reward_fn = pickle.loads(pickle.dumps(areal_reward("math")))
    arguments = ("2+2?", "so \\boxed{4}<|im_end|>", [1], [2, 3])
    assert reward_fn(*arguments, answer="4", query_id="7") == 1.0
    assert type(reward_fn(*arguments, answer="5")) is float
    with pytest.raises(Unscored, match="math_reward"):
        reward_fn(*arguments, answer=UNREADABLE)


def test_ms_swift(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("swift.rewards")
    module.ORM = type("ORM", (), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "swift", types.ModuleType("swift"))
    monkeypatch.setitem(sys.modules, "swift.rewards", module)
    reward = swift_reward("math")(args=object())
    assert isinstance(reward, module.ORM)
    solutions = ["4", "4", UNREADABLE]
    found = reward(["\\boxed{4}", "\\boxed{5}", "4"], solution=solutions, trainer_state=object())
    assert found == [1.0, 0.0, None]


def test_nemo_gym(monkeypatch: pytest.MonkeyPatch) -> None:
    class Model:
        def __init__(self, **fields: Any) -> None:
            self.__dict__.update(fields)

        def __init_subclass__(cls, **options: Any) -> None:
            assert options in ({}, {"extra": "allow"})

        def model_dump(self) -> dict[str, Any]:
            return dict(self.__dict__)

    module = types.ModuleType("nemo_gym.base_resources_server")
    module.BaseVerifyRequest = module.BaseVerifyResponse = Model  # type: ignore[attr-defined]
    module.SimpleResourcesServer = type("SimpleResourcesServer", (), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nemo_gym", types.ModuleType("nemo_gym"))
    monkeypatch.setitem(sys.modules, "nemo_gym.base_resources_server", module)
    part = {"type": "output_text", "text": "\\boxed{4}"}
    body = Model(
        responses_create_params={"input": "2+2?"},
        response={"output": [{"type": "message", "content": [part]}]},
        verifier_metadata={"expected_answer": "4"},
    )
    reply = asyncio.run(nemo_gym_server("math")().verify(body))
    assert (reply.reward, reply.mask_sample, reply.responses_create_params) == (
        1.0,
        False,
        {"input": "2+2?"},
    )


def test_nemo_gym_judges_the_last_message_alone() -> None:
    reward = MathReward()
    right = {"type": "message", "content": [{"type": "output_text", "text": "\\boxed{4}"}]}
    call = {"type": "function_call", "name": "f", "arguments": "{}"}

    def status(*output: Any) -> str:
        request = {"response": {"output": list(output)}, "expected_answer": "4"}
        return judge_response(reward, request).status.value

    assert status({"type": "reasoning", "summary": []}, right) == "correct"
    assert status({"type": "message", "content": "\\boxed{4}"}) == "correct"
    assert status(right, call) == "no_answer", "it went on to call a tool"
    assert status() == "no_answer"


def test_nemo_gym_masks_what_nobody_could_judge() -> None:
    request = {"response": {"output": []}, "expected_answer": UNREADABLE}
    reply = verify_reply(request, judge_response(MathReward(), request))
    assert (reply["reward"], reply["mask_sample"]) == (0.0, True)
    assert reply["failure_reason"]


def test_rllm(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, attribute in [
        ("rllm", None),
        ("rllm.eval", None),
        ("rllm.eval.types", "EvalOutput"),
        ("rllm.rewards", None),
        ("rllm.rewards.reward_types", "RewardOutput"),
    ]:
        module = types.ModuleType(name)
        if attribute:
            setattr(module, attribute, SimpleNamespace)
        monkeypatch.setitem(sys.modules, name, module)
    evaluate = rllm_reward("math", unscored=-1.0)
    last = SimpleNamespace(output=None, steps=[SimpleNamespace(output="\\boxed{4}")])
    episodes = [
        SimpleNamespace(artifacts={"answer": "\\boxed{4}"}, trajectories=[]),
        SimpleNamespace(artifacts={}, trajectories=[last]),
        SimpleNamespace(artifacts={}, trajectories=[SimpleNamespace(output="4", steps=[])]),
    ]
    for episode in episodes:
        for task in ({"ground_truth": "4"}, SimpleNamespace(data={"ground_truth": "4"})):
            found = evaluate(task, episode)
            assert (found.reward, found.is_correct) == (1.0, True)
    empty = SimpleNamespace(artifacts={}, trajectories=[])
    assert evaluate({"ground_truth": "4"}, empty).metadata["status"] == "no_answer"
    assert evaluate({"ground_truth": UNREADABLE}, episodes[0]).reward == -1.0
    old = evaluate({"ground_truth": "4"}, "\\boxed{4}<|im_end|>")
    assert (old.reward, old.metadata["unscored"]) == (1.0, False)
    with pytest.raises(TypeError, match="task must be a mapping"):
        evaluate(3, episodes[0])


# ---- TRL, without a trainer (tests/test_adapters_trl.py has one) -------------------------------


def test_trl_logs_what_happened() -> None:
    extra: dict[str, Any] = {}
    metrics: dict[str, float] = {}
    found = trl_reward("math", name="accuracy")(
        prompts=["?"] * 4,
        completions=["\\boxed{4}", "\\boxed{5}", "<think>hm", "\\boxed{4}"],
        completion_ids=[[1]] * 4,
        solution=["4", "4", "4", UNREADABLE],
        trainer_state=SimpleNamespace(global_step=3),
        log_extra=extra.__setitem__,
        log_metric=metrics.__setitem__,
    )
    assert found == [1.0, 0.0, 0.0, None]
    assert extra["accuracy/status"] == ["correct", "wrong", "no_answer", "bad_reference"]
    assert extra["accuracy/extracted"] == ["4", "5", None, "4"]
    assert metrics == {"rewards/accuracy/unscored": 0.25}


def test_trl_has_two_forms() -> None:
    sync, asynchronous = trl_reward("math"), trl_reward("math", asynchronous=True)
    assert not inspect.iscoroutinefunction(sync.__call__)
    assert inspect.iscoroutinefunction(asynchronous.__call__)
    found = asynchronous(["\\boxed{4}"], solution=["4"])
    assert asyncio.run(found) == sync(["\\boxed{4}"], solution=["4"]) == [1.0]  # type: ignore[arg-type]
    assert pickle.loads(pickle.dumps(sync))(["\\boxed{4}"], solution=["4"]) == [1.0]


def test_trl_puts_stripped_tags_back() -> None:
    class Tokenizer:
        eos_token_id, pad_token_id = 1, 0
        words = ("", "<eos>", "[THINK]", "[/THINK]", "2 + 2", "4")

        def decode(self, tokens: list[int]) -> str:
            return "".join(self.words[token] for token in tokens)

    spec = {"rewards": {"format": {"options": {"scheme": "magistral"}}}}
    ids = [[2, 4, 3, 5, 1, 0, 0], [4, 5, 1]]
    stripped = [[{"role": "assistant", "content": "2 + 24"}]] * 2
    assert trl_reward(spec)(stripped, completion_ids=ids) == [0.0, 0.0]
    assert trl_reward(spec, tokenizer=Tokenizer())(stripped, completion_ids=ids) == [1.0, 0.0]


# ---- what all share ----------------------------------------------------------------------------


def test_an_exception_is_withheld_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "verifiers"):
        assert trl_reward(raising)(["a", "b"]) == [None, None]
        assert asyncio.run(trl_reward(raising, asynchronous=True)(["a"])) == [None]  # type: ignore[arg-type]
        found = openrlhf_reward(raising, unscored=-1.0)(["pa"], ["p"], ["4"])
        assert found["rewards"].tolist() == [-1.0]
        assert found["extra_logs"]["unscored"].tolist() == [1.0]
        assert verl_reward(raising)("s", "a", "4")["unscored"] == 1.0
        assert easyr1_reward(raising)({"response": "a", "ground_truth": "4"})["unscored"] == 1.0
    assert len(caplog.records) == 5
    assert all(record.exc_info for record in caplog.records)


def test_an_exception_passes_where_asked_for() -> None:
    with pytest.raises(RuntimeError, match="broken"):
        trl_reward(raising, on_error="raise")(["a"])
    with pytest.raises(RuntimeError, match="broken"):
        verl_reward(raising, on_error="raise")("s", "a", "4")


@pytest.mark.parametrize("make", [openrlhf_reward, verl_reward, easyr1_reward, rllm_reward])
def test_the_number_for_the_unscored_is_a_number(make: Any) -> None:
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="unscored must be a finite number"):
            make("math", unscored=value)


def test_other_wrong_options() -> None:
    with pytest.raises(ValueError, match="on_error must be"):
        trl_reward("math", on_error="ignore")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="form must be"):
        verl_reward("math", form="plural")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="returns must be"):
        openrlhf_reward("math", returns="list")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no reward named"):
        verl_reward("maths")


def test_other_columns_never_become_the_reference() -> None:
    reward = MathReward()
    extra = {"solution": "5", "answer": "5", "ground_truth": "5", "completions": "x"}
    assert judge_one(reward, "\\boxed{4}", "4", extra).correct
    named = MathReward(column="answer")
    assert judge_one(named, "\\boxed{5}", "4", extra).correct, "unless asked for by name"


RESPONSES = [  # query, prompt, response
    ("2+2? 4", "2+2?", " 4"),
    ("<s>2+2? 4</s>", "2+2?", " 4"),
    ("<|im_start|>2+2? 4<|im_end|>\n", "<|im_start|>2+2?", " 4"),
    ("2+2?", "2+2?", ""),
    ("", "", ""),
    ("4", "2+2?", None),
    ("2+2", "2+2?", None),
    ("x" * 40 + "2+2? 4", "2+2?", None),  # too far in to be the prompt
    ("c" * 40 + "Q? 4", "a" * 9 + "b" * 50 + "c" * 40 + "Q?", " 4"),  # cut at its beginning
    ("c" * 40 + "Q? 4 " + "c" * 40 + "Q?", "b" * 200 + "c" * 40 + "Q?", " 4 " + "c" * 40 + "Q?"),
    ("Q?" + "c" * 40, "b" * 200 + "c" * 40 + "Q?", None),
]


@pytest.mark.parametrize(("query", "prompt", "response"), RESPONSES)
def test_the_prompt_is_cut_off(query: str, prompt: str, response: str | None) -> None:
    assert response_of(query, prompt) == response


def test_end_marks() -> None:
    for text in (
        "4<|im_end|>",
        "4</s>",
        "4<|eot_id|>\n",
        "4<eos><pad><pad>",
        "4<｜end▁of▁sentence｜>",
    ):
        assert strip_end_marks(text) == "4"
    assert strip_end_marks("4 <|im_end|> <pad> <pad>\n") == "4"
    for text in ("<think>", "</think>", "a <|im_end|> b", "<answer>4</answer>", "x > 4", "<b>"):
        assert strip_end_marks(text) == text


def test_end_marks_of_hostile_texts_take_no_time() -> None:
    many = 1_000_000
    for text in (" " * many + "x>", "<" * many + ">", "</s>" * many + "<b>", "<|" * many + "|>"):
        assert strip_end_marks(text) == text
    assert strip_end_marks("4" + "</s> " * many) == "4"
    assert response_of("a" * many, "b" + "a" * (many - 1)) is not None
    assert response_of("ab" * many, "ba" * many + "c") is None


# ---- the command -------------------------------------------------------------------------------


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "verifiers", "adapter", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_host_has_a_file_that_compiles(tmp_path: Path) -> None:
    spec = tmp_path / "rewards.toml"
    spec.write_text('[rewards]\nmath = 1.0\nformat = 0.25\n[rewards.x]\nreward = "length"\n')
    from typer.testing import CliRunner

    from verifiers.cli import app

    for host in HOSTS:
        for reward in ("math", str(spec)):
            done = CliRunner().invoke(app, ["adapter", host, "--reward", reward])
            assert done.exit_code == 0, done.output
            compile(done.output, host, "exec")
            assert str(tmp_path) not in done.output or host == "prime", "it stands alone"


def test_hosts_are_listed() -> None:
    done = command("--list", "--json")
    listed = json.loads(done.stdout)
    assert [entry["host"] for entry in listed] == list(HOSTS)
    assert all(entry["usage"] for entry in listed)
    assert "reward_funcs=[reward]" in command("--list").stdout
    single = json.loads(command("verl", "--json").stdout)
    assert (single["host"], single["reward"]) == ("verl", "math")
    assert single["file"] == command("verl").stdout
    nothing = command("--json")
    assert (nothing.returncode, "--list" in nothing.stderr) == (2, True)


def test_adapters_import_no_host() -> None:
    code = "import sys\n"
    for host in HOSTS:
        code += f"import verifiers.adapters.{host.replace('-', '_')}\n"
    code += "print([name for name in ('torch', 'trl', 'verl', 'fastapi') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_printed_is_the_reward_of_the_file(tmp_path: Path) -> None:
    spec = tmp_path / "rewards.toml"
    spec.write_text("[rewards]\nmath = 1.0\nformat = 0.25\n")
    done = command("verl", "--reward", str(spec))
    assert done.returncode == 0, done.stderr
    spec.unlink()
    names: dict[str, Any] = {}
    exec(done.stdout, names)
    assert names["compute_score"]("s", "<think>2 + 2</think>\\boxed{4}", "4")["score"] == 1.25
    assert to_reward(names["REWARD"]).__name__ == "math+0.25*format"


def test_primes_file_asks_our_server() -> None:
    done = command("prime", "--reward", "math")
    with serving() as server:
        code = (
            f"{done.stdout}\nprint(score('so \\\\boxed{{4}}', '4'), verifiers_reward('5', '4'))\n"
        )
        code += f"try:\n    score('4', {UNREADABLE!r})\nexcept RuntimeError as e:\n    print(e)\n"
        ran = subprocess.run(
            [sys.executable, "-I", "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"VERIFIERS_URL": server.url, "VERIFIERS_TOKEN": str(server.token)},
        )
    lines = ran.stdout.splitlines()
    assert lines[0] == "1.0 0.0"
    assert lines[1].startswith("bad_reference")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("slime",), "no host 'slime': use trl, openrlhf"),
        (("trl", "--reward", "maths"), "no reward named 'maths'"),
        (("trl", "--reward", "no_such.toml"), "no_such.toml"),
    ],
)
def test_wrong_commands(arguments: tuple[str, ...], part: str) -> None:
    done = command(*arguments)
    assert done.returncode == 2
    assert part in done.stderr
