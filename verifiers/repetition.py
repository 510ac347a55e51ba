"""Penalties for repetition: n-grams that occur again, and texts that end in a loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from . import _core
from .graded import graded
from .reward import Reward, check_column, completion_texts, text_list
from .schemes import TURN_ENDS
from .threads import check_threads, thread_count
from .verdict import Verdict

__all__ = ["RULES", "LoopPenalty", "RepetitionPenalty", "loop_penalty", "repetition_penalty"]

#: Every rule that can decide, and the sentence that explains it.
RULES = {
    "too_short": "fewer words than an n-gram has",
    "no_repetition": "no n-gram occurs twice",
    "repetition": "some n-grams occur more than once",
    "no_loop": "the completion does not end in a loop",
    "loop": "the completion ends in a loop",
}


class RepetitionPenalty(Reward):
    """A penalty for the share of n-grams that have occurred before.

    With D distinct ones among N n-grams the reward is `max_penalty * (1 - D / N)`. Words stand
    between white space, in lower case; a character of a script that is written without spaces
    (Chinese, Japanese, Thai) is a word of its own.

    Args:
        ngram_size: how many words an n-gram has.
        max_penalty: what a text of nothing but repetition comes near; not above 0.
        unit: `"words"`, or `"tokens"`: the `completion_ids` that the trainer passes.
        threads: threads for a batch; by default one per usable core, up to eight.
        name: as for every `Reward`.

    Returns:
        A number in [max_penalty, 0]; 0 for a text of fewer words than an n-gram has. In words it is
        equal to open-r1's wherever words have spaces between them, in tokens to TRL's.

    >>> repetition_penalty(["one two three four", "so so so so so so"])
    [0.0, -0.75]
    >>> repetition_penalty.verdicts(["so so so so so so"])[0].reason
    '3 of 4 n-grams of 3 words have occurred before'
    """

    default_name = "repetition_penalty"
    needs_reference = False

    def __init__(
        self,
        ngram_size: int = 3,
        max_penalty: float = -1.0,
        *,
        unit: Literal["words", "tokens"] = "words",
        threads: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if ngram_size < 1:
            raise ValueError(f"ngram_size must be at least 1, got {ngram_size}")
        if not -float("inf") < max_penalty <= 0:
            raise ValueError(f"max_penalty must be finite and not above 0, got {max_penalty}")
        if unit not in ("words", "tokens"):
            raise ValueError(f"unit must be 'words' or 'tokens', got {unit!r}")
        self.ngram_size = ngram_size
        self.max_penalty = max_penalty
        self.unit = unit
        self.threads = check_threads(threads)

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Return one penalty per completion, without making verdicts."""
        counted = self._count(self._texts(completions, columns))
        return [self._penalty(total, distinct) for total, distinct in counted]

    def verdicts(self, completions: Sequence[Any], **columns: Any) -> list[Verdict]:
        return self.judge(self._texts(completions, columns), ())

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        return [self._verdict(total, distinct) for total, distinct in self._count(completions)]

    def _texts(self, completions: Sequence[Any], columns: dict[str, Any]) -> Sequence[str]:
        """Return what to count words in; token ids become words of digits."""
        texts = completion_texts(completions)
        if self.unit == "words":
            return texts
        ids = columns.get("completion_ids")
        if ids is None:
            raise TypeError("unit='tokens' needs completion_ids: a list of token ids each")
        check_column("completion_ids", ids, len(texts))
        for index, item in enumerate(ids):
            if isinstance(item, (str, bytes)) or not hasattr(item, "__iter__"):
                raise TypeError(
                    f"completion_ids[{index}] must be a list of token ids, "
                    f"got {type(item).__name__}"
                )
        return [" ".join(map(str, item)) for item in ids]

    def _count(self, texts: Sequence[str]) -> list[tuple[int, int]]:
        threads = thread_count(self.threads, len(texts))
        return _core.ngrams(texts, self.ngram_size, threads=threads)

    def _penalty(self, total: int, distinct: int) -> float:
        return 0.0 if total == distinct else (1 - distinct / total) * self.max_penalty

    def _verdict(self, total: int, distinct: int) -> Verdict:
        if total == 0:
            rule = "too_short"
        elif total == distinct:
            rule = "no_repetition"
        else:
            rule = "repetition"
        return graded(
            self._penalty(total, distinct),
            worst=self.max_penalty,
            best=0.0,
            rule=rule,
            reason=f"{total - distinct} of {total} n-grams of {self.ngram_size} {self.unit} "
            "have occurred before",
        )


class LoopPenalty(Reward):
    """A penalty for a completion that ends in a loop: one piece of text, over and over.

    The piece is repeated exactly, and may be cut off at the end, as truncated completions are; what
    follows it does not count if it is white space, marks that end a turn, and padding made of them.

    Args:
        repeats: how often the piece stands there at least.
        min_length: how many bytes the loop has at least, so that no ruler and no ellipsis is one.
        penalty: what a loop earns; not above 0.
        threads: threads for a batch; by default one per usable core, up to eight.
        name: as for every `Reward`.

    Returns:
        `penalty` or 0.0. The verdict's `extracted` and `span` are the loop.

    >>> found = loop_penalty.verdicts(["Hm\\n" + "But wait, no. " * 20 + "But wa"])[0]
    >>> found.reward, found.reason
    (-1.0, 'the last 286 characters repeat a piece of 14')
    """

    default_name = "loop_penalty"
    needs_reference = False

    def __init__(
        self,
        *,
        repeats: int = 4,
        min_length: int = 100,
        penalty: float = -1.0,
        threads: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if repeats < 2:
            raise ValueError(f"repeats must be at least 2, got {repeats}")
        if min_length < 1:
            raise ValueError(f"min_length must be at least 1, got {min_length}")
        if not -float("inf") < penalty <= 0:
            raise ValueError(f"penalty must be finite and not above 0, got {penalty}")
        self.repeats = repeats
        self.min_length = min_length
        self.penalty = penalty
        self.threads = check_threads(threads)

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        texts = [_without_turn_ends(text) for text in text_list(completions)]
        found = _core.loops(
            texts, self.repeats, self.min_length, threads=thread_count(self.threads, len(texts))
        )
        return [self._verdict(text, loop) for text, loop in zip(texts, found, strict=True)]

    def _verdict(self, text: str, loop: tuple[int, int, int] | None) -> Verdict:
        if loop is None:
            return graded(
                0.0, worst=self.penalty, best=0.0, rule="no_loop", reason=RULES["no_loop"]
            )
        start, end, piece = loop
        return graded(
            self.penalty,
            worst=self.penalty,
            best=1.0,  # a loop is no success, even where the caller sets the penalty to 0
            rule="loop",
            reason=f"the last {end - start} characters repeat a piece of {piece}",
            extracted=text[start:end],
            extracted_from="loop",
            span=(start, end),
        )


def _without_turn_ends(text: str) -> str:
    end = len(text)
    while True:
        while end > 0 and text[end - 1].isspace():
            end -= 1
        mark = next((mark for mark in TURN_ENDS if text.endswith(mark, 0, end)), None)
        if mark is None:
            return text if end == len(text) else text[:end]
        end -= len(mark)


#: The penalty for repeated trigrams of words, down to -1.
repetition_penalty = RepetitionPenalty()

#: The penalty for a loop at the end, with the default limits.
loop_penalty = LoopPenalty()
