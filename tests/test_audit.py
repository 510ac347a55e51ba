"""The audit: it finds the hole of every bad reward, and none in ours."""

from __future__ import annotations

import doctest
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bad_rewards
import pytest
from bad_rewards import HOLES, any_language, empty_tags_pass, honest
from hypothesis import given, strategies as st

from verifiers import CodeReward, MathReward, audit, clip, curriculum, math_reward, weighted, when
from verifiers.auditing import PROBES, Case, Outcome, RewardRaised, WrongAnswers
from verifiers.auditing.cases import STYLES, kind_of, number, wrong_answer
from verifiers.auditing.edits import one_edits
from verifiers.choice import choice_reward
from verifiers.format import FormatReward, format_reward, reasoning_steps_reward, tag_count_reward
from verifiers.instructions import instruction_reward
from verifiers.language import language_reward
from verifiers.length import CosineLengthReward, KimiLengthReward, LengthReward, overlong_penalty
from verifiers.math import verify
from verifiers.repetition import loop_penalty, repetition_penalty
from verifiers.resolve import BUILT_IN_REWARDS
from verifiers.schema import SchemaReward
from verifiers.schemes import SCHEMES
from verifiers.text import ExactReward, NumericReward, exact_reward, f1_reward
from verifiers.tool_calls import tool_call_reward

pytestmark = pytest.mark.filterwarnings("ignore:Possible nested set")  # a pattern made of answers

TESTS = Path(__file__).parent
HANG = 120  # seconds; only to notice a command that never returns

NUMBERS = [
    {"prompt": "How many? 42 or 43?", "solution": "43"},
    {"prompt": "How much is 8 - 13?", "solution": "-5"},
    {"prompt": "Half of 7 is 3.5", "solution": "3.5"},
    {"prompt": "All of them?", "solution": "1000"},
]
WORDS = [
    {"prompt": "Where is the tower?", "solution": "Paris"},
    {"prompt": "Which city never sleeps?", "solution": "New York"},
]
LANGUAGES = [{"prompt": "How many?", "language": "en"}, {"prompt": "多少?", "language": "zh"}]

MATH = [
    {"prompt": "What is 6 times 7?", "solution": solution}
    for solution in (
        "43 -5 3.14 1,234 0 1 \\frac{3}{4} -\\frac{1}{2} 1+\\sqrt{2} 2\\pi 10^{-3} 101_2 B True "
        "Paris x=5 50\\% x\\le3 30^\\circ \\infty $\\frac{600}{7}$ \\boxed{8}"
    ).split()
] + [
    {"prompt": "Solve.", "solution": "1, 2, 3"},
    {"prompt": "Which?", "solution": "\\text{the east}"},
    {"prompt": "How far?", "solution": "12\\text{ km}"},
    {"prompt": "Both?", "solution": "x = 1, y = 2"},
    {
        "prompt": "A worked solution",
        "solution": "First, $2 \\cdot 4 = 8$. So the answer is $\\boxed{8}$.",
    },
    {"prompt": "A worked solution", "solution": "4 and 4 are 8.\n#### 8"},
    {"prompt": "Several spellings", "solution": ["1/2", "0.5"]},
    {"prompt": [{"role": "user", "content": "As chat"}], "solution": 17},
]
CHOICES = [
    {"prompt": "A. Paris B. Rome C. Oslo D. Bonn", "solution": letter, "choices": choices}
    for choices in (["Paris", "Rome", "Oslo", "Bonn"],)
    for letter in "ABCD"
]
NAMES = [
    *WORDS,
    {"prompt": "Who?", "solution": ["Samuel Clemens", "Mark Twain"]},
    {"prompt": "Who?", "solution": "Tolstoy, Leo"},
    {"prompt": "Which band?", "solution": "the Beatles"},
    {"prompt": "Does it?", "solution": "yes"},
]
INSTRUCTIONS = [
    {
        "prompt": "Say it without commas, and name the sea.",
        "instruction_id_list": ["keywords:existence", "punctuation:no_comma"],
        "kwargs": [{"keywords": ["ship"]}, {}],
    }
]
PROGRAMS = [
    {
        "prompt": "Read a number n; write 2n + 1.",
        "solution": "print(int(input()) * 2 + 1)",
        "tests": [{"stdin": "4", "stdout": "9"}, {"stdin": "-7", "stdout": "-13"}],
    },
    {
        "prompt": "Write a function that keeps a number between 10 and 25.",
        "solution": "def clamp(x):\n    return max(10, min(25, x))",
        "tests": ["assert clamp(3) == 10", "assert clamp(30) == 25", "assert clamp(17) == 17"],
    },
]
PROSE = [{"prompt": "Tell me why.", "target_length": 40}, {"prompt": "Say it.", "target_length": 9}]


def short(completions: Sequence[str], **columns: Any) -> list[float]:
    return [float(len(text) < 2000) for text in completions]


LENGTH_GATED = weighted(math_reward, when(math_reward, LengthReward()))

#: Our rewards, the rows they are tried on, and what the audit must be told of them.
OURS: list[tuple[Any, list[dict[str, Any]], dict[str, Any]]] = [
    (math_reward, MATH, {}),
    (MathReward(strict=True, name="strict"), MATH, {}),
    (weighted(math_reward, short), MATH, {"passing": 2.0}),
    (when(math_reward, short), MATH, {}),
    (clip(weighted({math_reward: 2.0, short: 0.1}), 0, 2), MATH, {"passing": 2.0}),
    (curriculum(math_reward, short, weights={0: (1, 0.1)}, step=3), MATH, {"passing": 1.1}),
    (overlong_penalty, PROSE, {}),
    (LengthReward(), PROSE, {"skip": ["tag_stuffed"]}),  # a heap of tags has a length, too
    (LENGTH_GATED, [{**row, "target_length": 14} for row in MATH], {}),
    (CosineLengthReward(max_length=1000), MATH, {"passing": 0.5, "judges": "answer"}),
    # It compares what is in the batch.
    (KimiLengthReward(), MATH, {"judges": "form", "passing": 0.5, "skip": ["batch"]}),
    (repetition_penalty, PROSE, {}),
    (loop_penalty, PROSE, {}),
    *((FormatReward(scheme), PROSE, {}) for scheme in SCHEMES),
    *((FormatReward(scheme, graded=True), PROSE, {}) for scheme in SCHEMES),
    *((FormatReward(scheme, opening="prompt"), PROSE, {}) for scheme in SCHEMES),
    (tag_count_reward, PROSE, {"skip": ["empty_parts"]}),  # defined as a count of tags
    (reasoning_steps_reward, PROSE, {}),
    # A chain of thought has a language whether it ends or not.
    (language_reward, LANGUAGES, {"passing": 0.5, "skip": ["unfinished_thinking"]}),
    (choice_reward, CHOICES, {}),
    (exact_reward, NAMES, {}),
    (ExactReward(normalization="none"), NAMES + NUMBERS, {}),
    (f1_reward, NAMES, {}),
    (NumericReward(relative=0), [{**row, "prompt": "How many?"} for row in NUMBERS], {}),
    (SchemaReward(), [{"schema": {"type": "object", "required": ["city"]}}], {}),
    (tool_call_reward, [{"tool_calls": [{"name": "add", "arguments": {"a": 1}}]}], {}),
    (instruction_reward, INSTRUCTIONS, {}),
    # Its reference is the tests; and a right program with other lines around it is still right.
    (
        CodeReward(sandbox="unsafe", unsafe=True),
        PROGRAMS,
        {"skip": ["shotgun", "hedged", "missing_reference"]},
    ),
    (weighted(math_reward, format_reward), MATH, {"passing": 2.0}),  # as DeepSeek-R1-Zero
    (
        weighted(math_reward, FormatReward("think_answer"), language_reward),
        [{**row, "language": "en"} for row in MATH],
        {"passing": 3.0},
    ),
]


def rows_for(reward: Any) -> list[dict[str, Any]]:
    if reward is any_language:
        return LANGUAGES
    return WORDS if HOLES[reward] == "one_edit" and "letters" in reward.__name__ else NUMBERS


def options_for(reward: Any) -> dict[str, Any]:
    return {"judges": "form"} if reward in (empty_tags_pass, any_language) else {}


@pytest.mark.parametrize("reward", HOLES, ids=lambda reward: reward.__name__)
def test_every_planted_hole_is_found(reward: Any) -> None:
    report = audit(reward, rows_for(reward), **options_for(reward))
    found = report[HOLES[reward]]
    assert found.outcome is Outcome.HOLE, str(report)
    assert found.count >= len(found.holes) > 0
    assert not report.passed
    if HOLES[reward] != "reference":
        assert report["reference"].outcome is not Outcome.HOLE, "the reward looks right at first"


@pytest.mark.parametrize("rows", [NUMBERS, WORDS, NUMBERS + WORDS])
def test_nothing_is_found_where_nothing_is(rows: list[dict[str, Any]]) -> None:
    report = audit(honest, rows)
    assert report.passed, str(report)
    assert report["reference"].outcome is Outcome.HELD


@pytest.mark.parametrize("reward", HOLES, ids=lambda reward: reward.__name__)
def test_the_holes_are_real(reward: Any) -> None:
    """What the report shows earns the reward when it is tried again."""
    report = audit(reward, rows_for(reward), **options_for(reward))
    for found in report.holes:
        for hole in found.holes:
            if hole.found == "reward 1":
                row = rows_for(reward)[hole.row]
                columns = {name: [value] for name, value in row.items()}
                assert reward([hole.completion], **columns) == [1.0], hole


@pytest.mark.symbolic
@pytest.mark.parametrize(("reward", "rows", "options"), OURS, ids=lambda value: repr(value)[:40])
def test_none_is_found_in_ours(
    reward: Any, rows: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    report = audit(reward, rows, **options)
    assert report.passed, str(report)
    assert report.rows == len(rows)
    if report.styles:
        assert report["reference"].tried == len(rows)
        assert report["one_edit"].tried >= len(rows)


def test_no_built_in_reward_is_spared() -> None:
    audited = {type(reward).__name__ for reward, _, _ in OURS}
    assert {name for _, name in BUILT_IN_REWARDS.values()} <= audited


def test_every_probe_has_a_name_and_a_claim_and_finds_something() -> None:
    names = [probe.name for probe in PROBES]
    assert len(set(names)) == len(names)
    assert all(probe.claim for probe in PROBES)
    found = {
        hole.probe
        for reward in HOLES
        for hole in audit(reward, rows_for(reward), **options_for(reward)).holes
    }
    spared = set(names) - found
    assert spared == {"empty", "tag_stuffed"} & spared


def test_empty_and_stuffed_completions_are_found_too() -> None:
    def generous(completions: Sequence[str], **columns: Any) -> list[float]:
        return [1.0 for _ in completions]

    holes = {hole.probe for hole in audit(generous, PROSE).holes}
    assert holes == {
        "empty",
        "empty_parts",
        "repeated_prompt",
        "tag_stuffed",
        "unfinished_thinking",
    }


def test_probes_that_do_not_apply_are_skipped() -> None:
    report = audit(short, [{"text": "no reference, no prompt"}])
    outcomes = {found.probe: found.outcome for found in report.findings}
    assert outcomes["one_edit"] is outcomes["repeated_prompt"] is Outcome.SKIPPED
    assert outcomes["batch"] is Outcome.HELD
    assert audit(honest, NUMBERS, skip=["batch"])["batch"].note == "left out by the caller"


def test_a_probe_of_your_own() -> None:
    class Politeness(WrongAnswers):
        name = "politeness"
        claim = "please is not an answer"

        def completions(self, case: Case) -> list[str]:
            return [case.dress("please")]

    def polite(completions: Sequence[str], **columns: Any) -> list[float]:
        return [float("please" in text) for text in completions]

    report = audit(polite, NUMBERS, probes=[Politeness])
    assert [found.probe for found in report.holes] == ["politeness"]
    assert report["politeness"].count == len(NUMBERS)
    with pytest.raises(KeyError):
        report["batch"]


def test_the_report_says_what_happened() -> None:
    rows = [*NUMBERS, {"prompt": "?", "solution": None}, {"prompt": "?"}]
    report = audit(bad_rewards.first_box_wins, rows)
    assert (report.rows, report.left_out, report.styles) == (4, 2, {"thinking and box": 4})
    data = json.loads(json.dumps(report.as_dict()))
    assert data["passed"] is False
    retracted = next(probe for probe in data["probes"] if probe["probe"] == "retracted")
    assert retracted["outcome"] == "hole"
    assert retracted["count"] == 8
    assert len(retracted["holes"]) == 5
    assert "reward 1" in str(report)
    assert "retracted" in str(report)


def test_unscored_references_are_no_hole_unless_all_are() -> None:
    report = audit(math_reward, [*NUMBERS, {"prompt": "?", "solution": "\\frac{"}])
    assert report["reference"].outcome is Outcome.HELD
    assert report["reference"].note == "1 unscored"
    report = audit(math_reward, [{"solution": "\\frac{"}])
    assert report["reference"].outcome is Outcome.HOLE


def test_the_style_is_the_strictest_that_the_reward_reads() -> None:
    def exact(completions: Sequence[str], solution: Sequence[str], **columns: Any) -> list[Any]:
        return [
            None if gold is None else float(bool(gold) and text == gold)
            for text, gold in zip(completions, solution, strict=True)
        ]

    assert audit(exact, NUMBERS).styles == {"text": 4}
    assert audit(exact, NUMBERS).passed
    assert audit(honest, NUMBERS).styles == {"thinking and box": 4}


@pytest.mark.parametrize(
    ("rows", "options", "error", "message"),
    [
        ([], {}, ValueError, "no row to work with"),
        ([{"solution": None}], {"judges": "answer"}, ValueError, "no column of references"),
        ([{"solution": ""}], {}, ValueError, "1 rows, 1 without a reference"),
        (NUMBERS, {"skip": ["bach"]}, ValueError, "no probe named bach: there are reference"),
        (NUMBERS, {"judges": "both"}, ValueError, "judges must be 'answer' or 'form'"),
        (NUMBERS, {"reference_column": "gold"}, TypeError, "no column 'gold'"),
        (NUMBERS, {"prompt_column": "ask"}, TypeError, "no column 'ask'"),
    ],
)
def test_bad_input_raises(
    rows: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        audit(honest, rows, **options)


def test_a_reward_that_cannot_be_called_is_told_from_one_that_stumbles() -> None:
    def broken(completions: Sequence[str], missing: Any, **columns: Any) -> list[float]:
        return [0.0] * len(completions)

    with pytest.raises(RewardRaised, match="broken raised TypeError"):
        audit(broken, NUMBERS)


@pytest.mark.parametrize(
    ("answer", "kind", "wrong"),
    [
        ("42", "number", "7919"),
        ("7919", "number", "7927"),
        ("-1,234.50", "number", "7919.50"),
        ("B", "letter", "C"),
        ("z", "letter", "y"),
        ("New York", "words", "Atlantis"),
        ("Atlantis", "words", "Utopia"),
        ("x^2", "formula", "7919"),
        ("0,245", "formula", "7919"),
    ],
)
def test_wrong_answers(answer: str, kind: str, wrong: str) -> None:
    assert kind_of(answer) == kind
    assert wrong_answer(answer) == wrong


@pytest.mark.parametrize(
    ("answer", "edits"),
    [
        ("42", "43 52 41 -42 142 421 4"),
        ("-5", "-6 5 -15 -51"),
        ("0", "1 -1 10 01"),
        ("3.14", "3.15 4.14 -3.14 13.14 314"),
        ("9", "1 8 -9 19 91"),
        ("B", "A C D"),
        ("Paris", "Paria Parisna siraP"),
        ("\\frac{3}{4}", "\\frac{4}{4} \\frac{3}{5}"),
        ("(0,1]", "(1,1] (0,2] [0,1]"),
        ("x_1", ""),
        ("a\\in\\mathbb{Z}", ""),
        ("\\binom{5}{2}", ""),
    ],
)
def test_one_edits(answer: str, edits: str) -> None:
    assert one_edits(answer) == edits.split()


@given(st.decimals(-(10**6), 10**6, places=2).map(str) | st.integers(-(10**9), 10**9).map(str))
def test_an_edited_number_is_another_number(answer: str) -> None:
    values = [number(edit) for edit in one_edits(answer)]
    assert values
    assert number(answer) not in values


@given(
    st.sampled_from(["{}", "\\frac{{{}}}{{7}}", "\\sqrt{{{}}}", "({}, 2)", "x + {}", "{}, 11, 13"]),
    st.integers(2, 99),
)
def test_no_edit_is_equal_for_the_math_reward(pattern: str, value: int) -> None:
    answer = pattern.format(value)
    assert verify(answer, answer).correct
    for edit in one_edits(answer):
        assert verify(answer, edit).reward == 0.0, (answer, edit)


@pytest.mark.parametrize("page", ["audit.md", "composition.md"])
def test_the_examples_of_the_documentation_run(page: str) -> None:
    failed, tried = doctest.testfile(str(TESTS.parent / "docs" / page), module_relative=False)
    assert (failed, tried > 0) == (0, True)


def test_every_probe_is_documented() -> None:
    page = (TESTS.parent / "docs" / "audit.md").read_text(encoding="utf-8")
    assert all(f"`{probe.name}`" in page for probe in PROBES)


def test_styles_have_different_names() -> None:
    assert len({style.name for style in STYLES}) == len(STYLES)
    assert "42" in [style.dress("42") for style in STYLES]


# ---- the command ------------------------------------------------------------------------------


def run(*arguments: str, stdin: str = "", **options: Any) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-m", "verifiers", "audit", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=HANG,
        env={**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "120"},
        **options,
    )


@pytest.fixture
def numbers(tmp_path: Path) -> str:
    file = tmp_path / "numbers.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in NUMBERS))
    return str(file)


def test_command_shows_no_hole_and_leaves_with_0(numbers: str) -> None:
    done = run(numbers, "--reward", "bad_rewards:honest")
    assert done.returncode == 0, done.stderr
    assert "no probe won" in done.stdout
    assert "4 rows; references written as thinking and box (4)" in done.stdout


def test_command_shows_the_hole_and_leaves_with_1(numbers: str) -> None:
    done = run(numbers, "--reward", "bad_rewards:believes_the_grade")
    assert done.returncode == 1, done.stderr
    assert "1 probe won" in done.stdout
    assert "reward: 1.0" in done.stdout


def test_command_prints_json(numbers: str) -> None:
    done = run(numbers, "--reward", "bad_rewards:first_box_wins", "--json")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert report["file"] == numbers
    assert "retracted" in [p["probe"] for p in report["probes"] if p["outcome"] == "hole"]


def test_command_takes_options(numbers: str) -> None:
    reward = ("--reward", "bad_rewards:believes_the_grade")
    assert run(numbers, *reward, "--skip", "injection").returncode == 0
    assert run(numbers, *reward, "--passing", "2").returncode == 1, "no reference reaches 2"
    assert run(numbers, "--reward", "bad_rewards:empty_tags_pass", "--form").returncode == 1
    done = run(numbers, "--reward", "math", "--limit", "2", "--json")
    assert (done.returncode, json.loads(done.stdout)["rows"]) == (0, 2)


def test_command_reads_a_pipe_and_names_bad_lines() -> None:
    stdin = '{"solution": "43"}\nnot json\n{"solution": "44"}\n'
    done = run("-", "--reward", "bad_rewards:honest", "--json", stdin=stdin)
    assert (done.returncode, json.loads(done.stdout)["rows"]) == (0, 2)
    assert "standard input:2" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("no-such-file.jsonl",), 2, "No such file"),
        (("rows.txt",), 2, "cannot tell the format"),
        (("-", "--reward", "nothing"), 2, "no reward named 'nothing'"),
        (("-", "--reward", "bad_rewards:honest"), 2, "no row to work with"),
        (("-", "--reward", "sample_rewards:broken"), 2, "no row to work with"),
    ],
)
def test_a_wrong_command_leaves_with_2(
    arguments: tuple[str, ...], code: int, message: str, tmp_path: Path
) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert message in done.stderr


def test_a_reward_that_cannot_be_called_leaves_with_4(numbers: str) -> None:
    done = run(numbers, "--reward", "sample_rewards:broken")
    assert done.returncode == 4
    assert "broken raised RuntimeError: this reward is broken" in done.stderr
    assert "sample_rewards.py" in done.stderr, "where it happened"
