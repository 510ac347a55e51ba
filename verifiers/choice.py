"""The reward for multiple choice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from . import _core
from .answer import (
    MISSING_RULES,
    Answer,
    Opening,
    check_opening,
    find_answer,
    missing_answer,
    plain_text,
    reference_texts,
)
from .reward import Reward, check_column, completion_texts, text_list
from .second_thoughts import is_denied, is_struck_out, second_thought
from .verdict import Status, Verdict

__all__ = ["RULES", "ChoiceReward", "choice_reward"]

#: Every rule that can decide, and the sentence that explains it.
RULES = {
    "chosen": "the choice is the reference",
    "other_choice": "another choice than the reference",
    "several_choices": "several different choices are no answer",
    "unreadable_choice": "the answer names no choice",
    "taken_back": "the answer is said to be wrong",
    "bad_reference": "the reference names no choice, or more than one",
    **MISSING_RULES,
}

_LABELS = {
    "letters": tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "numbers": tuple(str(number) for number in range(1, 27)),
    "roman": tuple(
        "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX".split()
    ),
}

#: A label by itself, or with what people put around it; what follows it is the option's text.
_LABELLED = re.compile(
    r"""(?:(?:option|choice|answer|alternative|选项|選項)\s*:?\s*)?
        (?: [(\[]\s*(?P<bracketed>\w{1,5})\s*[)\]]\s*[.:,]?
          | (?P<marked>\w{1,5})\s*[).:、\]]
          | (?P<bare>\w{1,5})\s*(?:,|[-–—](?=\s)|$)
        )\s*(?P<rest>.*)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)

#: Labels in running text: only where nothing but a choice can be meant.
_MENTION = re.compile(
    r"""\b(?i:option|choice|answer|alternative|choose|select|pick)s?\s*(?:is|:)?\s*
        (?:therefore|thus|hence)?\s*[*_($]{0,4}(\w{1,5})\b
    |   (?:选项|選項|选择|選擇|选|選|答案[是为為])\s*[:*_(]{0,4}(\w{1,5}?)(?![A-Za-z0-9])
    |   [(\[](\w{1,5})[)\]]
    |   (?<![\w(])(\w{1,5})\)
    |   \*\*(\w{1,5})[.:]?\*\*
    """,
    re.VERBOSE,
)
_LATEX = re.compile(r"\\(?:text|mathrm|mathbf)\w*\s*\{([^{}]*)\}|\\(?:[ ,;:!~]|quad|qquad)|~")
_DENIAL = re.compile(
    r"n't\b|\b(?:not|no|nor|never|neither|cannot|without|except|unless|wrong|incorrect|false|unlike"
    r"|eliminat\w*|exclud\w*|rul\w* out)\b|[不非错錯排除没沒]",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\s*(?:[,;/&+、|]|\band\b|\bor\b|[和或与及])\s*", re.IGNORECASE)

#: "B over A": what was not chosen.
_PASSED_OVER = re.compile(
    r"\b(?:over|instead of|rather than)\s+(?:option\s+)?\(?\w{1,5}\b\)?", re.IGNORECASE
)
#: A label by itself; "A" and "I" before a small letter are words.
_STANDING_ALONE = re.compile(r"(?<![A-Za-z0-9'’])(?![AI] +[a-z])([A-Z]{1,5})(?![A-Za-z0-9'’])")
_TAGS = re.compile(r"</?\w+>")
#: What says, behind an answer, that the answer is another one.
_ASSERTED = re.compile(
    r"(?:\b(?i:answer(?: is|:)|choose|pick|select)\s*|答案[是为為]|选|選)[*(]{0,4}"
    r"([A-Za-z0-9]{1,5})\b"
)

#: Longer text is not searched for a label.
_LONGEST = 2000
#: Text behind an answer that may be nothing but another one.
_SHORT = 60

Style = Literal["letters", "numbers", "roman"]


class _Options(NamedTuple):
    """The labels of a question in their usual spelling, and the text of each option if known."""

    labels: tuple[str, ...]
    texts: Mapping[str, str]  # label -> text
    normal: Mapping[str, str]  # label -> normalised text

    def label(self, text: str) -> str | None:
        """Return the label that `text` is."""
        return next((label for label in self.labels if label.lower() == text.lower()), None)


class ChoiceReward(Reward):
    r"""1.0 where the completion settles on the right choice, else 0.0.

    A choice is read from the answer after the thinking: a box, an answer tag, an answer phrase, or
    a completion that is nothing else; failing these, from a last line that names one choice and
    denies none. It may be a label (`A`, `(A)`, `A.`, `**A**`, `\text{A}`), a label with the text of
    its option, or that text. Several different choices are no answer.

    Args:
        labels: how options are labelled: `"letters"`, `"numbers"`, `"roman"`, or a list of labels.
        choices_column: the column of options, where there is one: for each row a list of texts, a
            mapping from label to text, or `{"text": [...], "label": [...]}`. Shuffle it as you
            like: a reference given as the text of an option is found wherever that stands.
        opening: where the opening thinking tag stands; `"prompt"` if the chat template wrote it.
        name, column: as for every `Reward`.

    A reference may be a label, the text of an option, an `int` that counts options from 0, a list
    of acceptable ones, or `None`, which is unscored.

    >>> choice_reward(["The answer is (B).", "\\boxed{A}", "A or B", "**B**"], answer=["B"] * 4)
    [1.0, 0.0, 0.0, 1.0]
    >>> choice_reward(["It is Lyon? No: \\boxed{Paris}"], answer=["B"], choices=[["Lyon", "Paris"]])
    [1.0]
    """

    default_name = "choice_reward"

    def __init__(
        self,
        *,
        labels: Style | Sequence[str] = "letters",
        choices_column: str = "choices",
        opening: Opening = "completion",
        name: str | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__(name=name, column=column)
        if isinstance(labels, str) and labels not in _LABELS:
            raise ValueError(
                f"labels must be 'letters', 'numbers', 'roman' or a list, got {labels!r}"
            )
        self.labels = _LABELS[labels] if isinstance(labels, str) else tuple(labels)
        if len({label.lower() for label in self.labels}) != len(self.labels):
            raise ValueError(f"labels must differ in more than case, got {list(self.labels)}")
        self.choices_column = choices_column
        self.opening = check_opening(opening)

    def verdicts(self, completions: Sequence[Any], **columns: Any) -> list[Verdict]:
        texts = text_list(completion_texts(completions))
        references = self.references(len(texts), columns)
        choices = columns.get(self.choices_column)
        if choices is None:
            return self.judge(texts, references)
        check_column(self.choices_column, choices, len(texts))
        options = [
            self._options(row, f"{self.choices_column}[{index}]")
            for index, row in enumerate(choices)
        ]
        return self._judge(texts, references, options)

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        texts = text_list(completions)
        return self._judge(texts, references, [_Options(self.labels, {}, {})] * len(texts))

    def _judge(
        self, texts: list[str], references: Sequence[Any], options: list[_Options]
    ) -> list[Verdict]:
        return [
            self._judge_one(text, _right_labels(reference, row, f"references[{index}]"), row)
            for index, (text, reference, row) in enumerate(
                zip(texts, references, options, strict=True)
            )
        ]

    def _judge_one(self, text: str, right: set[str], options: _Options) -> Verdict:
        if not right:
            return Verdict(
                Status.BAD_REFERENCE, None, rule="bad_reference", reason=RULES["bad_reference"]
            )
        answer = find_answer(text, self.opening)
        if isinstance(answer, Verdict):
            return answer
        found = set() if answer.origin == "text" else _read(answer.text, options)
        if not found and answer.origin in ("text", "whole"):
            found, line = _last_line(answer, options)
            if not found and answer.origin == "text":
                return missing_answer("nothing")
            answer = line if found else answer
        part = _core.final_part(text, opening_in_prompt=self.opening == "prompt")
        after = text[answer.span[1] : part[1] if part else len(text)]
        found = found | _behind(after, options)
        facts: dict[str, Any] = {**answer.facts, "reference": ", ".join(sorted(right))}
        if is_denied(after):
            status, reward, rule = Status.NO_ANSWER, 0.0, "taken_back"
        elif len(found) > 1:
            status, reward, rule = Status.NO_ANSWER, 0.0, "several_choices"
        elif not found:
            status, reward, rule = Status.WRONG, 0.0, "unreadable_choice"
        elif found <= right:
            status, reward, rule = Status.CORRECT, 1.0, "chosen"
        else:
            status, reward, rule = Status.WRONG, 0.0, "other_choice"
        chosen = f": {', '.join(sorted(found))}" if found else ""
        return Verdict(status, reward, rule=rule, reason=RULES[rule] + chosen, **facts)

    def _options(self, row: Any, where: str) -> _Options:
        """Return the options of a row."""
        labels: Sequence[Any] = self.labels
        if isinstance(row, Mapping) and {"text", "label"} <= row.keys():
            labels, row = row["label"], row["text"]
        elif isinstance(row, Mapping):
            labels, row = list(row), list(row.values())
        if isinstance(row, (str, bytes)) or not hasattr(row, "__len__"):
            raise TypeError(f"{where} must be a list or a mapping, got {type(row).__name__}")
        if not 0 < len(row) <= len(labels):
            raise ValueError(f"{where} has {len(row)} options, and there are {len(labels)} labels")
        texts = {str(label): str(text) for label, text in zip(labels, row, strict=False)}
        return _Options(tuple(texts), texts, {key: _normal(text) for key, text in texts.items()})


def _right_labels(reference: Any, options: _Options, where: str) -> set[str]:
    """Return the labels that are right; none if the reference cannot be read."""
    if isinstance(reference, int) and not isinstance(reference, bool):
        return {options.labels[reference]} if 0 <= reference < len(options.labels) else set()
    right: set[str] = set()
    for text in reference_texts(reference, where):
        by_text = {label for label, normal in options.normal.items() if normal == _normal(text)}
        label = options.label(plain_text(text).strip("()[]. "))
        found = {label} if label else by_text or _read(text, options)
        if len(found) != 1:
            return set()
        right |= found
    return right


def _normal(text: str) -> str:
    """Return the text of an option in the form in which two are compared."""
    return " ".join(plain_text(text).casefold().rstrip(".。!！ ").split())


def _read(text: str, options: _Options) -> set[str]:
    """Return the choices that an answer names."""
    if len(text) > _LONGEST or is_struck_out(text):
        return set()
    text = plain_text(_LATEX.sub(r" \1", text))
    found = _by_text(text, options)
    if label := _labelled(text, options):
        return found | label
    if found:
        return found
    parts = [part for part in _SEPARATOR.split(text) if part]
    if 1 < len(parts) <= len(options.labels):
        several = [_labelled(part, options) | _by_text(part, options) for part in parts]
        if all(several):
            return set().union(*several)
    return set()


def _labelled(text: str, options: _Options) -> set[str]:
    """Return the choice that `text` names by its label, and those its remainder names besides."""
    match = _LABELLED.fullmatch(plain_text(text))
    if not match:
        return set()
    label = options.label(match["bracketed"] or match["marked"] or match["bare"])
    if label is None:
        return set()
    rest = plain_text(match["rest"])
    if not rest:
        return {label}
    if is_denied(rest):
        return set()
    others = _by_text(rest, options) | _mentions(rest, options)
    if (said := second_thought(rest)) is not None:
        others |= _said(said, options)
    # "C. I and II only" is one choice, "C, D" is two.
    parts = _SEPARATOR.split(rest) if match["bare"] else [rest]
    others |= {other for part in parts if (other := options.label(part.strip("()[]. ")))}
    return {label} | others


def _by_text(text: str, options: _Options) -> set[str]:
    """Return the choices whose option is `text`, as text or else as mathematics."""
    normal = _normal(text)
    found = {label for label, option in options.normal.items() if option == normal}
    if found:
        return found
    return {
        label
        for label, option in options.texts.items()
        if _core.RULES[_core.compare(option, text)][1] == "equal"
    }


def _mentions(text: str, options: _Options) -> set[str]:
    """Return the labels that running text names, in their usual spelling only."""
    words = {next(filter(None, match.groups())) for match in _MENTION.finditer(text)}
    return words & set(options.labels)


def _last_line(answer: Answer, options: _Options) -> tuple[set[str], Answer]:
    """Return the choices that the last line names, and that line."""
    line = answer.text.rpartition("\n")[2].strip()
    end = answer.span[1]
    found = Answer(line, "text", (end - len(line), end))
    if len(line) > _LONGEST or _DENIAL.search(line) or is_struck_out(line):
        return set(), found
    named = _mentions(line, options)
    rest = _MENTION.sub(" ", line).strip(" .:,;-–—*_()")  # London (A) may be two choices
    beside = _MENTION.sub(" one ", _PASSED_OVER.sub(" ", line)) if named else ""
    return named | _standing_alone(beside, options) | _by_text(rest, options), found


def _standing_alone(text: str, options: _Options) -> set[str]:
    """Return the labels in capitals that stand by themselves somewhere in `text`."""
    return {match[1] for match in _STANDING_ALONE.finditer(text)} & set(options.labels)


def _behind(after: str, options: _Options) -> set[str]:
    """Return the choices that the text behind an answer sets beside it, or takes up instead."""
    rest = _TAGS.sub(" ", after).strip(" \n.,:;!?{}$()*_\\")
    found = _read(rest, options) if len(rest) <= _SHORT else set()  # "B\n\nC"
    found |= {match[1] for match in _ASSERTED.finditer(after)} & set(options.labels)
    said = second_thought(after)
    return found if said is None else found | _said(said, options)


def _said(text: str, options: _Options) -> set[str]:
    """Return the choices that a second thought names: "A. No, B", "A or B"."""
    text = plain_text(text).strip(" ,.:;!?{}$()")
    named = _read(text, options) | _mentions(text, options)
    return named if _DENIAL.search(text) else named | _standing_alone(text, options)


#: The reward with its default options.
choice_reward = ChoiceReward()
