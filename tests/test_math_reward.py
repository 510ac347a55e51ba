"""The math reward as trainers call it: shapes, columns, threads, forks, and what `None` means."""

from __future__ import annotations

import asyncio
import os
import pickle
import runpy
import threading
from pathlib import Path
from typing import Any

import polars
import pyarrow
import pytest

from verifiers import MathReward, Status, math_reward
from verifiers.math import RULES, Rule, equal, verify
from verifiers.math.symbolic import Outcome, shared_pool

INTEGRAL = r"\boxed{\int_0^1 2x\,dx=1}"  # undecided in C, so it reaches a worker

COMPLETIONS: list[Any] = [
    [{"role": "assistant", "content": "so \\boxed{\\frac12}"}],
    "x \\boxed{0.5}",
    "\\boxed{1/3}",
    INTEGRAL,
]
SOLUTION = ["1/2", "\\frac{1}{2}", "1/2", "1"]
REWARDS = [1.0, 1.0, 0.0, 1.0]


@pytest.mark.symbolic
def test_messages_and_text_in_one_batch() -> None:
    assert math_reward(COMPLETIONS, solution=SOLUTION) == REWARDS


@pytest.mark.symbolic
def test_the_way_trl_calls() -> None:
    rewards = math_reward(
        prompts=["?"] * 4,
        completions=COMPLETIONS,
        completion_ids=[[1], [2], [3], [4]],
        solution=SOLUTION,
        trainer_state=None,
        log_extra=lambda column, values: None,
        log_metric=lambda name, value: None,
    )
    assert rewards == REWARDS
    assert math_reward.__name__ == "math_reward"


@pytest.mark.symbolic
def test_eight_threads_at_once() -> None:
    results: list[list[float | None]] = []
    threads = [
        threading.Thread(target=lambda: results.append(math_reward(COMPLETIONS, solution=SOLUTION)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [REWARDS] * 8


@pytest.mark.symbolic
def test_from_an_event_loop() -> None:
    async def score() -> list[float | None]:
        return await asyncio.to_thread(math_reward, COMPLETIONS, solution=SOLUTION)

    assert asyncio.run(score()) == REWARDS


@pytest.mark.symbolic
def test_after_a_fork() -> None:
    math_reward(COMPLETIONS, solution=SOLUTION)  # the pool of the parent runs
    child = os.fork()
    if child == 0:
        failed = math_reward(COMPLETIONS, solution=SOLUTION) != REWARDS
        os._exit(int(failed))
    assert os.waitpid(child, 0)[1] == 0
    assert math_reward(COMPLETIONS, solution=SOLUTION) == REWARDS


def test_pickles() -> None:
    reward = MathReward(strict=True, tolerance=0.01, name="strict_math")
    copy = pickle.loads(pickle.dumps(reward))
    assert copy.__name__ == "strict_math"
    assert copy(["about 3.14", "\\boxed{3.15}"], solution=["\\pi", "\\pi"]) == [0.0, 1.0]


def test_unreadable_reference_is_unscored() -> None:
    verdicts = math_reward.verdicts(["\\boxed{5}", "no idea"], solution=["\\frac{"] * 2)
    assert [v.status for v in verdicts] == [Status.BAD_REFERENCE] * 2
    assert [v.reward for v in verdicts] == [None, None]


@pytest.mark.parametrize(
    "answer",
    ["9^{9^{9^9}}", "{" * 10_000 + "}" * 10_000, "7" * 1_000_000],
    ids=["tower", "braces", "digits"],
)
@pytest.mark.parametrize("form", ["%s", "\\boxed{%s}", "the answer is %s"])
@pytest.mark.timeout(20)
def test_what_is_too_large_is_wrong_and_not_slow(answer: str, form: str) -> None:
    assert math_reward([form % answer], solution=["1/2"]) == [0.0]


@pytest.mark.parametrize("column", ["solution", "answers", "ground_truth", "labels", "gold"])
def test_reference_columns(column: str) -> None:
    assert math_reward(["4"], **{column: ["4"]}) == [1.0]


def test_named_column() -> None:
    assert MathReward(column="final")(["4"], final=["4"], solution=["5"]) == [1.0]
    with pytest.raises(TypeError, match="no column 'final'; columns present: solution"):
        MathReward(column="final")(["4"], solution=["5"])


@pytest.mark.parametrize(
    ("completions", "columns", "message"),
    [
        (["4"], {"gold_answer": ["4"]}, "columns present: gold_answer"),
        (["4"], {"solution": "4"}, "solution must be a list"),
        (["4"], {"solution": ["4", "5"]}, "2 entries for 1 completions"),
        ("4", {"solution": ["4"]}, "completions must be a list"),
        (["4", 5], {"solution": ["4", "5"]}, r"completions\[1\] must be text"),
        ([[{"content": 1}]], {"solution": ["4"]}, r"completions\[0\]\[0\]\['content'\]"),
        (["4"], {"solution": [True]}, r"references\[0\] must be text"),
        (["4"], {"solution": [[["4"]]]}, r"references\[0\]\[0\]"),
    ],
)
def test_malformed_calls_raise(completions: Any, columns: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        math_reward(completions, **columns)


def test_references_that_are_no_text() -> None:
    references = [4, 0.5, None, ["7", "8"], ["\\frac{", "9"], [], ["\\frac{"]]
    completions = ["4", "1/2", "4", "8", "9", "9", "9"]
    expected = [1.0, 1.0, None, 1.0, 1.0, None, None]
    assert math_reward(completions, solution=references) == expected
    # wrong against what could be read, with an alternative that could not: not judged
    assert math_reward(["10"], solution=[["\\frac{", "9"]]) == [None]


@pytest.mark.parametrize(
    "column",
    [
        pyarrow.array(["4", "x = 5", "\\boxed{6}"]),
        pyarrow.array(["4", "x = 5", "\\boxed{6}"], pyarrow.large_string()),
        pyarrow.array(["4", "x = 5", "\\boxed{6}"], pyarrow.string_view()),
        pyarrow.chunked_array([["4"], [], ["x = 5", "\\boxed{6}"]]),
        pyarrow.array(["0", "4", "x = 5", "\\boxed{6}"])[1:],
        polars.Series(["4", "x = 5", "\\boxed{6}"]),
    ],
    ids=["string", "large", "view", "chunked", "sliced", "polars"],
)
def test_arrow_columns(column: Any) -> None:
    assert math_reward(column, solution=["4", "5", "7"]) == [1.0, 1.0, 0.0]
    assert math_reward(["4", "5", "7"], solution=column) == [1.0, 1.0, 0.0]
    assert math_reward(column, solution=column) == [1.0, 1.0, 1.0]
    assert math_reward(column, solution=[4, 5, 7]) == [1.0, 1.0, 0.0]


def test_arrow_null_is_named() -> None:
    with pytest.raises(TypeError, match=r"completions\[1\] is null"):
        math_reward(pyarrow.array(["4", None]), solution=["4", "5"])
    with pytest.raises(TypeError, match="utf8"):
        math_reward(pyarrow.array([4, 5]), solution=["4", "5"])


@pytest.mark.symbolic
def test_equal_pairs_are_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, asked = shared_pool(), []

    class Recorder:
        def compare(self, pairs: list[tuple[str, str]], **limits: float) -> list[Outcome]:
            asked.extend(pairs)
            return pool.compare(pairs, **limits)

    monkeypatch.setattr("verifiers.math.reward.shared_pool", Recorder)
    completions = [f"{i}: {INTEGRAL}" for i in range(50)] + ["\\boxed{2}"] * 50
    verdicts = math_reward.verdicts(completions, solution=["1"] * 100)
    assert [v.correct for v in verdicts] == [True] * 50 + [False] * 50
    assert asked == [("1", INTEGRAL[7:-1])]


def test_batch_is_bounded_and_late_pairs_are_unscored() -> None:
    reward = MathReward(batch_time_limit=1e-6)
    verdict = reward.verdicts([INTEGRAL], solution=["1"])[0]
    assert (verdict.status, verdict.reward) == (Status.ERROR, None)
    assert verdict.rule == "worker_lost"


def test_verdict_says_what_and_where() -> None:
    text = "Écrivons… <think>1</think> donc \\boxed{\\tfrac{1}{2}}."
    verdict = math_reward.verdicts([text], solution=["0.5"])[0]
    assert verdict.correct
    assert verdict.extracted_from == "box"
    assert verdict.span is not None
    start, end = verdict.span
    assert text[start:end] == verdict.extracted == "\\tfrac{1}{2}"
    assert (verdict.rule, verdict.reference) == ("number", "0.5")


def test_prompt_that_opens_the_thinking() -> None:
    reward = MathReward(opening="prompt")
    assert reward(["so \\boxed{4}", "hm</think> \\boxed{4}"], solution=["4", "4"]) == [0.0, 1.0]
    assert reward.verdicts(["so \\boxed{4}"], solution=["4"])[0].rule == "unfinished_thinking"


def test_options() -> None:
    assert not equal("\\pi", "3.1")
    assert equal("\\pi", "3.1", tolerance=0.05)
    assert not equal("5 km", "5 cm")
    assert equal("5 km", "5 cm", units=False)
    assert equal("1, 2", "2, 1")
    assert not equal("1, 2", "2, 1", order=True)
    assert verify("\\frac{", "1").reward is None


@pytest.mark.parametrize(
    "options",
    [
        {"opening": "tag"},
        {"tolerance": -1.0},
        {"tolerance": float("nan")},
        {"time_limit": 0},
        {"batch_time_limit": -1},
        {"threads": 0},
    ],
)
def test_bad_options_raise(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        MathReward(**options)


def test_rules_are_closed_and_explained() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(rule.sentence for rule in RULES)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.example], ids=lambda r: r.name)
def test_every_example_is_decided_by_its_rule(rule: Rule) -> None:
    assert rule.example is not None
    reference, completion = rule.example
    found = math_reward.verdicts([completion], solution=[reference])[0]
    if found.extracted_from in ("phrase", "formula", "number"):  # the example is a bare answer
        found = verify(reference, completion)
    assert (found.rule, found.status) == (rule.name, rule.status)


def test_rules_without_an_example_need_an_option_or_an_accident() -> None:
    without = {rule.name for rule in RULES if rule.example is None}
    assert without == {"tolerance", "undecided", "not_shown", "worker_lost"}


def test_the_page_of_rules_is_up_to_date() -> None:
    docs = Path(__file__).parents[1] / "docs"
    made = runpy.run_path(str(docs / "make_math_rules.py"))["page"]()
    assert (docs / "math-rules.md").read_text(encoding="utf-8") == made
