"""Instruction following: the 25 kinds of IFEval, each with cases in its strict and loose form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from verifiers import InstructionReward, instruction_reward
from verifiers.instructions import CONSTRAINTS, RULES, make_constraint

LINES = (Path(__file__).parent / "cases/instructions.jsonl").read_text(encoding="utf-8")
CASES = [json.loads(line) for line in LINES.splitlines()]
FORMS = ("strict", "loose")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}-{case['response']!r}"[:60])
def test_case(case: dict[str, Any], form: Any) -> None:
    reward = InstructionReward(form=form)
    verdict = reward.verdicts(
        [case["response"]], instruction_id_list=[[case["id"]]], kwargs=[[case["kwargs"]]]
    )[0]
    wanted = case[form]
    assert verdict.reward == (None if wanted is None else float(wanted)), verdict


def test_all_kinds_are_there_and_shown_both_ways() -> None:
    assert len(CONSTRAINTS) == 25
    for name in CONSTRAINTS:
        assert {case["strict"] for case in CASES if case["id"] == name} >= {True, False}, name


def test_every_definition_is_a_sentence() -> None:
    for kind in CONSTRAINTS.values():
        assert kind.__doc__
        assert kind.__doc__.strip().endswith(".")


ROWS: dict[str, Any] = {
    "instruction_id_list": [["punctuation:no_comma", "keywords:existence", "startend:quotation"]],
    "kwargs": [[{}, {"keywords": ["ship"], "relation": None}, None]],
}


@pytest.mark.parametrize(
    ("response", "whole", "share", "rule"),
    [
        ('"A ship"', 1.0, 1.0, "all_followed"),
        ("A ship", 0.0, 1 - 1 / 3, "some_followed"),
        ("A boat, a boat", 0.0, 0.0, "none_followed"),
        ('<think>a, b</think>\n"A ship"<|im_end|>', 1.0, 1.0, "all_followed"),
        (" \n", 0.0, 0.0, "no_text"),
        ("<think>A ship", 0.0, 0.0, "unfinished_thinking"),
    ],
)
def test_several_instructions(response: str, whole: float, share: float, rule: str) -> None:
    verdict = instruction_reward.verdicts([response], **ROWS)[0]
    assert (verdict.reward, verdict.rule) == (whole, rule)
    assert InstructionReward(partial=True)([response], **ROWS) == [pytest.approx(share)]


def test_what_is_not_followed_is_named() -> None:
    verdict = instruction_reward.verdicts(["A boat, a boat"], **ROWS)[0]
    assert verdict.reason == (
        "not followed: punctuation:no_comma, keywords:existence, startend:quotation"
    )


@pytest.mark.parametrize(
    ("ids", "kwargs"),
    [
        (None, None),
        ([], []),
        (5, None),
        (["punctuation:no_comma"], [{}, {}]),
        (["punctuation:no_comma"], ["x"]),
        (["no:such"], [{}]),
        ([["no:such"]], [{}]),
        (
            ["length_constraints:number_words"],
            [{"num_words": float("inf"), "relation": "at least"}],
        ),
    ],
)
def test_unreadable_rows_are_unscored(ids: Any, kwargs: Any) -> None:
    verdict = instruction_reward.verdicts(["x"], instruction_id_list=[ids], kwargs=[kwargs])[0]
    assert (verdict.reward, verdict.rule) == (None, "bad_reference")


def test_malformed_calls_raise() -> None:
    with pytest.raises(TypeError, match="no column 'instruction_id_list'"):
        instruction_reward(["x"], kwargs=[[]])
    with pytest.raises(ValueError, match="kwargs has 2 entries for 1 completions"):
        instruction_reward(["x"], instruction_id_list=[["punctuation:no_comma"]], kwargs=[[], []])
    with pytest.raises(ValueError, match="form"):
        InstructionReward(form="lax")  # type: ignore[arg-type]


ONE_OF_EACH = list({case["id"]: case for case in CASES if case["strict"] is not None}.values())
HOSTILE = ["*", "* ", "[", "<<", ".", "...a", "\n", "\n\n", "- ", '"', "a", "A ", "P.", "你", ",\n"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.timeout(60)
def test_every_check_is_linear(text: str) -> None:
    response = text * (200_000 // len(text))
    for case in ONE_OF_EACH:
        constraint = make_constraint(case["id"], case["kwargs"])
        assert constraint.holds(response) in (True, False)


@given(text=st.text(alphabet='ab.*[]<>"\n ,P', max_size=40))
def test_loose_is_never_stricter(text: str) -> None:
    columns = {
        "instruction_id_list": [[case["id"] for case in ONE_OF_EACH]],
        "kwargs": [[case["kwargs"] for case in ONE_OF_EACH]],
    }
    strict, loose = (
        InstructionReward(form=form, partial=True)([text], **columns)[0]  # type: ignore[arg-type]
        for form in FORMS
    )
    assert strict is not None
    assert loose is not None
    assert 0.0 <= strict <= loose <= 1.0


def test_the_rules_are_closed() -> None:
    assert {"all_followed", "some_followed", "none_followed", "bad_reference"} < RULES.keys()
