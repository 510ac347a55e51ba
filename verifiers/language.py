"""The language consistency reward of DeepSeek-R1: is the thinking in the language asked for?"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from . import _core
from .answer import Opening, check_opening
from .completion import Completion
from .graded import graded
from .reward import Reward, completion_texts, text_list
from .schemes import NativeScheme, Scheme, get_scheme
from .threads import check_threads, thread_count
from .verdict import Status, Verdict

__all__ = ["RULES", "LanguageReward", "Word", "language_reward", "words"]

#: Every rule that can decide, and the sentence that explains it.
RULES = {
    "target_only": "every word is in the language asked for",
    "mixed": "some words are in the language asked for",
    "other_only": "no word is in the language asked for",
    "no_words": "the thinking holds no words",
    "no_thinking": "there is no thinking",
    "no_language": "there is no language to compare with",
}

#: Languages that have their script to themselves, as far as this reward is concerned.
_OWN_SCRIPT = {
    "zh": "Han", "ja": "Japanese", "ko": "Hangul", "el": "Greek", "hy": "Armenian",
    "ka": "Georgian", "he": "Hebrew", "yi": "Hebrew", "bn": "Bengali", "as": "Bengali",
    "pa": "Gurmukhi", "gu": "Gujarati", "or": "Oriya", "ta": "Tamil", "te": "Telugu",
    "kn": "Kannada", "ml": "Malayalam", "si": "Sinhala", "th": "Thai", "lo": "Lao",
    "km": "Khmer", "my": "Myanmar", "bo": "Tibetan", "am": "Ethiopic", "ti": "Ethiopic",
}  # fmt: skip

#: Languages that share a script, and that the identifier knows.
_SHARED_SCRIPT = {
    "Latin": "af az bs ca ceb co cs cy da de en eo es et eu fi fil fr fy ga gd gl ha haw hr ht hu "
    "id ig is it jv ku lb lt lv mg mi ms mt nl no ny pl pt ro sk sl sm sn so sq st su sv sw tr uz "
    "vi xh yo zu",
    "Cyrillic": "be bg kk ky mk mn ru sr tg uk",
    "Arabic": "ar fa ps sd ur",
    "Devanagari": "hi mr ne",
}

_SCRIPT = _OWN_SCRIPT | {
    language: script for script, all in _SHARED_SCRIPT.items() for language in all.split()
}

_ALIASES = {"nb": "no", "nn": "no", "iw": "he", "tl": "fil", "jw": "jv", "in": "id", "ji": "yi"}

#: Shorter spans tell little about their language: they are identified with the next one.
LEAST_LETTERS = 24

_INSTALL = (
    "telling languages of one script apart needs an identifier: "
    "pip install 'rlvr-verifiers[language]'; or compare scripts alone with identify=False"
)


class Word(NamedTuple):
    """A word of a chain of thought: where it stands, its script, and how many words it counts as.

    Thai, Lao, Khmer and Burmese are written without spaces; a run of theirs counts as a word for
    every four letters begun.
    """

    start: int
    end: int
    script: str
    weight: int


def words(text: str) -> list[Word]:
    """Return the words of `text` that the language reward counts.

    Code, formulas, URLs, e-mail addresses, numbers, variables and quoted names are no words.

    >>> text = "First 先算 $x^2$ and `code`"
    >>> [text[word.start : word.end] for word in words(text)]
    ['First', '先', '算', 'and']
    """
    return [
        Word(start, end, _core.SCRIPTS[script], weight)
        for start, end, script, weight, _ in _core.words(text)
    ]


class _Target(NamedTuple):
    """What a chain of thought should be written in."""

    name: str  # a language, or a script where no language is told apart
    script: str
    identify: bool  # whether the words of the script are given to the identifier


class _Chain(NamedTuple):
    """One chain of thought: where it stands, and how many words are in which language."""

    span: tuple[int, int] | None  # None: there is none
    shares: Mapping[str, int]  # by script, and by language where those are identified

    def share(self, target: _Target) -> tuple[int, int]:
        """Return how many words are in the target, and how many there are."""
        wanted = target.name if target.identify else target.script
        return self.shares.get(wanted, 0), sum(self.shares.values())


class LanguageReward(Reward):
    """The share of the words of the thinking that are in the language asked for.

    Words are told apart by their script. That settles languages with a script of their own, and
    English against Chinese, which is what DeepSeek-R1 used it for; other languages that share a
    script need an identifier, which judges sentence by sentence.

    Args:
        language: an ISO 639-1 code such as `en`, for all completions; `"prompt"` for the language
            that each prompt is written in; or `None`: the keyword or column `language` of the call
            if there is one, a code for all or one per row, and else English.
        scheme: where the thinking stands: the name of a scheme, a `Scheme`, or `None` if all of the
            completion is thinking.
        opening: where the opening thinking tag stands; by default as in the scheme.
        identify: whether to identify languages that share a script. `True`: always; `False`:
            never, so that any language of the script passes. By default English goes by its script,
            and all others, and prompts, are identified.
        threads: threads for a batch; by default one per usable core, up to eight.
        name: what trainers log it as.
        column: the column that `language=None` reads.

    Returns:
        A number in [0, 1]; 0.0 where there is no thinking, or no word in it. `None` for a row
        without a language: one that is `None`, or a prompt without words.

    Raises:
        ValueError: for a language it does not know.
        ImportError: if an identifier is needed and not installed; the message says how to install.

    >>> chains = ["<think>First we add</think>4", "<think>先 add 两数</think>4", "4"]
    >>> language_reward(chains, language="en")
    [1.0, 0.25, 0.0]
    >>> language_reward(chains, language=["zh", "zh", "zh"])
    [0.0, 0.75, 0.0]
    >>> language_reward.verdicts(chains[1:], language="zh")[0].reason
    '3 of 4 words are zh (Han); Latin 1'
    """

    default_name = "language_reward"

    def __init__(
        self,
        language: str | None = None,
        *,
        scheme: str | Scheme | None = "think",
        opening: Opening | None = None,
        identify: bool | None = None,
        threads: int | None = None,
        name: str | None = None,
        column: str = "language",
    ) -> None:
        super().__init__(name=name, column=column)
        self.scheme = None if scheme is None else get_scheme(scheme)
        self.opening = None if opening is None else check_opening(opening)
        if identify not in (None, True, False):
            raise ValueError(f"identify must be True, False or None, got {identify!r}")
        self.identify = identify
        self.threads = check_threads(threads)
        self.language = language
        if language is not None and language != "prompt":
            target = self._target(language, "language")
            if target is not None and target.identify:
                _identifier()  # what is missing should show now, not at the first step of training

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Return one reward per completion, without making verdicts."""
        texts = completion_texts(completions)
        targets = self._targets(len(texts), columns)
        if any(target is not None and target.identify for target in targets):
            chains = self._chains(texts, targets)
        else:
            chains = [
                _Chain(None, _titled(counts or ()))
                for counts in _core.count_words(
                    texts, self._native(), threads=self._threads(texts), counts_only=True
                )
            ]
        return [
            None if target is None else _reward(*chain.share(target))
            for chain, target in zip(chains, targets, strict=True)
        ]

    def verdicts(self, completions: Sequence[Any], **columns: Any) -> list[Verdict]:
        texts = completion_texts(completions)
        return self._judge(texts, self._targets(len(texts), columns))

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        """Judge texts against languages."""
        targets = [self._target(code, f"references[{i}]") for i, code in enumerate(references)]
        return self._judge(completions, targets)

    # ---- the language asked for ----------------------------------------------------------------

    def _targets(self, count: int, columns: Mapping[str, Any]) -> list[_Target | None]:
        if self.language == "prompt":
            return self._prompt_targets(count, columns)
        name = self.column or "language"
        given: Any = self.language
        if given is None:
            given = columns.get(name)
            if given is None and name == "language":
                given = "en"
        if given is None:
            present = ", ".join(columns) or "none"
            raise TypeError(f"no column {name!r}; columns present: {present}")
        if isinstance(given, str):
            return [self._target(given, name)] * count
        if not hasattr(given, "__len__"):
            raise TypeError(f"{name} must be a code, or a list of them, got {type(given).__name__}")
        if len(given) != count:
            raise ValueError(f"{name} has {len(given)} languages for {count} completions")
        return [self._target(code, f"{name}[{i}]") for i, code in enumerate(text_list(given))]

    def _target(self, code: Any, where: str) -> _Target | None:
        if code is None:
            return None
        if not isinstance(code, str):
            raise TypeError(f"{where} must be a language code, got {type(code).__name__}")
        language = _normal(code)
        if language not in _SCRIPT:
            raise ValueError(
                f"{where}: no language {code!r}; use an ISO 639-1 code such as en, zh or fr"
            )
        identify = self.identify
        if identify is None:
            identify = language != "en"
        return _Target(language, _SCRIPT[language], identify and language not in _OWN_SCRIPT)

    def _prompt_targets(self, count: int, columns: Mapping[str, Any]) -> list[_Target | None]:
        prompts = columns.get("prompts")
        if prompts is None:
            present = ", ".join(columns) or "none"
            raise TypeError(f"language='prompt' needs the column prompts; columns: {present}")
        if isinstance(prompts, str) or not hasattr(prompts, "__len__"):
            raise TypeError(f"prompts must be a list, got {type(prompts).__name__}")
        if len(prompts) != count:
            raise ValueError(f"prompts has {len(prompts)} rows for {count} completions")
        texts = [_prompt_text(prompt, f"prompts[{i}]") for i, prompt in enumerate(prompts)]
        found: dict[str, _Target | None] = {}  # the completions of a group share their prompt
        for text in texts:
            if text not in found:
                found[text] = self._prompt_target(text)
        return [found[text] for text in texts]

    def _prompt_target(self, prompt: str) -> _Target | None:
        counted = _core.count_words([prompt], None)[0]
        if counted is None or not counted[2]:
            return None
        script = _core.SCRIPTS[max(counted[2], key=lambda entry: entry[1])[0]]
        for language, own in _OWN_SCRIPT.items():
            if own == script:
                return _Target(language, script, False)
        if self.identify is False or script not in _SHARED_SCRIPT:
            return _Target(f"the {script} script", script, False)
        identified = _identify(prompt, script)
        return _Target(max(identified, key=lambda name: identified[name]), script, True)

    # ---- judging -------------------------------------------------------------------------------

    def _native(self) -> NativeScheme | None:
        return None if self.scheme is None else self.scheme.native(self.opening)

    def _threads(self, texts: Sequence[str]) -> int:
        return thread_count(self.threads, len(texts))

    def _judge(
        self, completions: Sequence[str], targets: Sequence[_Target | None]
    ) -> list[Verdict]:
        chains = self._chains(completions, targets)
        return [_verdict(*pair) for pair in zip(chains, targets, strict=True)]

    def _chains(
        self, completions: Sequence[str], targets: Sequence[_Target | None]
    ) -> list[_Chain]:
        counted = _core.count_words(completions, self._native(), threads=self._threads(completions))
        texts: Sequence[str] = completions
        if any(target is not None and target.identify for target in targets):
            texts = text_list(completions)
        chains = []
        for index, (found, target) in enumerate(zip(counted, targets, strict=True)):
            if found is None:
                chains.append(_Chain(None, {}))
                continue
            start, end, counts = found
            shares = _titled(counts)
            if target is not None and target.identify and shares.pop(target.script, 0):
                shares |= _identify(texts[index][start:end], target.script)
            chains.append(_Chain((start, end), shares))
        return chains


def _titled(counts: Iterable[tuple[int, int]]) -> dict[str, int]:
    return {_core.SCRIPTS[script]: count for script, count in counts}


def _reward(good: int, total: int) -> float:
    return good / total if total else 0.0


def _verdict(chain: _Chain, target: _Target | None) -> Verdict:
    if target is None:
        return Verdict(Status.BAD_REFERENCE, None, rule="no_language", reason=RULES["no_language"])
    good, total = chain.share(target)
    if total == 0:
        rule = "no_thinking" if chain.span is None else "no_words"
        return Verdict(
            Status.NO_ANSWER,
            0.0,
            rule=rule,
            reason=RULES[rule],
            span=chain.span,
            reference=target.name,
        )
    title = target.name
    if not target.identify and title in _SCRIPT:
        title = f"{title} ({target.script})"
    wanted = target.name if target.identify else target.script
    rest = [f"{name} {count}" for name, count in _by_size(chain.shares.items()) if name != wanted]
    reason = f"{good} of {total} words are {title}"
    return graded(
        _reward(good, total),
        worst=0.0,
        best=1.0,
        rule="target_only" if good == total else "mixed" if good else "other_only",
        reason="; ".join([reason, ", ".join(rest)]) if rest else reason,
        span=chain.span,
        reference=target.name,
    )


def _by_size(shares: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(shares, key=lambda entry: (-entry[1], entry[0]))


def _normal(code: str) -> str:
    base = code.strip().lower().replace("_", "-").partition("-")[0]
    return _ALIASES.get(base, base)


def _prompt_text(prompt: Any, where: str) -> str:
    """Return the text of a prompt; of a chat, what the user wrote last."""
    if isinstance(prompt, Sequence) and not isinstance(prompt, (str, bytes)):
        for message in reversed(prompt):
            if isinstance(message, Mapping) and message.get("role") == "user":
                return Completion.of({"content": message.get("content")}, where)
    return Completion.of(prompt, where)


# ---- the identifier ------------------------------------------------------------------------------

_local = threading.local()  # an identifier keeps state, so every thread has its own


def _identifier() -> Any:
    if not hasattr(_local, "identifier"):
        try:
            import gcld3
        except ImportError as error:
            raise ImportError(_INSTALL) from error
        _local.identifier = gcld3.NNetLanguageIdentifier(0, 4096)
    return _local.identifier


def _identify(text: str, script: str) -> dict[str, int]:
    """Return how many words of `script` are in which language, sentence by sentence.

    A span that the identifier is not sure of is taken to be in the language of most of the others.
    """
    identifier = _identifier()
    sure: Counter[str] = Counter()
    unsure: list[tuple[str, int]] = []
    for span, count in _spans(text, script):
        result = identifier.FindLanguage(text=span)
        language = result.language if "-" in result.language else _normal(result.language)
        if result.is_reliable:
            sure[language] += count
        else:
            unsure.append((language, count))
    most = _by_size(sure.items())[0][0] if sure else None
    for language, count in unsure:
        sure[most or language] += count
    return dict(sure)


def _spans(text: str, script: str) -> list[tuple[str, int]]:
    """Return the words of `script` by sentence, short ones joined: `(text, number of words)`."""
    wanted = _core.SCRIPTS.index(script)
    spans: list[tuple[str, int]] = []
    held: list[str] = []
    letters = count = 0
    last: int | None = None
    for start, end, found, weight, sentence in _core.words(text):
        if found != wanted:
            continue
        if sentence != last and letters >= LEAST_LETTERS:
            spans.append((" ".join(held), count))
            held, letters, count = [], 0, 0
        last = sentence
        held.append(text[start:end])
        letters += end - start
        count += weight
    if held and spans and letters < LEAST_LETTERS:
        before, words_before = spans.pop()
        held, count = [before, *held], count + words_before
    if held:
        spans.append((" ".join(held), count))
    return spans


#: The reward with its default options.
language_reward = LanguageReward()
