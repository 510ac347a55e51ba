"""Rewards described by a table, in a file or not: what it means, and what is wrong with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from verifiers import MathReward, math_reward
from verifiers.compose import Weighted
from verifiers.resolve import resolve
from verifiers.spec import load_table, read_table, to_reward

TOML = """
name = "r1"

[rewards]
math = 1.0

[rewards.shape]
reward = "format"
weight = 0.5
options = { scheme = "think" }
"""
YAML = """
name: r1
rewards:
  math: 1.0
  shape: {reward: format, weight: 0.5, options: {scheme: think}}
"""
COMPLETIONS = ["<think>2 + 2</think>\\boxed{4}", "\\boxed{4}", "<think>hm</think>\\boxed{5}"]


@pytest.fixture(params=["rewards.toml", "rewards.yaml", "rewards.yml"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path: Path = tmp_path / request.param
    path.write_text(TOML if path.suffix == ".toml" else YAML)
    return path


def test_a_file_is_the_sum_that_it_says(file: Path) -> None:
    reward = resolve(str(file))
    assert reward.__name__ == "r1"
    assert reward(COMPLETIONS, solution=["4"] * 3) == [1.5, 1.0, 0.5]
    assert list(reward.verdicts(COMPLETIONS, solution=["4"] * 3)[0].parts) == ["math", "shape"]


def test_all_ways_to_name_a_reward_come_to_the_same(file: Path) -> None:
    found = [
        to_reward(spec)(COMPLETIONS, solution=["4"] * 3)
        for spec in (str(file), read_table(file), resolve(str(file)))
    ]
    assert found[0] == found[1] == found[2]
    assert to_reward(math_reward) is math_reward
    assert to_reward("math")(["\\boxed{4}"], answer=["4"]) == [1.0]
    assert to_reward(lambda completions, **columns: [0.5])(["a"]) == [0.5]


def test_one_reward_alone_is_no_sum() -> None:
    reward = load_table({"rewards": {"exactly": {"reward": "math", "options": {"strict": True}}}})
    assert isinstance(reward, MathReward)
    assert (reward.__name__, reward.strict) == ("exactly", True)
    assert isinstance(load_table({"rewards": {"math": 2.0}}), Weighted)
    assert load_table({"name": "mine", "rewards": {"math": 1}}).__name__ == "mine"


def test_a_reward_that_exists_already_keeps_its_name_elsewhere() -> None:
    reward = load_table({"rewards": {"mine": {"reward": "verifiers.math:math_reward"}}})
    assert reward.__name__ == "mine"
    assert math_reward.__name__ == "math_reward"


def test_unscored_parts(file: Path) -> None:
    parts = {"math": 1.0, "format": 1.0}
    columns = {"solution": ["\\frac{"]}
    assert load_table({"rewards": parts})(COMPLETIONS[:1], **columns) == [None]
    ignoring = load_table({"rewards": parts, "unscored": "ignore"})
    assert ignoring(COMPLETIONS[:1], **columns) == [1.0]


MALFORMED: list[tuple[Any, str]] = [
    ({}, "at least one reward"),
    ({"rewards": {}}, "at least one reward"),
    ({"rewards": ["math"]}, "at least one reward"),
    ({"reward": "math"}, "unknown keys reward: use rewards, name, unscored"),
    ({"rewards": {"math": True}}, "rewards.math must be a weight or a table, got bool"),
    ({"rewards": {"math": {"weight": "1"}}}, "rewards.math.weight must be a number, got str"),
    ({"rewards": {"math": {"strict": True}}}, "unknown keys strict: use reward, weight, options"),
    ({"rewards": {"math": {"options": [1]}}}, "rewards.math.options must be a table, got list"),
    ({"rewards": {"math": {"options": {"strictly": 1}}}}, "rewards.math: cannot make reward"),
    ({"rewards": {"maths": 1.0}}, "rewards.maths: no reward named 'maths'"),
    ({"rewards": {"a": {"reward": 1}}}, "rewards.a.reward must be a built-in name"),
    ({"rewards": {"a": {"reward": "b.toml"}}}, "rewards.a.reward must be a built-in name"),
    ({"rewards": {"math": 0.0}}, "all 0"),
    ({"rewards": {"math": float("nan")}}, "finite"),
    ({"rewards": {"math": 1, "format": 1}, "unscored": "drop"}, "unscored must be"),
    ({"name": 3, "rewards": {"math": 1}}, "name must be text, got int"),
]


@pytest.mark.parametrize(("table", "part"), MALFORMED)
def test_malformed_tables(table: Any, part: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the part is checked below
        load_table(table)
    assert part in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("a.toml", "[rewards]\nmath = = 1", "line 2"),
        ("a.toml", "rewards = 1", "at least one reward"),
        ("a.yaml", "rewards: [", "line 1"),
        ("a.yaml", "- math", "must hold a table, got list"),
        ("a.yaml", "rewards: {math: !!python/name:os.system ''}", "python/name"),
        ("a.toml", None, "No such file"),
        ("a.toml", b"\xff", "not UTF-8"),
    ],
)
def test_malformed_files(tmp_path: Path, name: str, text: str | bytes | None, part: str) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the part is checked below
        resolve(str(path))
    assert str(error.value).startswith(str(path))
    assert part in str(error.value)


def test_yaml_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    path = tmp_path / "a.yaml"
    path.write_text("rewards: {math: 1}")
    with pytest.raises(ValueError, match=r"pip install 'rlvr-verifiers\[yaml\]'"):
        resolve(str(path))


def test_options_belong_in_the_file(file: Path) -> None:
    with pytest.raises(ValueError, match="set threads there"):
        resolve(str(file), threads=2)


def test_other_things_are_no_reward() -> None:
    for thing in (3, None, MathReward):
        with pytest.raises(TypeError, match="a reward must be"):
            to_reward(thing)  # type: ignore[arg-type]


def test_the_command_line_takes_files(file: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        "".join(json.dumps({"completion": text, "answer": "4"}) + "\n" for text in COMPLETIONS)
    )
    out = tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "verifiers", "score", str(rows), "-r", str(file)]
    done = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True, check=True)
    assert done.returncode == 0
    found = [json.loads(line)["reward"] for line in out.read_text().splitlines()]
    assert found == [1.5, 1.0, 0.5]
