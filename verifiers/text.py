"""Rewards for answers in words and numbers: exact match, token F1, a number within a tolerance."""

from __future__ import annotations

import math
import re
import string
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import _core
from .answer import (
    MISSING_RULES,
    Answer,
    Opening,
    check_opening,
    find_answer,
    plain_text,
    reference_texts,
)
from .graded import graded
from .reward import Reward, text_list
from .second_thoughts import is_struck_out, is_taken_back
from .verdict import Status, Verdict

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = [
    "RULES",
    "ExactReward",
    "F1Reward",
    "NumericReward",
    "exact_reward",
    "f1_reward",
    "numeric_reward",
    "squad_normal",
]

#: Every rule that can decide, and the sentence that explains it.
RULES = {
    "same_text": "the answer is the reference",
    "other_text": "the answer is another text than the reference",
    "taken_back": "the answer is doubted, crossed out or taken back",
    "shared_words": "the words that answer and reference share",
    "within_tolerance": "the number is the reference, within the tolerance",
    "other_number": "the number is further from the reference than the tolerance",
    "different_unit": "the units contradict each other",
    "no_single_number": "the answer is not one number",
    "bad_reference": "the reference cannot be read",
    **MISSING_RULES,
}


class _AgainstTexts(Reward):
    """What these rewards share: the final answer against each acceptable text; the best counts."""

    def __init__(self, *, opening: Opening, name: str | None, column: str | None) -> None:
        super().__init__(name=name, column=column)
        self.opening = check_opening(opening)

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        return [
            self._judge_one(text, reference_texts(reference, f"references[{index}]"))
            for index, (text, reference) in enumerate(
                zip(text_list(completions), references, strict=True)
            )
        ]

    def _judge_one(self, text: str, references: list[str]) -> Verdict:
        readable = [reference for reference in references if self._is_readable(reference)]
        if not readable:
            return _bad_reference()
        best = max(self._judge_text(text, readable), key=lambda found: found.reward or 0.0)
        if len(readable) < len(references) and not best.correct:
            return _bad_reference()  # it may be right against the one that nobody can read
        return best

    def _is_readable(self, reference: str) -> bool:
        return bool(reference.strip())

    @abstractmethod
    def _judge_text(self, text: str, references: list[str]) -> list[Verdict]:
        """Judge a completion against each of the acceptable texts, of which there is one."""


def _bad_reference() -> Verdict:
    return Verdict(Status.BAD_REFERENCE, None, rule="bad_reference", reason=RULES["bad_reference"])


class _AgainstWords(_AgainstTexts):
    """The final answer as words, against words."""

    def _judge_text(self, text: str, references: list[str]) -> list[Verdict]:
        answer = find_answer(text, self.opening)
        if isinstance(answer, Verdict):
            return [answer]
        if self._is_taken_back(text, answer) and not _is_question(references):
            return [_taken_back(answer)]
        return [
            self._compare(answer.text, reference, {**answer.facts, "reference": reference})
            for reference in references
        ]

    def _is_taken_back(self, text: str, answer: Answer) -> bool:
        if is_struck_out(answer.text) or _DOUBTED.search(answer.text):
            return True
        part = _core.final_part(text, opening_in_prompt=self.opening == "prompt")
        after = text[answer.span[1] : part[1] if part else len(text)]
        return answer.origin != "text" and is_taken_back(after)

    @abstractmethod
    def _compare(self, answer: str, reference: str, facts: dict[str, Any]) -> Verdict:
        """Judge an answer against one acceptable text."""


def _is_question(references: list[str]) -> bool:
    """Return whether a reference is a question, or holds what would else be doubt."""
    return any("?" in text or "？" in text or is_struck_out(text) for text in references)


def _taken_back(answer: Answer) -> Verdict:
    return Verdict(
        Status.NO_ANSWER, 0.0, rule="taken_back", reason=RULES["taken_back"], **answer.facts
    )


# ---- words ---------------------------------------------------------------------------------------

_DOUBTED = re.compile(r"\w\W{0,10}[?？]\W{0,10}\Z")
_DASHES = str.maketrans("−–‐‑", "----")
_PUNCTUATION = f"[{re.escape(string.punctuation)}]"
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,]*\d)")
#: Punctuation that makes another text: -5, 3.14, 3-2, 1/2, .5, 1e-5, x<y, a=b; ~5, !p; C++, A-.
_OF_A_NUMBER = (
    rf"(?<=\d){_PUNCTUATION}(?=\d)|(?<![^\W\d_])-(?:\ ?(?=[$€£]?\.?\d)|(?=[^\W\d_]\b))"
    r"|(?<=\w)[+#-]+(?![\w+#-])|(?<![\w.])\.(?=\d)|[<>=]+\ ?(?=-?\ ?\.?\d)|[<>=]+"
    r"|(?<=\de)-(?=\d)|(?<!\w)[~!](?=[\w-])"
)
_MARKS = re.compile(rf"({_OF_A_NUMBER})|{_PUNCTUATION}")
_SUPERSCRIPT = re.compile("[⁰¹²³⁴-⁹]+")  # else 5² would be 52
_DIGIT = re.compile(r"\d")
_ARTICLES = re.compile(r"\b(?:a|an|the)\b(?![+#-])")

Normalization = Literal["squad", "none"]


def squad_normal(text: str) -> str:
    """Return `text` as SQuAD compares it: lower case, no ASCII punctuation, no English articles.

    Unlike SQuAD, for which -5 is 5 and 3.14 is 314, what belongs to a number stays.

    >>> squad_normal("  The U.S.A. — a  country!"), squad_normal("$-1,234.50.")
    ('usa — country', '-1234.50')
    """
    text = text.lower().translate(_DASHES) if _DIGIT.search(text) else text.lower()
    text = _THOUSANDS.sub(lambda number: number[0].replace(",", ""), text)
    text = _MARKS.sub(lambda mark: (mark[1] or "").strip(), text)
    return " ".join(_ARTICLES.sub(" ", text).split())


def _comparable(text: str, normalization: Normalization) -> str:
    """Return `text` normalised; a text of which SQuAD leaves nothing ("A", "?") stays itself."""
    text = plain_text(_SUPERSCRIPT.sub(lambda power: f"^{power[0]}", text))
    if normalization == "squad":
        return squad_normal(text) or " ".join(text.lower().split())
    return text


class ExactReward(_AgainstWords):
    r"""1.0 where the final answer is one of the references, as text, else 0.0.

    The answer is what stands in a box, an answer tag or an answer phrase after the thinking, and
    without any of them all that stands there.

    Args:
        normalization: `"squad"` leaves case, ASCII punctuation but that of numbers, English
            articles and white space out of the comparison; `"none"` compares character by
            character, less the white space around.
        opening: where the opening thinking tag stands; `"prompt"` if the chat template wrote it.
        name, column: as for every `Reward`.

    A reference may be text, a number, a list of acceptable texts, or `None`, which is unscored.

    >>> exact_reward(["<think>?</think> The Beatles!", "\\boxed{Who}"], answer=["Beatles"] * 2)
    [1.0, 0.0]
    >>> exact_reward(["The answer is Mark Twain."], answer=[["Samuel Clemens", "Mark Twain"]])
    [1.0]
    """

    default_name = "exact_reward"

    def __init__(
        self,
        *,
        normalization: Normalization = "squad",
        opening: Opening = "completion",
        name: str | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__(opening=opening, name=name, column=column)
        if normalization not in ("squad", "none"):
            raise ValueError(f"normalization must be 'squad' or 'none', got {normalization!r}")
        self.normalization: Normalization = normalization

    def _compare(self, answer: str, reference: str, facts: dict[str, Any]) -> Verdict:
        same = _comparable(answer, self.normalization) == _comparable(reference, self.normalization)
        rule = "same_text" if same else "other_text"
        return graded(float(same), worst=0.0, best=1.0, rule=rule, reason=RULES[rule], **facts)


class F1Reward(_AgainstWords):
    """The F1 of the words that answer and reference share, as SQuAD measures it.

    The answer is found as by `ExactReward`. Words are compared without case, ASCII punctuation but
    that of numbers, and English articles; each counts as often as both sides have it.

    Args:
        opening: where the opening thinking tag stands; `"prompt"` if the chat template wrote it.
        name, column: as for every `Reward`.

    A reference may be text, a number, a list of acceptable texts, of which the best counts, or
    `None`, which is unscored.

    Returns:
        A number in [0, 1]: 2PR / (P + R), with P the shared part of the answer's words, and R of
        the reference's.

    >>> f1_reward(["The answer is the Eiffel Tower.", "Paris"], answer=["Eiffel Tower, Paris"] * 2)
    [0.8, 0.5]
    """

    default_name = "f1_reward"

    def __init__(
        self,
        *,
        opening: Opening = "completion",
        name: str | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__(opening=opening, name=name, column=column)

    def _compare(self, answer: str, reference: str, facts: dict[str, Any]) -> Verdict:
        said = Counter(_comparable(answer, "squad").split())
        wanted = Counter(_comparable(reference, "squad").split())
        shared = (said & wanted).total()
        words = said.total() + wanted.total()
        return graded(
            2 * shared / words,
            worst=0.0,
            best=1.0,
            rule="shared_words",
            reason=f"{shared} of {said.total()} words are among the {wanted.total()} "
            "of the reference",
            **facts,
        )


# ---- numbers -------------------------------------------------------------------------------------

#: How the C core spells a number that it read, with its label and its unit.
_NUMBER = re.compile(r"(?:\w+=)?(-?)\(?(\d+)(?:/(\d+))?\)?(?: (\w[^\d,;]*)|(%))?")
_LETTERS_BEHIND = re.compile(r"([-+]?[\d.,]*\d) ?([a-zA-Zµ]{1,3}(?:/[a-zA-Z]{1,3})?)")
_IS_NUMBER = {"same_text", "number", "different_number", "different_value"}
_NO_NUMBER = {"different_shape", "unreadable", "different_count", "different_words"}


class NumericReward(_AgainstTexts):
    r"""1.0 where the final answer is a number within a tolerance of the reference, else 0.0.

    The answer is found and read as by `MathReward`: fractions, percentages, powers of ten, numbers
    in words. No more than one number may be given. A unit may be missing on one side, but not be
    another; units are not converted.

    Args:
        relative: how far off the number may be, as a fraction of the reference.
        absolute: how far off it may be in any case; needed where a reference is 0.
        opening: where the opening thinking tag stands; `"prompt"` if the chat template wrote it.
        name, column: as for every `Reward`.

    A reference may be a number, text that is one, a list of acceptable ones, or `None`, which is
    unscored.

    >>> numeric_reward(["It is $6.02 \\times 10^{23}$.", "\\boxed{6.1e23}"], answer=[6.022e23] * 2)
    [1.0, 0.0]
    >>> NumericReward(absolute=0.5)(["\\boxed{-0.4}", "3 or 4"], answer=[0, 4])
    [1.0, 0.0]
    """

    default_name = "numeric_reward"

    def __init__(
        self,
        relative: float = 0.01,
        absolute: float = 0.0,
        *,
        opening: Opening = "completion",
        name: str | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__(opening=opening, name=name, column=column)
        if not (0 <= relative < math.inf and 0 <= absolute < math.inf):
            raise ValueError(
                f"relative and absolute must be finite and not negative, got {relative}, {absolute}"
            )
        self.relative = relative
        self.absolute = absolute

    def _is_readable(self, reference: str) -> bool:
        stated = _core.reference_answer(_with_unit(reference))
        return stated is not None and _core.RULES[_core.compare(stated, "0")][0] in _IS_NUMBER

    def _judge_text(self, text: str, references: list[str]) -> list[Verdict]:
        judged = _core.judge(
            [text] * len(references),
            [_with_unit(reference) for reference in references],
            opening_in_prompt=self.opening == "prompt",
            tolerance=self.relative,
        )
        return [
            self._verdict(_core.RULES[rule], origin, start, end, answer, reference)
            for reference, (rule, origin, start, end, answer, _) in zip(
                references, judged, strict=True
            )
        ]

    def _verdict(
        self,
        decided: tuple[str, str, str],
        origin: str | None,
        start: int | None,
        end: int | None,
        answer: str | None,
        reference: str,
    ) -> Verdict:
        name, decision, sentence = decided
        if answer is None or start is None or end is None:
            return Verdict(Status.NO_ANSWER, 0.0, rule=name, reason=sentence, reference=reference)
        if decision == "equal" or self._is_near(answer, reference):
            rule = "within_tolerance"
        elif name == "different_unit":
            rule = name
        else:
            rule = "no_single_number" if name in _NO_NUMBER else "other_number"
        return graded(
            float(rule == "within_tolerance"),
            worst=0.0,
            best=1.0,
            rule=rule,
            reason=RULES[rule],
            extracted=answer,
            extracted_from=origin,
            span=(start, end),
            reference=reference,
        )

    def _is_near(self, answer: str, reference: str) -> bool:
        """Return whether both are plain numbers within the absolute tolerance."""
        from fractions import Fraction

        if not self.absolute:
            return False
        found, wanted = _plain_number(answer), _plain_number(reference)
        if found is None or wanted is None:
            return False
        (value, unit), (target, target_unit) = found, wanted
        same_unit = unit == target_unit or not unit or not target_unit
        return same_unit and abs(value - target) <= Fraction(self.absolute)


def _with_unit(reference: str) -> str:
    """Return a reference whose letters are a unit: 10 m is no product of ten and m."""
    match = _LETTERS_BEHIND.fullmatch(reference.strip())
    return f"{match[1]}\\text{{ {match[2]}}}" if match else reference


def _plain_number(text: str) -> tuple[Fraction, str] | None:
    """Return a number and its unit as the C core reads them; `None` for anything else."""
    from fractions import Fraction

    number = _NUMBER.fullmatch(_core.read(text) or "")
    if number is None or len(number[0]) > 2000 or int(number[3] or 1) == 0:
        return None
    value = Fraction(int(number[2]), int(number[3] or 1))
    return (-value if number[1] else value), number[4] or number[5] or ""


#: The reward with its default options: text as SQuAD compares it.
exact_reward = ExactReward()

#: The reward with its default options.
f1_reward = F1Reward()

#: The reward with its default options: one percent off at most.
numeric_reward = NumericReward()
