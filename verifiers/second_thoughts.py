"""What stands behind an answer and takes it back, or sets another one beside it."""

from __future__ import annotations

import re

__all__ = ["is_denied", "is_struck_out", "is_taken_back", "second_thought"]

_MARKS = r"(?:\\[a-z]+|</\w+>|[\W_]){0,20}"

#: Words with which somebody thinks again; what they then say follows.
_AGAIN = (
    r"no|wait|actually|sorry|oops|h+m+|hold\ on|correction|rather(?!\ than)|instead(?!\ of)"
    r"|scratch\ that|strike\ that|never\ mind|just\ kidding|on\ second\ thoughts?|i\ mean"
    r"|i\ changed\ my\ mind|i\ was\ wrong|i\ take\ (?:that|it)\ back"
)
_BESIDE = r"or|alternatively"
_PERHAPS = r"maybe|perhaps|possibly"
_CHINESE = r"不对|不是|不[，,]|等等|更正|或者?|还是|应该是"

_SECOND_THOUGHT = re.compile(
    rf"{_MARKS}(?:(?:(?:{_AGAIN}|{_BESIDE}|{_PERHAPS}|but|though|however|unless)\b|{_CHINESE}|→|(?<=\\)to\b)"
    r"\W{0,5}){1,5}(?P<rest>[^\n]{0,100})",
    re.IGNORECASE,
)
_DENIED = (
    r"(?:(?:but|and)\s+)?(?:which|that|this|it)(?:\s+(?:is|was)|'s)\s+"
    r"(?:wrong|incorrect|false|untrue|a\ (?:lie|mistake|trap)"
    r"|not\s+(?:right|correct|true|the\s+answer))\b"
)
_TAKEN_BACK = re.compile(
    rf"{_MARKS}(?:(?:{_AGAIN})\s*(?:[,.:;!…—–-]+\s*\w|\bit\b|\bthat\b)|(?:{_BESIDE})\b|{_CHINESE}|{_DENIED})"
    rf"|(?:</\w+>|[^\w.!?。\n]){{0,5}}(?:{_PERHAPS})\b",
    re.IGNORECASE,
)
_DENIED_BEHIND = re.compile(_MARKS + _DENIED, re.IGNORECASE)
_STRUCK_OUT = re.compile(r"~~|<(?:s|del|strike)>|\\(?:[bx]?cancel|sout|st)\b")


def second_thought(after: str) -> str | None:
    """Return what is said, behind an answer, after words such as "no, wait" or "or".

    >>> second_thought(". Hold on, C."), second_thought(" because A is wrong")
    ('C.', None)
    """
    match = _SECOND_THOUGHT.match(after)
    return match["rest"] if match else None


def is_taken_back(after: str) -> bool:
    """Return whether the text behind an answer denies it, or turns to another one.

    >>> is_taken_back(". No, Poe."), is_taken_back(", which is wrong."), is_taken_back(". Good.")
    (True, True, False)
    """
    return _TAKEN_BACK.match(after) is not None


def is_denied(after: str) -> bool:
    """Return whether the text behind an answer says that it is wrong.

    >>> is_denied(". That is wrong."), is_denied(". That is right.")
    (True, False)
    """
    return _DENIED_BEHIND.match(after) is not None


def is_struck_out(text: str) -> bool:
    """Return whether something in `text` is crossed out, in Markdown, HTML or LaTeX.

    >>> is_struck_out("~~B~~ C"), is_struck_out("about ~5")
    (True, False)
    """
    return _STRUCK_OUT.search(text) is not None
