"""Compositions: what they come to, part by part, and that they are rewards like any other."""

from __future__ import annotations

import math
import pickle
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from verifiers import (
    MathReward,
    Reward,
    Status,
    Verdict,
    best_of,
    clip,
    curriculum,
    math_reward,
    weighted,
    when,
)
from verifiers.compose import CompositeVerdict, Composition
from verifiers.resolve import resolve

BROKEN = "\\frac{"  # a reference that nobody can read


class Given(Reward):
    """Gives the numbers that stand in a column of its own name; -1 stands for a fault."""

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        return [self.verdict(value) for value in references]

    def verdict(self, value: float | None) -> Verdict:
        if value is None:
            return Verdict(Status.BAD_REFERENCE, None, rule="given", reason="no number is given")
        status = {1.0: Status.CORRECT, 0.0: Status.WRONG}.get(value, Status.PARTIAL)
        return Verdict(status, value, rule="given", reason=f"{value} is given", seconds=0.5)


def part(name: str) -> Given:
    return Given(name=name, column=name)


A, B, C = part("a"), part("b"), part("c")


def short(completions: Sequence[str], **columns: Any) -> list[float | None]:
    return [float(len(text) < 20) for text in completions]


def half_length(prompts: Sequence[str], completions: Sequence[str], **columns: Any) -> list[float]:
    return [
        len(text) / (2 * len(prompt)) for prompt, text in zip(prompts, completions, strict=True)
    ]


def decay(step: int) -> tuple[float, float]:
    return 1.0, max(0.0, 1 - step / 100)


def state(step: int) -> Any:
    return SimpleNamespace(global_step=step)


#: composition, the parts' numbers for one completion, its reward and its status.
TABLE: list[tuple[Composition, dict[str, float | None], float | None, str]] = [
    (weighted(A, B), {"a": 1, "b": 1}, 2.0, "correct"),
    (weighted(A, B), {"a": 1, "b": 0}, 1.0, "partial"),
    (weighted(A, B), {"a": 0, "b": 0}, 0.0, "wrong"),
    (weighted(A, B), {"a": None, "b": 1}, None, "bad_reference"),
    (weighted({A: 1, B: 0.5, C: -2}), {"a": 1, "b": 0.5, "c": 0.25}, 0.75, "partial"),
    (weighted({A: 1, B: 0}), {"a": 1, "b": None}, 1.0, "correct"),
    (weighted(A, B, unscored="ignore"), {"a": None, "b": 1}, 1.0, "correct"),
    (weighted(A, B, unscored="ignore"), {"a": None, "b": None}, None, "bad_reference"),
    (weighted({A: 1, B: 0}, unscored="ignore"), {"a": None, "b": 1}, None, "bad_reference"),
    (when(A, B), {"a": 1, "b": 0.5}, 0.5, "partial"),
    (when(A, B), {"a": 0, "b": 0.5}, 0.0, "wrong"),
    (when(A, B), {"a": 0.9, "b": 0.5}, 0.0, "partial"),
    (when(A, B), {"a": 0, "b": None}, 0.0, "wrong"),
    (when(A, B), {"a": 1, "b": None}, None, "bad_reference"),
    (when(A, B), {"a": None, "b": 1}, None, "bad_reference"),
    (when(A, B, otherwise=-1), {"a": 0, "b": 1}, -1.0, "wrong"),
    (clip(A, 0, 1), {"a": 3.5}, 1.0, "partial"),
    (clip(A, 0, 1), {"a": -3.5}, 0.0, "partial"),
    (clip(A, -math.inf, 1), {"a": -3.5}, -3.5, "partial"),
    (clip(A, 0, 1), {"a": None}, None, "bad_reference"),
    (best_of(A, B), {"a": 0, "b": 1}, 1.0, "correct"),
    (best_of(A, B), {"a": 0, "b": -1}, 0.0, "wrong"),
    (best_of(A, B), {"a": 1, "b": None}, None, "bad_reference"),
    (best_of(A, B, unscored="ignore"), {"a": 0.5, "b": None}, 0.5, "partial"),
    (best_of(A, B, unscored="ignore"), {"a": None, "b": None}, None, "bad_reference"),
    (curriculum(A, B, weights=decay, step=0), {"a": 1, "b": 1}, 2.0, "correct"),
    (curriculum(A, B, weights=decay, step=75), {"a": 1, "b": 1}, 1.25, "correct"),
    (curriculum(A, B, weights=decay, step=100), {"a": 1, "b": None}, 1.0, "correct"),
    (curriculum(A, B, weights={0: (1, 1), 9: (0, 1)}, step=8), {"a": 1, "b": 0}, 1.0, "partial"),
    (curriculum(A, B, weights={0: (1, 1), 9: (0, 1)}, step=9), {"a": 1, "b": 0}, 0.0, "wrong"),
    (weighted(A, when(A, clip(B, 0, 1))), {"a": 1, "b": 7}, 2.0, "partial"),
]


@pytest.mark.parametrize(("reward", "given", "expected", "status"), TABLE, ids=str)
def test_table(
    reward: Composition, given: dict[str, float | None], expected: float | None, status: str
) -> None:
    columns = {name: [value] for name, value in given.items()}
    found = reward.verdicts(["x"], **columns)[0]
    assert (found.reward, str(found.status)) == (expected, status)
    assert reward(["x"], **columns) == [expected]
    assert isinstance(found, CompositeVerdict)
    assert list(found.parts) == list(reward.parts)
    assert found.rule == (reward.rule if found.scored else "unscored_part")
    assert found.reason


@pytest.mark.parametrize(("reward", "given", "expected", "status"), TABLE, ids=str)
def test_every_composition_pickles(
    reward: Composition, given: dict[str, float | None], expected: float | None, status: str
) -> None:
    columns = {name: [value] for name, value in given.items()}
    copy = pickle.loads(pickle.dumps(reward))
    assert copy.__name__ == reward.__name__
    assert copy.verdicts(["x"], **columns) == reward.verdicts(["x"], **columns)
    verdict = reward.verdicts(["x"], **columns)[0]
    assert pickle.loads(pickle.dumps(verdict)) == verdict
    assert hash(verdict) == hash(pickle.loads(pickle.dumps(verdict)))


def test_the_sum_of_r1_is_one_line() -> None:
    reward = weighted(math_reward, short)
    completions = ["\\boxed{4}", "so \\boxed{5}", "hence it is certain that \\boxed{4}"]
    assert reward(completions, solution=["4"] * 3) == [2.0, 1.0, 1.0]


def test_the_reasons_say_how_it_came_about() -> None:
    def reason(reward: Reward, **given: float | None) -> str:
        return reward.verdicts(["x"], **{name: [value] for name, value in given.items()})[0].reason

    assert reason(weighted({A: 1, B: 0.5}), a=1, b=0.5) == "a 1 + 0.5 × b 0.5 = 1.25"
    assert reason(weighted(A, B), a=1, b=None) == "b is unscored: no number is given"
    ignoring = weighted(A, B, unscored="ignore")
    assert reason(ignoring, a=1, b=None) == "a 1 = 1; b is unscored and ignored"
    assert reason(when(A, B), a=0, b=1) == "a is wrong, so b does not count"
    assert reason(when(A, B), a=1, b=1) == "a is correct, so b counts: 1"
    assert reason(clip(A, 0, 1), a=2) == "a 2 clipped to 1"
    assert reason(clip(A, 0, 1), a=1) == "a 1 is within the bounds"
    assert reason(best_of(A, B), a=0, b=1) == "b is the best: 1"


def test_what_was_extracted_is_kept() -> None:
    for reward in (weighted(short, math_reward), when(math_reward, short), clip(math_reward, 0, 1)):
        found = reward.verdicts(["so \\boxed{4}"], solution=["4"])[0]
        assert (found.extracted, found.extracted_from, found.span) == ("4", "box", (10, 11))
        assert found.reference == "4"


def test_names_say_what_it_is_made_of() -> None:
    names = [
        weighted(A, B).__name__,
        weighted({A: 1, B: 0.5, C: -2}).__name__,
        weighted({weighted(A, B): 0.5, C: 1}).__name__,
        when(A, B).__name__,
        when(A, B, otherwise=-1).__name__,
        clip(A, 0, 0.5).__name__,
        best_of(A, B).__name__,
        curriculum(A, B, weights=decay).__name__,
        weighted(math_reward, short, name="r1").__name__,
    ]
    assert names == [
        "a+b",
        "a+0.5*b-2.0*c",
        "0.5*(a+b)+c",
        "when(a,b)",
        "when(a,b,-1.0)",
        "clip(a,0,0.5)",
        "best_of(a,b)",
        "curriculum(a,b)",
        "r1",
    ]


def test_parts_with_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two parts are named 'math_reward'"):
        weighted(math_reward, MathReward(strict=True))
    strict = MathReward(strict=True, name="strict")
    assert weighted(math_reward, strict)(["4"], solution=["4"]) == [1.0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: weighted(), ValueError, "at least one part"),
        (lambda: weighted({}), ValueError, "at least one part"),
        (lambda: weighted(A, "b"), TypeError, r"parts\[1\] must be a reward .* got str"),
        (lambda: weighted(MathReward), TypeError, "got the class MathReward"),
        (lambda: weighted({A: "1"}), TypeError, r"weights\[0\] must be a number, got str"),
        (lambda: weighted({A: math.nan}), ValueError, r"weights\[0\] must be finite"),
        (lambda: weighted({A: 0}), ValueError, "all 0"),
        (lambda: weighted(A, unscored="zero"), ValueError, "'withhold' or 'ignore'"),
        (lambda: best_of(A, unscored="zero"), ValueError, "'withhold' or 'ignore'"),
        (lambda: clip(A, 1, 0), ValueError, "low must be at most high"),
        (lambda: clip(A, math.nan, 0), ValueError, "low must be at most high"),
        (lambda: when(A, B, otherwise=math.inf), ValueError, "otherwise must be finite"),
        (lambda: curriculum(A, weights={}), ValueError, "start at step 0"),
        (lambda: curriculum(A, weights={5: (1,)}), ValueError, "start at step 0"),
        (lambda: curriculum(A, weights={0: (1, 2)}), ValueError, "2 weights for 1 parts"),
        (lambda: curriculum(A, weights=(1,)), TypeError, "function of the step or a table"),
        (lambda: curriculum(A, weights={0: (1,), "a": (1,)}), TypeError, "are numbers, got 'a'"),
    ],
)
def test_a_composition_that_makes_no_sense_is_refused(
    make: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make()


def test_an_async_function_is_refused() -> None:
    async def later(completions: Sequence[str], **columns: Any) -> list[float]:
        return [0.0] * len(completions)

    with pytest.raises(TypeError, match="async"):
        weighted(later)


def test_curriculum_takes_the_step_of_the_trainer() -> None:
    reward = curriculum(A, B, weights=decay)
    assert reward(["x"], a=[1], b=[1], trainer_state=state(75)) == [1.25]
    reward.step = 0
    assert reward(["x"], a=[1], b=[1], trainer_state=state(75)) == [2.0], "what is set goes first"
    reward.step = None
    for columns in ({}, {"trainer_state": None}):
        with pytest.raises(TypeError, match="does not know the step"):
            reward(["x"], a=[1], b=[1], **columns)


def test_a_schedule_is_checked_at_every_step() -> None:
    reward = curriculum(A, weights=lambda step: [0.0], step=7)
    with pytest.raises(ValueError, match=r"weights\(7\) are all 0"):
        reward(["x"], a=[1])


@pytest.mark.parametrize(
    ("step", "error"), [(-1, ValueError), (math.nan, ValueError), ("3", TypeError)]
)
def test_a_step_that_is_none_is_refused(step: Any, error: type[Exception]) -> None:
    reward = curriculum(A, weights={0: (1,)})
    with pytest.raises(error, match="the step must"):
        reward(["x"], a=[1], trainer_state=state(step))


def test_a_sum_that_overflows_is_unscored() -> None:
    found = weighted({A: 10, B: 1}).verdicts(["x"], a=[1e308], b=[1])[0]
    assert (found.status, found.reward, found.rule) == (Status.ERROR, None, "not_finite")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_part_that_gives_no_finite_number_is_unscored(value: float) -> None:
    def faulty(completions: Sequence[str], **columns: Any) -> list[float]:
        return [value for _ in completions]

    for poisoned in (weighted(A, faulty), weighted(A, part("b"))):
        found = poisoned.verdicts(["x"], a=[1], b=[value])[0]
        assert (found.status, found.reward) == (Status.ERROR, None)
        assert str(value) in found.reason


def test_a_function_of_another_length_raises() -> None:
    def one(completions: Sequence[str], **columns: Any) -> list[float]:
        return [1.0]

    with pytest.raises(ValueError, match="one returned 1 values for 2 completions"):
        weighted(A, one)(["x", "y"], a=[1, 1])


def test_functions_get_what_trl_passes() -> None:
    seen: list[Any] = []

    def look(prompts: Any, completions: Any, **columns: Any) -> list[float]:
        seen.append((prompts, completions, sorted(columns)))
        return [0.0] * len(completions)

    chats = [[{"role": "assistant", "content": "\\boxed{4}"}]]
    reward = weighted(math_reward, look)
    assert reward(prompts=["?"], completions=chats, solution=["4"], log_extra=None) == [1.0]
    assert seen == [(["?"], chats, ["log_extra", "solution"])]
    assert half_length(["ab"], ["ab"]) == weighted(half_length)(["ab"], prompts=["ab"]) == [0.5]


def by_ids(completion_ids: Any, **columns: Any) -> list[float]:
    return [float(len(ids)) for ids in completion_ids]


def by_any_name(texts: Any, **columns: Any) -> list[float]:
    return [float(len(text)) for text in texts]


def by_keywords(**columns: Any) -> list[float]:
    return [float(len(text)) for text in columns["completions"]]


class Callable:
    def __call__(self, completions: Any, **columns: Any) -> list[float]:
        return by_any_name(completions)


@pytest.mark.parametrize("function", [by_ids, by_any_name, by_keywords, Callable()])
def test_functions_may_name_their_parameters(function: Any) -> None:
    assert weighted(function)(["abc"], completion_ids=[[1, 2, 3]], prompts=["?"]) == [3.0]


def test_completions_that_can_be_read_once_reach_every_part() -> None:
    reward = weighted(math_reward, short)
    assert reward(iter(["4", "5"]), solution=["4", "4"]) == [2.0, 1.0]
    assert reward([], solution=[]) == []


def test_every_part_is_logged_by_a_name_of_its_own() -> None:
    logged: list[tuple[str, float]] = []
    reward = weighted(A, when(A, B), name="whole")
    reward(
        ["x"] * 4,
        a=[1, 1, 0, None],
        b=[0.5, 0.25, 0, None],
        log_metric=lambda name, value: logged.append((name, value)),
    )
    assert logged == [
        ("rewards/whole/a/mean", 2 / 3),
        ("rewards/whole/when(a,b)/mean", 0.25),
        ("rewards/whole/when(a,b)/a/mean", 2 / 3),
        ("rewards/whole/when(a,b)/b/mean", 0.25),
    ]


def test_a_part_without_any_number_logs_nothing() -> None:
    logged: list[str] = []
    reward = weighted(A, B, name="whole")
    reward(["x"], a=[None], b=[1], log_metric=lambda name, value: logged.append(name))
    assert logged == ["rewards/whole/b/mean"]


def test_a_part_that_stands_twice_is_judged_once() -> None:
    calls: list[int] = []

    def counted(completions: Sequence[str], **columns: Any) -> list[float]:
        calls.append(len(completions))
        return [1.0] * len(completions)

    assert weighted(counted, when(counted, A))(["x"], a=[0.5]) == [1.5]
    assert calls == [1]


def test_a_composition_can_be_named_on_the_command_line() -> None:
    reward = resolve("test_compose:IN_A_MODULE")
    assert reward.verdicts(["\\boxed{4}"], solution=["4"])[0].reward == 2.0


IN_A_MODULE = weighted(math_reward, short)


def test_eight_threads_at_once() -> None:
    reward = weighted(math_reward, when(math_reward, short), curriculum(short, weights=growing))
    completions = ["\\boxed{4}", "\\boxed{5}", "I think that it is \\boxed{4}"] * 20
    results: dict[int, list[float | None]] = {}

    def score(step: int) -> None:
        for _ in range(20):
            results[step] = reward(
                completions, solution=["4"] * len(completions), trainer_state=state(step)
            )

    threads = [threading.Thread(target=score, args=(step,)) for step in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert results == {step: [step + 3.0, step + 1.0, 1.0] * 20 for step in range(8)}


def growing(step: int) -> list[float]:
    return [step + 1.0]


numbers = st.floats(-100, 100)


@given(st.lists(st.tuples(numbers, numbers), max_size=8), numbers, numbers)
def test_weighted_is_linear(rows: list[tuple[float, float]], x: float, y: float) -> None:
    columns = {"a": [row[0] for row in rows], "b": [row[1] for row in rows]}
    found = weighted({A: x or 1.0, B: y})(["x"] * len(rows), **columns)
    assert found == pytest.approx([(x or 1.0) * a + y * b for a, b in rows])


@given(st.lists(st.one_of(st.none(), numbers), max_size=8), numbers, numbers)
def test_clip_stays_within_its_bounds(values: list[float | None], x: float, y: float) -> None:
    low, high = min(x, y), max(x, y)
    for value, found in zip(values, clip(A, low, high)(["x"] * len(values), a=values), strict=True):
        if value is None:
            assert found is None
        else:
            assert found is not None
            assert low <= found <= high
            assert found == value or found in (low, high)


@given(st.lists(st.tuples(*[st.one_of(st.none(), numbers)] * 3), max_size=8))
def test_a_batch_is_its_completions_one_by_one(rows: list[tuple[Any, ...]]) -> None:
    reward = weighted(A, best_of(B, C, unscored="ignore"), when(B, C))
    columns = {name: [row[i] for row in rows] for i, name in enumerate("abc")}
    one_by_one = [
        reward(["x"], **{name: [row[i]] for i, name in enumerate("abc")})[0] for row in rows
    ]
    assert reward(["x"] * len(rows), **columns) == one_by_one
