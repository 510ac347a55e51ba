"""Rewards for the form of a completion: tags in place, counts of tags, steps of reasoning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import _core
from .answer import Opening, check_opening
from .graded import graded as graded_verdict
from .reward import Reward, completion_texts, text_list
from .schemes import NativeScheme, Scheme, get_scheme
from .threads import check_threads, thread_count
from .verdict import Verdict

__all__ = [
    "RULES",
    "FormatReward",
    "ReasoningStepsReward",
    "TagCountReward",
    "format_reward",
    "reasoning_steps_reward",
    "tag_count_reward",
]

#: Every rule that can decide, and the sentence that explains it.
RULES = {
    **dict(_core.FORMAT_RULES),
    "tags_counted": "how many of the four tags stand once",
    "steps_counted": "how many steps of reasoning are marked",
}

_RULE_NAMES = [name for name, _ in _core.FORMAT_RULES]
_WELL_FORMED = _RULE_NAMES.index("well_formed")


class FormatReward(Reward):
    """1.0 for a completion that keeps to a scheme: one thinking part, then one answer.

    Both must hold something, each tag must stand exactly once and in order, and nothing but white
    space may stand outside. The verdict names the first rule that is broken, and where.

    Args:
        scheme: the name of a known scheme (`think`, `think_answer`, `qwen3`, `harmony`,
            `magistral`), or a `Scheme` of your own.
        opening: where the opening thinking tag stands; `"prompt"` if the chat template wrote it.
            By default that of the scheme.
        graded: give up to 0.5 for a completion that breaks a rule: half the share of expected tags
            that stand exactly once and behind those that belong in front of them.
        tokenizer: decodes the column `completion_ids`, which is then judged in place of the
            completions. For trainers that strip special tokens, where the tags are such.
        threads: threads for a batch; by default one per usable core, up to eight.
        name: what trainers log it as.

    >>> reward = FormatReward()
    >>> reward(["<think>2 + 2</think>4", "<think></think>4", "4"])
    [1.0, 0.0, 0.0]
    >>> verdict = reward.verdicts(["<think>2 + 2</think>4</think>"])[0]
    >>> verdict.rule, verdict.span
    ('repeated_tag', (21, 29))
    >>> FormatReward("think_answer", graded=True)(["<think>2 + 2</think>4"])
    [0.25]
    """

    default_name = "format_reward"
    needs_reference = False

    def __init__(
        self,
        scheme: str | Scheme = "think",
        *,
        opening: Opening | None = None,
        graded: bool = False,
        tokenizer: Any = None,
        threads: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.scheme = get_scheme(scheme)
        self.opening = None if opening is None else check_opening(opening)
        self.graded = graded
        if tokenizer is not None and not hasattr(tokenizer, "decode"):
            raise TypeError(f"tokenizer must have decode(), got {type(tokenizer).__name__}")
        self.tokenizer = tokenizer
        self.threads = check_threads(threads)

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Return one reward per completion, without making verdicts unless it is graded."""
        texts = self._texts(completions, columns)
        if self.graded:
            return [verdict.reward for verdict in self.judge(texts, ())]
        rules = _core.check_format(
            texts, self._native(), threads=thread_count(self.threads, len(texts)), rules_only=True
        )
        return [1.0 if rule == _WELL_FORMED else 0.0 for rule in rules]

    def verdicts(self, completions: Sequence[Any], **columns: Any) -> list[Verdict]:
        return self.judge(self._texts(completions, columns), ())

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        """Judge texts; there are no references."""
        checked = _core.check_format(
            completions, self._native(), threads=thread_count(self.threads, len(completions))
        )
        return [self._verdict(*found) for found in checked]

    def _verdict(
        self, rule: int, start: int, end: int, text: str, in_place: int, expected: int
    ) -> Verdict:
        good = rule == _WELL_FORMED
        reward = 1.0 if good else 0.5 * in_place / expected if self.graded else 0.0
        name, reason = _core.FORMAT_RULES[rule]
        if self.graded and not good:
            reason = f"{reason}; {in_place} of {expected} tags in place"
        return graded_verdict(
            reward,
            worst=0.0,
            best=1.0,
            rule=name,
            reason=f"{reason} (scheme {self.scheme.name})",
            extracted=text or None,
            extracted_from="tag" if good else None,
            span=(start, end),
        )

    def _native(self) -> NativeScheme:
        special = (getattr(self.tokenizer, name, None) for name in ("eos_token", "pad_token"))
        ends = tuple(str(token) for token in special if token and token not in self.scheme.tags)
        return self.scheme.native(self.opening, ends)

    def _texts(self, completions: Any, columns: Mapping[str, Any]) -> Sequence[str]:
        texts = completion_texts(completions)
        if self.tokenizer is None:
            return texts
        ids = columns.get("completion_ids")
        if ids is None:
            present = ", ".join(columns) or "none"
            raise TypeError(
                f"with a tokenizer the column completion_ids is needed; columns present: {present}"
            )
        if len(ids) != len(texts):
            raise ValueError(f"completion_ids has {len(ids)} rows for {len(texts)} completions")
        return [_decode(self.tokenizer, row, f"completion_ids[{i}]") for i, row in enumerate(ids)]


def _decode(tokenizer: Any, ids: Any, where: str) -> str:
    if isinstance(ids, (str, bytes)) or not hasattr(ids, "__iter__"):
        raise TypeError(f"{where} must be a list of token ids, got {type(ids).__name__}")
    text = tokenizer.decode([int(token) for token in ids], skip_special_tokens=False)
    if not isinstance(text, str):
        raise TypeError(f"{where}: the tokenizer made no text, but {type(text).__name__}")
    return text


class TagCountReward(Reward):
    """A quarter for each of four tags with their line breaks that stands exactly once.

    The tags are `<think>`, `</think>`, `<answer>` and `</answer>`; the numbers are those of
    open-r1's `tag_count_reward`. Order, nesting and content do not count, so that text around
    nothing earns 1.0: use it beside a `FormatReward`, never alone.

    Args:
        name: what trainers log it as.

    >>> tag_count_reward(["<think>\\n2 + 2\\n</think>\\n4"])
    [0.5]
    """

    default_name = "tag_count_reward"
    needs_reference = False

    _TAGS = ("<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>")

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        """Judge texts; there are no references."""
        return [self._judge_one(text) for text in text_list(completions)]

    def _judge_one(self, text: str) -> Verdict:
        once = [tag for tag in self._TAGS if text.count(tag) == 1]
        return graded_verdict(
            0.25 * len(once),
            worst=0.0,
            best=1.0,
            rule="tags_counted",
            reason=f"{len(once)} of 4 tags stand once: {', '.join(map(repr, once)) or 'none'}",
        )


class ReasoningStepsReward(Reward):
    """A third for each marked step of reasoning, up to 1.0.

    Steps are marked by `Step 1:`, a number and a point at the very beginning, a line that begins
    with `-` or `*`, and `First,` `Second,` `Next,` `Finally,`; the numbers are those of open-r1's
    `reasoning_steps_reward`. It counts marks and judges no reasoning: a list of dashes earns 1.0.

    Args:
        name: what trainers log it as.

    >>> reasoning_steps_reward(["First, add. Next, halve.", "- a"])
    [0.6666666666666666, 0.0]
    """

    default_name = "reasoning_steps_reward"
    needs_reference = False

    _STEP = re.compile(r"Step \d+:|^\d+\.|\n[-*]|First,|Second,|Next,|Finally,")

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        """Judge texts; there are no references."""
        return [self._judge_one(text) for text in text_list(completions)]

    def _judge_one(self, text: str) -> Verdict:
        count = sum(1 for _ in self._STEP.finditer(text))
        return graded_verdict(
            min(1.0, count / 3),
            worst=0.0,
            best=1.0,
            rule="steps_counted",
            reason=f"{count} steps are marked",
        )


#: The rewards with their default options.
format_reward = FormatReward()
tag_count_reward = TagCountReward()
reasoning_steps_reward = ReasoningStepsReward()
