"""How model families mark thinking and answer."""

from __future__ import annotations

from dataclasses import dataclass

from .answer import Opening, check_opening

__all__ = ["SCHEMES", "TURN_ENDS", "Scheme", "get_scheme"]

#: Marks with which models end their turn; they may stand at the end of a completion.
TURN_ENDS = (
    "<|im_end|>",
    "<|endoftext|>",
    "</s>",
    "<|eot_id|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<｜end▁of▁sentence｜>",
    "<｜end▁of▁turn｜>",
)

#: What the C core takes: tags, turn ends, whether the opening tag stands in the prompt.
NativeScheme = tuple[tuple[str, str, str, str], tuple[str, ...], bool]


@dataclass(frozen=True, slots=True)
class Scheme:
    """The tags between which a model thinks and answers.

    Args:
        name: what it is called in messages.
        thinking_opening, thinking_closing: the tags around the thinking.
        answer_opening, answer_closing: the tags around the answer. Without them the answer is all
            that follows the thinking; without the closing one it goes on to the end.
        opening: where the opening thinking tag stands: `"prompt"` if the chat template writes it.
        turn_ends: marks that may stand at the end of the completion, and nowhere else.

    Raises:
        ValueError: if a tag is missing, or is part of another one.

    >>> Scheme("mine", "<reason>", "</reason>", "<final>", "</final>").answer_opening
    '<final>'
    >>> Scheme("mine", "<think>", "")
    Traceback (most recent call last):
    ...
    ValueError: scheme 'mine': the thinking needs an opening and a closing tag
    """

    name: str
    thinking_opening: str
    thinking_closing: str
    answer_opening: str = ""
    answer_closing: str = ""
    opening: Opening = "completion"
    turn_ends: tuple[str, ...] = TURN_ENDS

    def __post_init__(self) -> None:
        where = f"scheme {self.name!r}"
        tags = [tag for tag in self.tags if tag]
        if not (self.thinking_opening and self.thinking_closing):
            raise ValueError(f"{where}: the thinking needs an opening and a closing tag")
        if self.answer_closing and not self.answer_opening:
            raise ValueError(f"{where}: the answer has a closing tag, but no opening one")
        check_opening(self.opening)
        marks = [*tags, *self.turn_ends]
        if not all(mark.strip() for mark in marks):
            raise ValueError(f"{where}: a tag must not be blank")
        if len(self.turn_ends) > 24:
            raise ValueError(f"{where}: at most 24 turn ends")
        for index, tag in enumerate(tags):
            for other in tags[index + 1 :] + list(self.turn_ends):
                if tag in other or other in tag:
                    raise ValueError(f"{where}: {tag!r} and {other!r} cannot be told apart")

    @property
    def tags(self) -> tuple[str, str, str, str]:
        """The four tags, in order; an empty text where there is none."""
        return (
            self.thinking_opening,
            self.thinking_closing,
            self.answer_opening,
            self.answer_closing,
        )

    def native(
        self, opening: Opening | None = None, turn_ends: tuple[str, ...] = ()
    ) -> NativeScheme:
        """Return the scheme as data for the C core, with further `turn_ends`."""
        ends = dict.fromkeys(self.turn_ends + turn_ends)
        return self.tags, tuple(ends), (opening or self.opening) == "prompt"


#: The known schemes, by name.
SCHEMES = {
    scheme.name: scheme
    for scheme in (
        # DeepSeek-R1 and most that came after it.
        Scheme("think", "<think>", "</think>"),
        # The prompt of R1-Zero, and open-r1.
        Scheme("think_answer", "<think>", "</think>", "<answer>", "</answer>"),
        # Qwen3: as `think`; the 2507 models get the opening tag from their template.
        Scheme("qwen3", "<think>", "</think>"),
        # gpt-oss; a message to a tool is no answer, so it is text outside.
        Scheme(
            "harmony",
            "<|channel|>analysis<|message|>",
            "<|end|>",
            "<|start|>assistant<|channel|>final<|message|>",
            turn_ends=("<|return|>", "<|endoftext|>"),
        ),
        Scheme("magistral", "[THINK]", "[/THINK]"),
    )
}


def get_scheme(scheme: str | Scheme) -> Scheme:
    """Return a scheme by its name, or the one given.

    Raises:
        TypeError: if it is neither text nor a `Scheme`.
        ValueError: if there is no scheme of that name.

    >>> get_scheme("magistral").thinking_opening
    '[THINK]'
    >>> get_scheme("cot")
    Traceback (most recent call last):
    ...
    ValueError: no scheme 'cot': use think, think_answer, qwen3, harmony, magistral, or make one: \
Scheme('cot', '<opening>', '</closing>')
    """
    if isinstance(scheme, Scheme):
        return scheme
    if not isinstance(scheme, str):
        raise TypeError(f"scheme must be a name or a Scheme, got {type(scheme).__name__}")
    if scheme not in SCHEMES:
        raise ValueError(
            f"no scheme {scheme!r}: use {', '.join(SCHEMES)}, "
            f"or make one: Scheme({scheme!r}, '<opening>', '</closing>')"
        )
    return SCHEMES[scheme]
