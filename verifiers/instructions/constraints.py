"""The 25 kinds of verifiable instructions of IFEval: each a small class, with its definition.

Ids and parameters are those of the public data set. Every check takes linear time.
"""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from ..json_answer import NotJSON, read_json
from ..language import LanguageReward

__all__ = ["CONSTRAINTS", "BadConstraint", "Constraint", "make_constraint"]


class BadConstraint(ValueError):
    """There is no such constraint, or its parameters are not what it takes."""


class Constraint(ABC):
    """An instruction whose observance can be read off the response. A blank response has none.

    The annotations of a subclass are its parameters, and all of them are needed.
    """

    id: ClassVar[str]

    def __init__(self, **parameters: Any) -> None:
        for name, value in parameters.items():
            setattr(self, name, value)
        if problem := self.problem():
            raise BadConstraint(problem)

    def problem(self) -> str | None:
        """Return what is wrong with parameters of the right types."""
        return None

    @abstractmethod
    def holds(self, text: str) -> bool:
        """Return whether a response, which is not blank, follows the instruction."""


#: Every kind, by its id.
CONSTRAINTS: dict[str, type[Constraint]] = {}

Kind = TypeVar("Kind", bound=type[Constraint])


def _kind(name: str) -> Callable[[Kind], Kind]:
    """Enter a class under its id."""

    def enter(kind: Kind) -> Kind:
        kind.id = name
        CONSTRAINTS[name] = kind
        return kind

    return enter


class Relation(str):
    """`less than` or `at least`, and never any other comparison."""

    def compare(self, found: int, wanted: int) -> bool:
        """Return whether `found` stands in this relation to `wanted`."""
        return found < wanted if self == "less than" else found >= wanted


# ---- keywords ------------------------------------------------------------------------------------


@_kind("keywords:existence")
class Keywords(Constraint):
    """Every keyword occurs, in any case, also inside a longer word."""

    keywords: list[str]

    def holds(self, text: str) -> bool:
        text = text.lower()
        return all(keyword.lower() in text for keyword in self.keywords)


@_kind("keywords:frequency")
class KeywordFrequency(Constraint):
    """The keyword occurs so often, in any case, also inside a longer word."""

    keyword: str
    frequency: int
    relation: Relation

    def holds(self, text: str) -> bool:
        found = text.lower().count(self.keyword.strip().lower())
        return self.relation.compare(found, self.frequency)


@_kind("keywords:forbidden_words")
class ForbiddenWords(Constraint):
    """None of the words occurs as a word of its own, in any case."""

    forbidden_words: list[str]

    def holds(self, text: str) -> bool:
        return not any(
            re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)
            for word in self.forbidden_words
        )


@_kind("keywords:letter_frequency")
class LetterFrequency(Constraint):
    """The letter, or other character, occurs so often, in either case."""

    letter: str
    let_frequency: int
    let_relation: Relation

    def problem(self) -> str | None:
        if len(self.letter.strip()) != 1:
            return f"letter must be one character, got {self.letter!r}"
        return None

    def holds(self, text: str) -> bool:
        found = text.lower().count(self.letter.strip().lower())
        return self.let_relation.compare(found, self.let_frequency)


# ---- language ------------------------------------------------------------------------------------

#: Which share of the words must be in the language: names and terms are often in another.
LANGUAGE_SHARE = 0.8


def _is_in(text: str, language: str) -> bool:
    share = LanguageReward(language, scheme=None).judge([text], [language])[0].reward
    return share is not None and share >= LANGUAGE_SHARE


@_kind("language:response_language")
class ResponseLanguage(Constraint):
    """Four of five words or more are in the language."""

    language: str

    def problem(self) -> str | None:
        try:
            LanguageReward(self.language)
        except ValueError as error:
            return str(error)
        return None

    def holds(self, text: str) -> bool:
        return _is_in(text, self.language)


# ---- length --------------------------------------------------------------------------------------

_ENDS = re.compile(r"[.!?]+|[。！？]+|\n[ \t]*\n")
_CLOSERS = re.compile(r"[\"'”’)\]*_」』）]*")
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st sr jr vs etc e.g i.e cf no fig inc ltd co corp approx dept est u.s u.k "
    "a.m p.m ph.d jan feb mar apr jun jul aug sep sept oct nov dec".split()
)


def count_sentences(text: str) -> int:
    """Return how many sentences there are.

    A sentence ends with `.`, `!` or `?` before white space, with their full-width forms, or with
    its paragraph, and holds a letter or a digit. The point of an abbreviation or an initial ends
    none.

    >>> count_sentences("Dr. J. Smith paid 3.50. Really? Yes...")
    3
    """
    count = start = 0
    for end in _ENDS.finditer(text):
        closers = _CLOSERS.match(text, end.end())
        stop = closers.end() if closers else end.end()
        if end[0][0] in ".!?" and not text[stop : stop + 1].isspace() and stop < len(text):
            continue
        if end[0] == "." and _is_abbreviated(text[max(start, end.start() - 12) : end.start()]):
            continue
        count += _has_word(text, start, end.start())
        start = stop
    return count + _has_word(text, start, len(text))


def _is_abbreviated(before: str) -> bool:
    word = before.split()[-1].lstrip("(\"'“‘*_").lower() if before.strip() else ""
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i")


_WORD = re.compile(r"\w")


def _has_word(text: str, start: int, end: int) -> bool:
    return _WORD.search(text, start, end) is not None


@_kind("length_constraints:number_sentences")
class NumberOfSentences(Constraint):
    """There are so many sentences."""

    num_sentences: int
    relation: Relation

    def holds(self, text: str) -> bool:
        return self.relation.compare(count_sentences(text), self.num_sentences)


@_kind("length_constraints:number_words")
class NumberOfWords(Constraint):
    """There are so many words: runs of letters, digits and underscores."""

    num_words: int
    relation: Relation

    def holds(self, text: str) -> bool:
        return self.relation.compare(len(re.findall(r"\w+", text)), self.num_words)


@_kind("length_constraints:number_paragraphs")
class NumberOfParagraphs(Constraint):
    """There are exactly so many paragraphs between `***` dividers, and none of them is blank."""

    num_paragraphs: int

    def holds(self, text: str) -> bool:
        paragraphs = [paragraph.strip() for paragraph in text.split("***")]
        inner = paragraphs[not paragraphs[0] : len(paragraphs) - (not paragraphs[-1])]
        return all(inner) and len(inner) == self.num_paragraphs


@_kind("length_constraints:nth_paragraph_first_word")
class ParagraphFirstWord(Constraint):
    """There are exactly so many paragraphs between blank lines, and one begins with the word."""

    num_paragraphs: int
    nth_paragraph: int
    first_word: str

    def holds(self, text: str) -> bool:
        paragraphs = [paragraph for paragraph in text.split("\n\n") if paragraph.strip()]
        if len(paragraphs) != self.num_paragraphs or not 0 < self.nth_paragraph <= len(paragraphs):
            return False
        word = paragraphs[self.nth_paragraph - 1].split()[0].lstrip("'\"")
        return re.split(r"[.,?!'\"]", word)[0].lower() == self.first_word.lower()


# ---- content -------------------------------------------------------------------------------------


@_kind("detectable_content:number_placeholders")
class Placeholders(Constraint):
    """There are at least so many pairs of square brackets, each within one line."""

    num_placeholders: int

    def holds(self, text: str) -> bool:
        return sum(map(_brackets, text.split("\n"))) >= self.num_placeholders


def _brackets(line: str) -> int:
    count, at = 0, line.find("[")
    while at >= 0 and (end := line.find("]", at + 1)) >= 0:
        count, at = count + 1, line.find("[", end + 1)
    return count


_POSTSCRIPTS = {"P.S.": r"p\.\s?s\.", "P.P.S": r"p\.\s?p\.\s?s"}


@_kind("detectable_content:postscript")
class Postscript(Constraint):
    """The marker of a postscript occurs; `P.S.` and `P.P.S` may have spaces inside."""

    postscript_marker: str

    def holds(self, text: str) -> bool:
        marker = self.postscript_marker.strip()
        pattern = _POSTSCRIPTS.get(marker, re.escape(marker.lower()))
        return re.search(pattern, text.lower()) is not None


# ---- format --------------------------------------------------------------------------------------


@_kind("detectable_format:number_bullet_lists")
class BulletPoints(Constraint):
    """There are exactly so many lines that begin with `-`, or with `*` and not with `**`."""

    num_bullets: int

    def holds(self, text: str) -> bool:
        lines = [line.strip() for line in text.split("\n")]
        found = sum(
            line.startswith("-") or (line.startswith("*") and line[1:2] not in ("", "*"))
            for line in lines
        )
        return found == self.num_bullets


@_kind("detectable_format:constrained_response")
class ConstrainedResponse(Constraint):
    """One of `My answer is yes.`, `My answer is no.` and `My answer is maybe.` occurs, just one."""

    def holds(self, text: str) -> bool:
        return sum(f"My answer is {word}." in text for word in ("yes", "no", "maybe")) == 1


@_kind("detectable_format:number_highlighted_sections")
class Highlights(Constraint):
    """At least so many stretches of text within a line stand between `*` and `*`, or `**`."""

    num_highlights: int

    def holds(self, text: str) -> bool:
        found = sum(
            bool(piece.strip("*").strip())
            for pattern in (r"\*[^\n*]*\*", r"\*\*[^\n*]*\*\*")
            for piece in re.findall(pattern, text)
        )
        return found >= self.num_highlights


@_kind("detectable_format:multiple_sections")
class Sections(Constraint):
    """The word that begins a section is followed by a number, at least so often."""

    section_spliter: str
    num_sections: int

    def holds(self, text: str) -> bool:
        found = re.findall(rf"{re.escape(self.section_spliter.strip())}\s?\d+", text)
        return len(found) >= self.num_sections


@_kind("detectable_format:json_format")
class JSONFormat(Constraint):
    """The response is JSON, and may be in a code fence."""

    def holds(self, text: str) -> bool:
        text = re.sub(r"^```(?:json)?", "", text.strip(), flags=re.IGNORECASE).removesuffix("```")
        try:
            read_json(text.strip())
        except NotJSON:
            return False
        return True


@_kind("detectable_format:title")
class Title(Constraint):
    """Something stands between `<<` and `>>` within a line."""

    def holds(self, text: str) -> bool:
        return any(map(_is_titled, text.split("\n")))


def _is_titled(line: str) -> bool:
    start, end = line.find("<<"), line.rfind(">>")
    return start >= 0 and bool(line[start : max(start, end)].lstrip("<").rstrip(">").strip())


# ---- combinations --------------------------------------------------------------------------------


@_kind("combination:two_responses")
class TwoResponses(Constraint):
    """Two different responses are separated by `******`; no part between separators is blank."""

    def holds(self, text: str) -> bool:
        parts = [part.strip() for part in text.split("******")]
        inner = parts[not parts[0] : len(parts) - (not parts[-1])]
        return all(inner) and len(inner) == 2 and inner[0] != inner[1]


@_kind("combination:repeat_prompt")
class RepeatPrompt(Constraint):
    """The response begins with the request, in any case."""

    prompt_to_repeat: str

    def holds(self, text: str) -> bool:
        return text.strip().lower().startswith(self.prompt_to_repeat.strip().lower())


# ---- beginning and end ---------------------------------------------------------------------------


@_kind("startend:end_checker")
class EndPhrase(Constraint):
    """The response ends with the phrase, in any case; a closing quotation mark may follow."""

    end_phrase: str

    def holds(self, text: str) -> bool:
        return text.strip().strip('"').lower().endswith(self.end_phrase.strip().lower())


@_kind("startend:quotation")
class Quotation(Constraint):
    """The response stands in double quotation marks, and is not blank."""

    def holds(self, text: str) -> bool:
        text = text.strip()
        return text[:1] == text[-1:] == '"' and bool(text[1:-1].strip())


# ---- case and punctuation ------------------------------------------------------------------------


@_kind("change_case:capital_word_frequency")
class CapitalWords(Constraint):
    """So many words are in capital letters; what hyphens and apostrophes join is one word."""

    capital_frequency: int
    capital_relation: Relation

    def holds(self, text: str) -> bool:
        words = re.findall(r"[^\W_]+(?:[-'’][^\W_]+)*", text)
        return self.capital_relation.compare(
            sum(word.isupper() for word in words), self.capital_frequency
        )


@_kind("change_case:english_capital")
class EnglishCapital(Constraint):
    """The response is in English, and has no small letter."""

    def holds(self, text: str) -> bool:
        return text.isupper() and _is_in(text.lower(), "en")  # "HELLO" is a word, and no label


@_kind("change_case:english_lowercase")
class EnglishLowercase(Constraint):
    """The response is in English, and has no capital letter."""

    def holds(self, text: str) -> bool:
        return text.islower() and _is_in(text, "en")


@_kind("punctuation:no_comma")
class NoComma(Constraint):
    """There is no comma, of whatever script."""

    def holds(self, text: str) -> bool:
        return not re.search("[,，、،﹐﹑､︐︑՝߸፣᠂᠈⸲⸴⹁]", text)


# ---- from a row of the data set ------------------------------------------------------------------


def make_constraint(name: str, parameters: Mapping[str, Any]) -> Constraint:
    """Return the constraint of a row.

    Args:
        name: its id, such as `keywords:existence`.
        parameters: its parameters by name; those that are `None` are taken to be absent.

    Raises:
        BadConstraint: if there is no such constraint, or a parameter is missing, unknown or of
            another kind.

    >>> make_constraint("punctuation:no_comma", {}).holds("Well, no.")
    False
    """
    if not isinstance(name, str) or name not in CONSTRAINTS:
        raise BadConstraint(f"there is no instruction {name!r}")
    if not isinstance(parameters, Mapping):
        raise BadConstraint(f"the parameters of {name} are no mapping, but {parameters!r}"[:200])
    kind = CONSTRAINTS[name]
    given = {key: value for key, value in parameters.items() if value is not None}
    wanted: dict[str, str] = inspect.get_annotations(kind)
    if given.keys() != wanted.keys():
        raise BadConstraint(
            f"{name} takes {', '.join(wanted) or 'no parameters'}, got {', '.join(given) or 'none'}"
        )
    try:
        return kind(**{key: _READERS[wanted[key]](value) for key, value in given.items()})
    except (TypeError, ValueError, OverflowError) as error:
        raise BadConstraint(f"{name}: {error}") from None


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise TypeError(f"{value!r} is no whole number")
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError(f"{value!r} is no text")
    return value


def _texts(value: Any) -> list[str]:
    if isinstance(value, str) or not hasattr(value, "__len__") or not len(value):
        raise TypeError(f"{value!r} is no list of texts")
    return [_text(item) for item in value]


def _relation(value: Any) -> Relation:
    if value not in ("less than", "at least"):
        raise TypeError(f"a relation is 'less than' or 'at least', not {value!r}")
    return Relation(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "int": _whole,
    "str": _text,
    "list[str]": _texts,
    "Relation": _relation,
}
