"""Repetition: n-grams against open-r1's formula, and loops at the end of a text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given, strategies as st

from verifiers import LoopPenalty, RepetitionPenalty, loop_penalty, repetition_penalty
from verifiers.repetition import RULES

CASES_DIRECTORY = Path(__file__).parent / "cases"


def rows(name: str) -> list[dict[str, Any]]:
    lines = (CASES_DIRECTORY / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


CASES = rows("repetition.jsonl")
LOOPS = rows("loops.jsonl")

#: Characters of scripts that are written without spaces, each of which is a word.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fff\u3040-\u312f\u31a0-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff"
)


def penalty(words: list[str], size: int, most: float) -> float:
    """open-r1's formula, step by step."""
    if len(words) < size:
        return 0.0
    ngrams = list(zip(*[words[start:] for start in range(size)], strict=False))
    return (1 - len(set(ngrams)) / len(ngrams)) * most


def words_of(text: str) -> list[str]:
    """The words of `text` as documented."""
    lower = text.lower().replace("ς", "σ")
    return re.findall(f"[{UNSPACED}]|[^\\s{UNSPACED}]+", lower)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["note"])
def test_case(case: dict[str, Any]) -> None:
    text, size, most = case["completion"], case["ngram_size"], case["max_penalty"]
    reward = RepetitionPenalty(size, most)
    verdict = reward.verdicts([text])[0]
    assert verdict.reward == case["reward"]
    assert reward([text]) == [case["reward"]]
    assert (penalty(text.lower().split(), size, most) == case["reward"]) == case["open_r1"]


pieces = st.sampled_from(
    "a,A,b, ,  ,\n,é,É,Σ,ς,你,ا,xxxxxxxxx,\u3000,\u00a0,\x1c,\x00,Ω,\U00010400,ก".split(",")
)
soup = st.lists(pieces, max_size=60).map("".join) | st.text(max_size=40)


@given(text=soup.filter(lambda text: "\u0130" not in text), size=st.integers(1, 6))
def test_any_text_has_the_penalty_of_the_definition(text: str, size: int) -> None:
    reward = RepetitionPenalty(size)
    assert reward([text]) == [penalty(words_of(text), size, -1.0)]
    assert reward([text * 7]) == [penalty(words_of(text * 7), size, -1.0)]


def test_lower_case_is_pythons() -> None:
    for start in range(0x80, 0x2000, 64):  # 64 letters and their capitals are 64 words, not 128
        letters = [c for c in map(chr, range(start, start + 64)) if len(c.lower()) == 1]
        text = " ".join(letters + [c.lower() for c in letters])
        assert RepetitionPenalty(1)([text]) == [penalty(words_of(text), 1, -1.0)], hex(start)


def test_tokens_are_counted_like_words() -> None:
    reward = RepetitionPenalty(2, unit="tokens")
    assert reward(["x", "x"], completion_ids=[[1, 2, 3, 4], [5, 5, 5, 5, 5]]) == [0.0, -0.75]


def test_a_long_text_counts_exactly() -> None:
    text = " ".join(str(number) for number in range(300_000)) + " 0 1 2"
    verdict = repetition_penalty.verdicts([text])[0]
    assert verdict.reason == "1 of 300001 n-grams of 3 words have occurred before"


@pytest.mark.parametrize("case", LOOPS, ids=lambda case: case["note"])
def test_loop(case: dict[str, Any]) -> None:
    text = case["completion"]
    verdict = LoopPenalty(**case["options"]).verdicts([text])[0]
    if case["loop"] is None:
        assert (verdict.reward, verdict.rule, verdict.span) == (0.0, "no_loop", None)
    else:
        start, end, piece = case["loop"]
        assert (verdict.reward, verdict.rule, verdict.span) == (-1.0, "loop", (start, end))
        assert verdict.extracted == text[start:end]
        assert verdict.reason == f"the last {end - start} characters repeat a piece of {piece}"


@given(
    head=st.text(alphabet="abé你 ", max_size=12),
    piece=st.text(alphabet="abé你 ", min_size=1, max_size=6),
    repeats=st.integers(1, 6),
)
def test_loops_are_found_where_they_are(head: str, piece: str, repeats: int) -> None:
    text = (head + piece * repeats).rstrip()
    verdict = LoopPenalty(repeats=3, min_length=1).verdicts([text])[0]
    periods = range(1, len(text) // 3 + 1)
    assert (verdict.rule == "loop") == any(
        text[-period:] * 3 == text[-3 * period :] for period in periods
    )


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "ab" * 500_000, "\n" * 1_000_000, "你" * 300_000]
)
@pytest.mark.timeout(60)
def test_long_texts_take_linear_time(text: str) -> None:
    assert loop_penalty([text])[0] in (-1.0, 0.0)
    assert -1.0 <= (repetition_penalty([text])[0] or 0.0) <= 0.0
    assert RepetitionPenalty(50)([text * 2])[0] is not None


def test_arrow_columns_and_lone_surrogates() -> None:
    column = pyarrow.array(["a a a a", "a b c d"])
    assert repetition_penalty(column) == [-0.5, 0.0]
    assert loop_penalty(column) == [0.0, 0.0]
    assert repetition_penalty(["\ud800 \ud800 \ud800 \ud800"]) == [-0.5]


def test_the_rules_are_closed() -> None:
    shown = {repetition_penalty.verdicts([text])[0].rule for text in ("a", "a b c", "a a a a")}
    shown |= {loop_penalty.verdicts([text])[0].rule for text in ("a", "wait " * 99)}
    assert shown == RULES.keys()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "needs completion_ids"),
        ({"completion_ids": [[1]]}, "1 entries for 2 completions"),
        ({"completion_ids": [[1], None]}, r"completion_ids\[1\] must be a list of token ids"),
    ],
)
def test_malformed_calls_raise(columns: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        RepetitionPenalty(unit="tokens")(["a", "b"], **columns)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (RepetitionPenalty, {"ngram_size": 0}),
        (RepetitionPenalty, {"max_penalty": 0.1}),
        (RepetitionPenalty, {"max_penalty": float("nan")}),
        (RepetitionPenalty, {"unit": "characters"}),
        (RepetitionPenalty, {"threads": 0}),
        (LoopPenalty, {"repeats": 1}),
        (LoopPenalty, {"min_length": 0}),
        (LoopPenalty, {"penalty": 1.0}),
    ],
)
def test_bad_options_raise(kind: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        kind(**options)
