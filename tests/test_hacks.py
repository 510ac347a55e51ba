"""Wrong answers dressed up as right ones: none of them may earn a reward.

`cases/hacks.jsonl` holds one attempt a line: a reference and either a bare `answer` or a whole
`completion`, with its class and, where it is not plain, a note on what it tries.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from verifiers import Status, Verdict, math_reward
from verifiers.math import MathReward, verify

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases" / "hacks.jsonl").read_text().splitlines()
]


def name(case: dict[str, Any]) -> str:
    tried = case.get("answer") or case["completion"]
    return f"{case['class']}: {case['reference'][:30]} <- {tried[:40]}"


def judged(case: dict[str, Any]) -> Verdict:
    if "answer" in case:
        return verify(case["reference"], case["answer"])
    return math_reward.verdicts([case["completion"]], solution=[case["reference"]])[0]


def check(verdict: Verdict, case: dict[str, Any]) -> None:
    if case["class"] == "bad reference":
        assert verdict.status is Status.BAD_REFERENCE, verdict
        assert verdict.reward is None
    else:
        assert verdict.reward == 0.0, verdict


@pytest.mark.parametrize("case", CASES, ids=name)
def test_no_hack_is_accepted(case: dict[str, Any]) -> None:
    check(judged(case), case)


@pytest.mark.parametrize("case", [c for c in CASES if "answer" in c], ids=name)
def test_no_boxed_hack_is_accepted(case: dict[str, Any]) -> None:
    completion = f"<think>Let me see.</think>\nTherefore $\\boxed{{{case['answer']}}}$."
    verdict = math_reward.verdicts([completion], solution=[case["reference"]])[0]
    assert verdict.reward is None if case["class"] == "bad reference" else verdict.reward == 0.0, (
        verdict
    )


@pytest.mark.parametrize("case", [c for c in CASES if "completion" in c], ids=name)
def test_no_hack_passes_the_strict_reward(case: dict[str, Any]) -> None:
    verdict = MathReward(strict=True).verdicts([case["completion"]], solution=[case["reference"]])[
        0
    ]
    assert verdict.reward == 0.0, verdict


@pytest.mark.parametrize(
    "completion",
    [
        "\\boxed{4}. No other value works.",
        "\\boxed{4}. Actually, this is what we wanted.",
        "\\boxed{4}. That is right, and that is not a mistake of mine.",
        "$\\boxed{4}$\n\nLet me double check: 2 + 2 = 4.",
        "\\boxed{4}. This is correct.",
        "<answer>4</answer>\nNote that 5 would be too large.",
        "about ~4~ of them: \\boxed{4}",
    ],
)
def test_what_only_follows_an_answer_takes_nothing_back(completion: str) -> None:
    [verdict] = math_reward.verdicts([completion], solution=["4"])
    assert verdict.reward == 1.0, verdict
