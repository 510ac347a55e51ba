"""pass@k, mean@k and maj@k against their definitions, by brute force."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, strategies as st

from verifiers import Status, Verdict, math_reward
from verifiers.math import equal
from verifiers.metrics import Estimate, by_problem, maj_at_k, mean_at_k, pass_at_k


def verdict(mark: str | None) -> Verdict:
    """`+` is a correct answer, None is unscored, `-` is no answer, anything else a wrong answer."""
    if mark is None:
        return Verdict(Status.ERROR, None, rule="fault", reason="a fault")
    if mark == "-":
        return Verdict(Status.NO_ANSWER, 0.0, rule="none", reason="no answer")
    status = Status.CORRECT if mark == "+" else Status.WRONG
    return Verdict(status, float(mark == "+"), rule="mark", reason="as marked", extracted=mark)


def marked(marks: str) -> list[Verdict]:
    """One verdict per character; `?` is unscored."""
    return [verdict(None if mark == "?" else mark) for mark in marks]


@pytest.mark.parametrize(
    ("marks", "k", "expected"),
    [
        ("+xxx", 1, 1 / 4),
        ("+xxx", 2, 1 / 2),
        ("++xx", 2, 5 / 6),
        ("xxxx", 4, 0.0),
        ("+++x", 2, 1.0),
        ("+-", 1, 1 / 2),
        ("+x??", 1, 1 / 2),
        ("+" + "x" * 199, 100, 1 / 2),
        ("+" * 7 + "x" * 4993, 1, 7 / 5000),
    ],
)
def test_pass_at_k(marks: str, k: int, expected: float) -> None:
    assert pass_at_k([marked(marks)], k).value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("marks", "k", "expected"),
    [
        ("+x", 2, 1 / 2),
        ("+xyz+", 5, 1.0),
        ("xx+", 3, 0.0),
        ("x+", 2, 1 / 2),  # a tie of two
        ("xy+", 3, 1 / 3),  # a tie of three
        ("xxyy++z", 7, 1 / 3),
        ("xxyyy++", 7, 0.0),
        ("----+", 5, 1.0),  # no answer is no vote
        ("----", 4, 0.0),
        ("++xx", 2, 1 / 2),  # two votes: one right, one wrong
        ("++xx+", 2, 1 / 2),  # the rest is too small for a vote
        ("?+?x?+", 3, 1.0),
    ],
)
def test_maj_at_k(marks: str, k: int, expected: float) -> None:
    assert maj_at_k([marked(marks)], k).value == pytest.approx(expected)


def test_equivalent_answers_are_one_answer() -> None:
    completions = ["1/3", "2/6", "0.5", "$\\frac{3}{9}$", "1/2"]
    verdicts = math_reward.verdicts(completions, solution=["1/2"] * 5)
    assert maj_at_k([verdicts], 5).value == 1.0, "correct answers are one; the others three"
    assert maj_at_k([verdicts], 5, equivalent=equal).value == 0.0, "three thirds outvote two halves"


def test_a_correct_answer_that_is_not_told_cannot_vote() -> None:
    silent = Verdict(Status.CORRECT, 1.0, rule="function", reason="returned 1")
    with pytest.raises(ValueError, match="does not say what was extracted"):
        maj_at_k([[silent]], 1)


def test_mean_at_k() -> None:
    assert mean_at_k([marked("+x+x"), marked("?+xx+")], 4).value == pytest.approx(
        (2 / 4 + 2 / 4) / 2
    )
    half = Verdict(Status.PARTIAL, 0.5, rule="half", reason="half")
    assert mean_at_k([[half, *marked("+")]], 2).value == 0.75
    assert mean_at_k([marked("+xxx")], 1).value == 1.0, "the first one alone"


def test_unscored_are_left_out_and_counted() -> None:
    found = pass_at_k({"p": marked("+x?"), "q": marked("x??"), "r": marked("++")}, 2)
    assert found.value == 1.0
    assert (found.problems, found.unscored, found.left_out) == (2, 3, 1)


@pytest.mark.parametrize(
    ("problems", "options", "message"),
    [
        ([], {"k": 1}, "no problem has 1 scored"),
        ([marked("??")], {"k": 1}, r"no problem has 1 scored completions \(1 left out\)"),
        ({"p": marked("+")}, {"k": 2}, "problem 'p' has 1 completions, fewer than k = 2"),
        ([marked("+")], {"k": 0}, "k must be at least 1"),
        ([marked("+")], {"k": 1, "confidence": 1.0}, "confidence must lie between"),
        ([marked("+")], {"k": 1, "resamples": 0}, "resamples must be at least 1"),
    ],
)
@pytest.mark.parametrize("metric", [pass_at_k, mean_at_k, maj_at_k])
def test_bad_input_raises(
    metric: Any, problems: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        metric(problems, **options)


@pytest.mark.parametrize("k", [1.5, True, "1"])
@pytest.mark.parametrize("metric", [pass_at_k, mean_at_k, maj_at_k])
def test_k_is_a_whole_number(metric: Any, k: Any) -> None:
    with pytest.raises(TypeError, match="k must be a whole number"):
        metric([marked("+")], k)


def test_by_problem_keeps_the_order() -> None:
    verdicts = marked("+xyz")
    assert by_problem(verdicts, ["p", "q", "p", "q"]) == {
        "p": [verdicts[0], verdicts[2]],
        "q": [verdicts[1], verdicts[3]],
    }
    with pytest.raises(ValueError, match="3 problems for 4 verdicts"):
        by_problem(verdicts, ["p", "q", "p"])


def test_the_interval_is_seeded_and_narrows() -> None:
    few, many = [marked("+"), marked("x")] * 10, [marked("+"), marked("x")] * 1000
    assert pass_at_k(few, 1) == pass_at_k(few, 1)
    assert pass_at_k(few, 1, seed=1) != pass_at_k(few, 1, seed=2)
    wide, narrow = pass_at_k(few, 1), pass_at_k(many, 1)
    assert wide.low < narrow.low < 0.5 < narrow.high < wide.high
    # Of 2000 fair coins the mean deviates by sqrt(1/4 / 2000); 95 % lie within 1.96 of those.
    assert narrow.high - narrow.low == pytest.approx(2 * 1.96 * (0.25 / 2000) ** 0.5, rel=0.1)
    assert str(Estimate(0.5, 0.25, 0.75, 4, 0, 0)) == "0.5000 [0.2500, 0.7500]"


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    draw = random.Random(0)
    held = 0
    for seed in range(200):
        marks = [marked("+" if draw.random() < 0.3 else "x") for _ in range(100)]
        found = pass_at_k(marks, 1, confidence=0.9, resamples=300, seed=seed)
        held += found.low <= 0.3 <= found.high
    assert 165 <= held <= 195  # 180 on average, with a deviation of 4.2


marks = st.text("+xy-?", min_size=1, max_size=8)


@given(marks, st.integers(1, 4))
def test_pass_at_k_is_the_share_of_draws_with_a_correct_one(text: str, k: int) -> None:
    scored = text.replace("?", "")
    if len(scored) < k:
        return
    draws = list(combinations(scored, k))
    share = sum("+" in drawn for drawn in draws) / len(draws)
    assert pass_at_k([marked(text)], k, resamples=1).value == pytest.approx(share)


@given(marks)
def test_maj_at_n_is_a_fair_draw_among_the_most_frequent(text: str) -> None:
    scored = text.replace("?", "")
    if not scored:
        return
    counts = {mark: scored.count(mark) for mark in scored if mark != "-"}
    best = [mark for mark in counts if counts[mark] == max(counts.values())]
    share = best.count("+") / len(best) if best else 0.0
    problem = marked(scored)
    assert maj_at_k([problem], len(problem), resamples=1).value == pytest.approx(share)


@given(st.lists(marks.filter(lambda text: set(text) != {"?"}), min_size=1, max_size=6))
def test_every_metric_lies_within_its_interval_and_bounds(texts: list[str]) -> None:
    problems = [marked(text) for text in texts]
    for metric in (pass_at_k, mean_at_k, maj_at_k):
        found = metric(problems, 1, resamples=200, confidence=0.99)
        assert 0 <= found.low <= found.value + 1e-9
        assert found.value <= found.high + 1e-9 <= 1 + 2e-9
        assert found.unscored == sum(text.count("?") for text in texts)
