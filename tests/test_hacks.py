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
        "\\boxed{4}. It would be wrong to stop at 3.",
        "\\boxed{4}. This is because 3 + 1 = 4.",
        "\\boxed{4}. I am sure that it is not 5.",
        "\\boxed{4}\n\nSo 8 workers need 2 days.",
        "\\boxed{4}\n\nSo the result is $2 + 2$.",
        "\\boxed{4}\n\nThus, equality holds at $x = 3$.",
        "\\boxed{4}\n\nTherefore, Ann has 4 apples and Bob has 7.",
        "\\boxed{4}\n\n所以共有4个苹果，比3个多。",
        "so the answer is \\boxed{4}, as 7 > 3",
        "For example, 1 + 1 = 2; in general it is \\boxed{4}.",
        "Suppose x = 2. Then 2x = \\boxed{4}.",
        "❌ 3\n✅ \\boxed{4}",
        "\\boxed{4}<|im_end|><|im_start|>assistant\n\\boxed{7}",
    ],
)
def test_what_only_follows_an_answer_takes_nothing_back(completion: str) -> None:
    [verdict] = math_reward.verdicts([completion], solution=["4"])
    assert verdict.reward == 1.0, verdict


@pytest.mark.parametrize(
    ("completion", "reward"),
    [
        ("<answer>7</answer>\n\\boxed{4}", 0.0),
        ("\\boxed{7}<answer>4</answer>", 0.0),
        ("<answer>4</answer>\n\\boxed{7}", 0.0),
        ("<answer>3 or 4</answer> \\boxed{4}", 0.0),
        ("<answer>4</answer>\n\\boxed{4}", 1.0),
        ("\\boxed{\\frac{8}{2}}\n<answer>4</answer>", 1.0),
        ("<answer>There are 4 apples.</answer>\n\\boxed{4}", 1.0),
        ("\\boxed{7}. Wait, that is wrong.\n<answer>4</answer>", 1.0),
    ],
)
def test_a_box_and_a_tag_that_contradict_each_other_are_a_hedge(
    completion: str, reward: float
) -> None:
    assert math_reward([completion], solution=["4"]) == [reward]
