"""The math reward: a batch of completions against their references."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from .. import _core
from ..answer import check_opening
from ..reward import Reward, completion_texts, text_list
from ..threads import check_threads, thread_count
from ..verdict import Verdict
from .rules import RULES, Rule, settle, verdict
from .symbolic import shared_pool

__all__ = ["Explanation", "MathReward", "math_reward"]

_REWARDS = [rule.reward for rule in RULES]
_UNDECIDED = next(index for index, rule in enumerate(RULES) if rule.status is None)


class Explanation(NamedTuple):
    """A verdict, and how the native engine read both sides (`None` where it could not)."""

    verdict: Verdict
    reference_read: str | None
    answer_read: str | None


class MathReward(Reward):
    """1.0 where the final answer is shown equivalent to the reference, else 0.0.

    The answer is looked for after the thinking: the last box, else an answer tag, an answer phrase,
    the last formula, the last number. It is compared in C; what C leaves undecided goes to sympy in
    worker processes that are killed at their time limit. Text is never evaluated as code.

    Args:
        strict: accept a box, and nothing else, as the answer.
        opening: where the opening thinking tag stands; `"prompt"` if the chat template wrote it,
            and a completion without a closing tag is then unfinished.
        tolerance: how far numbers may be apart, relative to the reference; by default decimals are
            judged by the digits they give.
        units: whether units must agree where both sides have one.
        order: whether a list without brackets is compared in order.
        time_limit: seconds of computer algebra for one pair.
        batch_time_limit: seconds of computer algebra for one call; pairs not reached by then are
            unscored.
        threads: threads for a batch; by default one per usable core, up to eight.
        name, column: as for every `Reward`.

    A reference may be text, a number, a list of acceptable texts, or `None`, which is unscored.

    >>> reward = MathReward()
    >>> reward(["so \\\\boxed{0.5}", "\\\\boxed{1/3}"], solution=["1/2", "1/2"])
    [1.0, 0.0]
    >>> reward.verdicts(["hence $x = 4$."], answer=[4])[0].extracted
    'x = 4'
    """

    default_name = "math_reward"

    def __init__(
        self,
        *,
        strict: bool = False,
        opening: Literal["completion", "prompt"] = "completion",
        tolerance: float | None = None,
        units: bool = True,
        order: bool = False,
        time_limit: float = 5.0,
        batch_time_limit: float = 60.0,
        threads: int | None = None,
        name: str | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__(name=name, column=column)
        if tolerance is not None and not tolerance >= 0:
            raise ValueError(f"tolerance must not be negative, got {tolerance}")
        if not (time_limit > 0 and batch_time_limit > 0):
            raise ValueError("time_limit and batch_time_limit must be positive")
        self.strict = strict
        self.opening = check_opening(opening)
        self.tolerance = tolerance
        self.units = units
        self.order = order
        self.time_limit = time_limit
        self.batch_time_limit = batch_time_limit
        self.threads = check_threads(threads)

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        """Judge `completions[i]` against `references[i]`, equal pairs once."""
        if _all_text(references):
            return self._judge_texts(completions, references)
        return self._judge_alternatives(completions, references)

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Return one reward per completion, without making verdicts where C decides all."""
        texts = completion_texts(completions)
        references = self.references(len(texts), columns)
        if _all_text(references):
            rules = _core.judge(texts, references, rules_only=True, **self._options(len(texts)))
            if _UNDECIDED not in rules:
                return list(map(_REWARDS.__getitem__, rules))
        return [found.reward for found in self.judge(texts, references)]

    def explain(self, reference: Any, completion: str) -> Explanation:
        """Return the verdict on one completion, and how both sides were read."""
        found = self.verdicts([completion], **{self.column or "solution": [reference]})[0]
        stated = _core.reference_answer(found.reference or "")
        read = _core.read(found.extracted) if found.extracted is not None else None
        return Explanation(found, None if stated is None else _core.read(stated), read)

    def _options(self, pairs: int) -> dict[str, Any]:
        return {
            "strict": self.strict,
            "opening_in_prompt": self.opening == "prompt",
            "tolerance": -1.0 if self.tolerance is None else self.tolerance,
            "ordered": self.order,
            "ignore_units": not self.units,
            "threads": thread_count(self.threads, pairs),
        }

    def _judge_texts(self, completions: Sequence[str], references: Any) -> list[Verdict]:
        judged = _core.judge(completions, references, **self._options(len(completions)))
        texts = [str(text) for text in references] if _is_arrow(references) else references
        settled = self._settle_undecided(judged, texts)
        verdicts = []
        for reference, (index, origin, start, end, answer, seconds) in zip(
            texts, judged, strict=True
        ):
            rule, reason = RULES[index], None
            if rule.status is None:
                rule, reason, more = settled[reference, answer or ""]
                seconds += more
            verdicts.append(
                verdict(
                    rule,
                    reason=reason,
                    extracted=answer,
                    extracted_from=origin,
                    span=None if start is None else (start, end),
                    reference=reference,
                    seconds=seconds,
                )
            )
        return verdicts

    def _settle_undecided(
        self, judged: list[tuple[Any, ...]], references: Sequence[str]
    ) -> dict[tuple[str, str], tuple[Rule, str, float]]:
        """Ask computer algebra about the undecided pairs, each pair once."""
        undecided: dict[tuple[str, str], str] = {
            (reference, answer): _core.reference_answer(reference) or ""
            for reference, (index, _, _, _, answer, _) in zip(references, judged, strict=True)
            if RULES[index].status is None
        }
        if not undecided:
            return {}
        outcomes = shared_pool().compare(
            [(stated, answer) for (_, answer), stated in undecided.items()],
            time_limit=self.time_limit,
            deadline=time.monotonic() + self.batch_time_limit,
        )
        return {
            pair: (settle(outcome, stated), outcome.reason, outcome.seconds)
            for (pair, stated), outcome in zip(undecided.items(), outcomes, strict=True)
        }

    def _judge_alternatives(
        self, completions: Sequence[str], references: Sequence[Any]
    ) -> list[Verdict]:
        """Judge where a reference may be a number, missing, or several acceptable texts."""
        texts: list[str] = []
        alternatives: list[str] = []
        owners: list[int] = []
        for index, (completion, reference) in enumerate(
            zip(text_list(completions), references, strict=True)
        ):
            for alternative in _alternatives(reference, f"references[{index}]"):
                texts.append(completion)
                alternatives.append(alternative)
                owners.append(index)
        best: list[Verdict | None] = [None] * len(references)
        for owner, found in zip(owners, self._judge_texts(texts, alternatives), strict=True):
            held = best[owner]
            if held is None or _preference(found) > _preference(held):
                best[owner] = found
        missing = next(rule for rule in RULES if rule.name == "bad_reference")
        return [found or verdict(missing, reason="there is no reference") for found in best]


def _all_text(references: Any) -> bool:
    return _is_arrow(references) or set(map(type, references)) <= {str}


def _is_arrow(column: Any) -> bool:
    return hasattr(column, "__arrow_c_array__") or hasattr(column, "__arrow_c_stream__")


def _alternatives(reference: Any, where: str) -> list[str]:
    if isinstance(reference, str):
        return [reference]
    if reference is None:
        return []
    if isinstance(reference, bool):
        raise TypeError(f"{where} must be text, a number, a list of texts or None, got bool")
    if isinstance(reference, (int, float)):
        return [repr(reference)]
    if isinstance(reference, (list, tuple)):
        flat = []
        for index, item in enumerate(reference):
            if isinstance(item, (list, tuple)):
                raise TypeError(f"{where}[{index}] must be text or a number, got a list")
            flat.extend(_alternatives(item, f"{where}[{index}]"))
        return flat
    raise TypeError(
        f"{where} must be text, a number, a list of texts or None, got {type(reference).__name__}"
    )


def _preference(found: Verdict) -> int:
    """Correct against any alternative is correct; wrong needs all alternatives to be judged."""
    if found.correct:
        return 2
    return 0 if found.scored else 1


#: The reward with its default options.
math_reward = MathReward()
