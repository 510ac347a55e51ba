"""Where the answer stands, for the rewards that judge text rather than mathematics."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Literal, NamedTuple

from . import _core
from .verdict import Status, Verdict

__all__ = [
    "MISSING_RULES",
    "Answer",
    "check_opening",
    "find_answer",
    "missing_answer",
    "plain_text",
    "reference_texts",
]

#: Where the opening thinking tag stands.
Opening = Literal["completion", "prompt"]

_MISSING = {
    "empty": "no_text",
    "thinking": "unfinished_thinking",
    "unclosed": "unclosed_answer",
    "blank": "blank_answer",
    "nothing": "no_answer_found",
}

#: Why there is no answer, for whatever reward looks for one.
MISSING_RULES = {
    name: sentence for name, _, sentence in _core.RULES if name in set(_MISSING.values())
}

_ANSWER_TAG = re.compile(r"<answer>((?:(?!</?answer>).)*)</answer>", re.DOTALL)


class Answer(NamedTuple):
    """The text to be judged, how it was found, and where it stands in the completion.

    `origin` is `box`, `tag`, `phrase` or `whole`, as in a math verdict, or `text`: all that stands
    between the thinking and the end of the turn, because none of these was there.
    """

    text: str
    origin: str
    span: tuple[int, int]

    @property
    def facts(self) -> dict[str, Any]:
        """The fields of a verdict that say what was judged."""
        return {"extracted": self.text, "extracted_from": self.origin, "span": self.span}


def check_opening(opening: Opening) -> Opening:
    """Return the option `opening` of a reward.

    Raises:
        ValueError: if it is neither `"completion"` nor `"prompt"`.
    """
    if opening not in ("completion", "prompt"):
        raise ValueError(f"opening must be 'completion' or 'prompt', got {opening!r}")
    return opening


def find_answer(completion: str, opening: Opening = "completion") -> Answer | Verdict:
    """Return the answer of `completion`, or the verdict on one that has none.

    >>> find_answer("<think>A? B!</think> The answer is **B**.")
    Answer(text='B', origin='phrase', span=(37, 38))
    >>> find_answer("<think>Paris").rule
    'unfinished_thinking'
    """
    in_prompt = opening == "prompt"
    origin, start, end, text, missing = _core.extract(completion, opening_in_prompt=in_prompt)
    if origin in ("box", "phrase", "whole"):
        assert text is not None
        assert start is not None
        assert end is not None
        return Answer(text, origin, (start, end))
    if missing not in (None, "nothing"):
        return missing_answer(missing)
    part = _core.final_part(completion, opening_in_prompt=in_prompt)
    assert part is not None, "unfinished thinking was reported above"
    tags = list(_ANSWER_TAG.finditer(completion, *part))
    if tags:
        texts = dict.fromkeys(tag[1].strip() for tag in tags)  # several are one list, as boxes are
        if not all(texts):
            return missing_answer("blank")
        return Answer(", ".join(texts), "tag", (tags[0].start(1), tags[-1].end(1)))
    found = completion[slice(*part)]
    text = found.strip()
    if not text:
        return missing_answer("empty")
    start = part[0] + found.index(text)
    return Answer(text, "text", (start, start + len(text)))


def missing_answer(missing: str) -> Verdict:
    """Return the verdict on a completion without an answer; `missing` as the C core names it."""
    rule = _MISSING[missing]
    return Verdict(Status.NO_ANSWER, 0.0, rule=rule, reason=MISSING_RULES[rule])


#: Longer text is never a bare answer, and some of it takes for ever to normalise.
_LONGEST = 4096
_MOST_LAYERS = 8

_COMMAND = re.compile(
    r"(?:\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathbb|mathit|mathsf|bf|rm|emph)\s*)?"
    r"\{([^{}]*)\}"
)
_PAIRS = (("$", "$"), ("\\(", "\\)"), ('"', '"'), ("“", "”"), ("'", "'"), ("‘", "’"))


def plain_text(text: str) -> str:
    r"""Return an answer without what LaTeX and Markdown put around it, in normal Unicode form.

    >>> plain_text("$\\text{**B**}$"), plain_text("（Ｂ）"), plain_text("\\mathbf{x}y")
    ('B', '(B)', '\\mathbf{x}y')
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return text
    text = unicodedata.normalize("NFKC", text)
    for _ in range(_MOST_LAYERS):
        inner = _unwrapped(text).strip()
        if inner == text:
            break
        text = inner
    return text


def _unwrapped(text: str) -> str:
    if command := _COMMAND.fullmatch(text):
        return command[1]
    for mark in "*_`":
        layers = min(len(text) - len(text.lstrip(mark)), len(text) - len(text.rstrip(mark)))
        if layers and len(text) > 2 * layers:
            return text[layers:-layers]
    for opening, closing in _PAIRS:
        inside = text[len(opening) : len(text) - len(closing)]
        if text == opening + inside + closing and opening not in inside:
            return inside
    return text


def reference_texts(reference: Any, where: str) -> list[str]:
    """Return the acceptable texts of a reference: text, a number, a list of them, or `None`.

    Raises:
        TypeError: if it is anything else; the message starts with `where`.
    """
    if isinstance(reference, str):
        return [reference]
    if reference is None:
        return []
    if isinstance(reference, (int, float)) and not isinstance(reference, bool):
        return [repr(reference)]
    if isinstance(reference, (list, tuple)):
        texts = []
        for index, item in enumerate(reference):
            if isinstance(item, (list, tuple)):
                raise TypeError(f"{where}[{index}] must be text or a number, got a list")
            texts += reference_texts(item, f"{where}[{index}]")
        return texts
    raise TypeError(
        f"{where} must be text, a number, a list of texts or None, got {type(reference).__name__}"
    )
