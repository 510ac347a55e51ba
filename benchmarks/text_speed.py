"""Speed of the rewards for format, language and repetition, and of box extraction.

Every one runs on one thread against straightforward Python of the same definition, in one run, and
must come to the same rewards; the format reward also against TRL's regular expression.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import regex
from common import table, write
from trl.rewards import think_format_reward

from verifiers import (
    FormatReward,
    LanguageReward,
    LoopPenalty,
    MathReward,
    RepetitionPenalty,
)

SIZE = 30_000  # bytes of a completion

ENGLISH = [
    "First we add the two numbers and check that the result is even, as the problem says.",
    "So the train needs $t = \\frac{240}{80} = 3$ hours to reach the next station.",
    "Wait, I forgot to carry the one, so the sum must be larger than what I've written down.",
    "The well-known formula gives $a_n = 2n + 1$ for every $n < 100$; it holds for 1, 2 and 3.",
    "Each friend gets the same share (12.5 kg), and nothing is left over.",
    "Calling `solve(x)` twice doesn't change the list, therefore we need only one pass.",
    "In the second case the angle is obtuse, which contradicts the assumption above.",
    "This means that at least one of the drawers holds two socks of the same colour.",
]
CHINESE = [
    "首先我们把两个数相加，并检查结果是不是偶数。",
    "所以火车需要$t=3$个小时才能到达下一站。",
    "在证明一般结论之前，我先试一个小一点的例子。",
    "三角形的面积等于底乘以高的一半，即$\\frac{1}{2}ah$。",
    "等等，我忘了进位，所以和应该更大。",
    "因此这个方程恰好有一个正数解。",
]
RUSSIAN = [
    "Сначала сложим два числа и проверим, что результат чётный.",
    "Значит, поезду нужно $t = 3$ часа, чтобы доехать до следующей станции.",
    "Площадь треугольника равна половине произведения основания на высоту.",
    "Следовательно, уравнение имеет ровно одно положительное решение.",
]
TEXTS = {"English": ENGLISH, "English and Chinese": ENGLISH + CHINESE, "Russian": RUSSIAN}


def completions(sentences: list[str], count: int) -> list[str]:
    """Return `count` completions of about SIZE bytes: thinking, then an answer in a box."""
    generator = random.Random(0)
    made = []
    for _ in range(count):
        parts: list[str] = []
        size = 0
        while size < SIZE:
            parts.append(generator.choice(sentences))
            parts.append(generator.choice([" ", " ", " ", "\n\n"]))
            size += len(parts[-2].encode()) + 1
        number = generator.choice([7, 8])
        made.append(f"<think>{''.join(parts)}</think>The answer is \\boxed{{{number}}}.")
    return made


# ---- straightforward Python of the same definitions ---------------------------------------------

FORMAT = re.compile(r"\s*<think>((?:(?!</?think>).)*)</think>((?:(?!</?think>).)*)", re.DOTALL)


def python_format(texts: Sequence[str]) -> list[float]:
    """Return 1.0 for one thinking part and one answer, both with something in them."""
    rewards = []
    for text in texts:
        match = FORMAT.fullmatch(text)
        good = match and re.search(r"\w", match[1]) and match[2].strip()
        rewards.append(1.0 if good else 0.0)
    return rewards


NO_WORDS = regex.compile(
    r"```.*?```|`[^`\n]*`|\$[^$]*\$|\\[a-zA-Z]+(?:\{[^{}]*\})*|https?://\S+|\S+@\S+|<[^<>\s]+>"
    r"|[A-Za-z_]*\d\w*",
    regex.DOTALL,
)
WORD = regex.compile(
    r"(?P<han>\p{Script=Han})|(?P<latin>\p{Latin}[\p{Latin}\p{M}]*(?:['’-]\p{Latin}[\p{Latin}\p{M}]*)*)"
    r"|(?P<cyrillic>\p{Cyrillic}[\p{Cyrillic}\p{M}]*(?:['’-]\p{Cyrillic}[\p{Cyrillic}\p{M}]*)*)"
)
UNITS = {"kg", "km", "cm", "sin", "cos", "log"}


def python_language(texts: Sequence[str]) -> list[float]:
    """Return the share of Latin words in the thinking."""
    rewards = []
    for text in texts:
        thinking = text.partition("<think>")[2].rpartition("</think>")[0]
        counts = {"han": 0, "latin": 0, "cyrillic": 0}
        for match in WORD.finditer(NO_WORDS.sub(" ", thinking)):
            script = match.lastgroup or ""
            word = match[0]
            if script == "latin" and (word in UNITS or (len(word) == 1 and word not in "aAI")):
                continue
            counts[script] += 1
        rewards.append(counts["latin"] / sum(counts.values()))
    return rewards


OPENINGS = (
    "<think> <thinking> <thought> <thoughts> <reasoning> <seed:think> <|begin_of_thought|> "
    "<reasoning_start> [think] ◁think▷"
).split()
CLOSINGS = (
    "</think> </thinking> </thought> </thoughts> </reasoning> </seed:think> <|end_of_thought|> "
    "</reasoning_end> [/think] ◁/think▷"
).split()
NEXT_MESSAGE, FINAL, CHANNEL = "<|end|><|start|>assistant", "<|channel|>final", "<|channel|>"
MESSAGE = "<|message|>"
TURN_ENDS = (
    "<|im_end|> <|im_start|> <|endoftext|> </s> <|eot_id|> <|return|> <|end|> <end_of_turn> "
    "<start_of_turn> <|start_header_id|> <｜end▁of▁sentence｜> <|end_of_text|>"
).split()
TURN_START = re.compile(r"\s*(?:<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>)[^\n]*", re.I)
MARK = re.compile(
    "|".join(
        map(re.escape, [NEXT_MESSAGE, FINAL, CHANNEL, MESSAGE, *OPENINGS, *CLOSINGS, *TURN_ENDS])
    ),
    re.IGNORECASE,
)


def final_part(text: str) -> str | None:
    """Return what stands between the thinking and the end of the turn; None if it never ends."""
    turn = TURN_START.match(text)
    start = turn.end() if turn else 0
    thinking = set()
    channel = None
    for mark in MARK.finditer(text, start):
        name = mark[0].lower()
        if name in (FINAL, CHANNEL):
            channel = name
        elif name == MESSAGE:
            start = mark.end() if channel == FINAL else start
        elif name in OPENINGS:
            thinking.add(name)
        elif name in CLOSINGS:
            thinking.discard(OPENINGS[CLOSINGS.index(name)])
            start = mark.end()
        elif name in TURN_ENDS:
            text = text[: mark.start()]
            break
    return None if thinking or channel == CHANNEL else text[start:]


BOX_START = re.compile(r"\\(?:boxed|fbox)\s*\{")
SENTENCE_END = re.compile(r"[.!?][*)$\]}]*(?=\s+[^a-z\s]|\s*$)|[。！？]|\n[ \t]*\n")
DENIED_BEFORE = re.compile(
    r"(?:\b(?:not|isn't|never|(?:cannot|can't|not) (?:be|equal)|not (?:equal to|the)|instead of"
    r"|rather than)|\\neq?|!=|≠|不是|不等于|不为)[\s$*_`{:]*$"
)
DENIED_AFTER = re.compile(
    r"[\s$*_`}~)]*(?:[?？]|(?:is|was|would be) (?:wrong|incorrect|not|false)|isn't|can(?:not|'t) be"
    r"|不对|是错|不是)"
)
EITHER = re.compile(r"\b[Ee]ither\b.{0,90} or[ $*_]*$", re.DOTALL)
OR = re.compile(
    r"[ $*_]*[,(]?[ $*_]*(?:or\b|或者?)([^.!?。！？\n]*(?:\d|\b[A-Z]\b)[^.!?。！？\n]*)"
)


def python_boxes(texts: Sequence[str]) -> list[float]:
    """Return 1.0 where the last box after the thinking holds 7, and nothing takes it back."""
    return [float(boxed(final_part(text)) == ["7"]) for text in texts]


def boxed(text: str | None) -> list[str]:
    """Return what the boxes of the last boxed sentence hold; nothing where that is no answer."""
    group: list[str] = []
    last, end = (0, 0), None
    while text and (box := BOX_START.search(text, last[1])):
        end = closing_brace(text, box.end())
        if end is None:
            return []
        if SENTENCE_END.search(text, last[1], box.start()):
            group = []
        value = text[box.end() : end].strip()
        if value and value not in group:
            group.append(value)
        last = (box.start(), end + 1)
    if not text or end is None or not value:
        return []
    before, after = text[: last[0]], text[last[1] :]
    if DENIED_BEFORE.search(before[-100:]) or DENIED_AFTER.match(after):
        return []
    if len(group) == 1 and EITHER.search(before[-100:]):
        return []
    other = OR.match(after)
    return [*group, other[1]] if other else group


def closing_brace(text: str, at: int) -> int | None:
    depth = 1
    for brace in BRACE.finditer(text, at):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.start()
    return None


BRACE = re.compile(r"\\.|[{}]", re.DOTALL)

#: What the definition comes to, where the reference is 7.
BOX_CASES = {
    r"\boxed{7}": 1.0,
    r"\fbox{7}": 1.0,
    r"So $\boxed{ 7 }$.": 1.0,
    r"\boxed{8}. No: \boxed{7}.": 1.0,
    r"\boxed{7}. No: \boxed{8}.": 0.0,
    r"It is 7.": 0.0,
    r"\boxed{}": 0.0,
    r"\boxed{7}. Then \boxed{}": 0.0,
    r"\boxed{7": 0.0,
    r"\boxed{7}. Then \boxed{7": 0.0,
    r"<think>\boxed{7}": 0.0,
    r"<think>\boxed{7}</think>": 0.0,
    r"<think>\boxed{7}</think>It is 7.": 0.0,
    r"<think>\boxed{8}</think>\boxed{7}": 1.0,
    r"<think>a</think>\boxed{7}<think>b": 0.0,
    r"<think>a</think>\boxed{7}<think>b</think>": 0.0,
    r"[THINK]a[/THINK]\boxed{7}": 1.0,
    r"◁think▷\boxed{7}◁/think▷8": 0.0,
    r"\boxed{7}<|im_end|>\boxed{8}": 1.0,
    r"\boxed{8}<|im_end|>\boxed{7}": 0.0,
    "<|im_start|>assistant\n\\boxed{7}<|im_end|>": 1.0,
    r"<|channel|>analysis<|message|>\boxed{7}": 0.0,
    r"<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>"
    r"\boxed{7}<|return|>": 1.0,
    r"\boxed{7} and \boxed{7}": 1.0,
    r"\boxed{7} and \boxed{8}": 0.0,
    r"\boxed{8} and \boxed{7}": 0.0,
    r"Not \boxed{8}. It is \boxed{7}.": 1.0,
    r"It is not \boxed{7}": 0.0,
    r"It isn't $\boxed{7}$": 0.0,
    r"$x \neq \boxed{7}$": 0.0,
    r"不是\boxed{7}": 0.0,
    r"答案是\boxed{7}。": 1.0,
    r"\boxed{7}?": 0.0,
    r"\boxed{7} is wrong.": 0.0,
    r"\boxed{7} is right.": 1.0,
    r"either 8 or \boxed{7}": 0.0,
    r"\boxed{7} or 8": 0.0,
    r"\boxed{7} or so": 1.0,
    r"\boxed{7\}}": 0.0,
}


def python_last_box(texts: Sequence[str]) -> list[float]:
    """Return 1.0 where the last box behind the last `</think>` holds 7, whatever stands around."""
    return [float(last_box(text.rpartition("</think>")[2]) == "7") for text in texts]


def last_box(text: str) -> str | None:
    start = text.rfind("\\boxed{")
    depth = 0
    for index in range(start + 6, len(text)) if start >= 0 else ():
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return text[start + 7 : index]
    return None


UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fff\u3040-\u312f\u31a0-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff"
)
SPLIT = re.compile(f"[{UNSPACED}]|[^\\s{UNSPACED}]+")


def python_repetition(texts: Sequence[str]) -> list[float]:
    """Return the penalty for repeated trigrams; a character without spaces around is a word."""
    return [repeated(SPLIT.findall(text.lower())) for text in texts]


def open_r1_repetition(texts: Sequence[str]) -> list[float]:
    """Return open-r1's penalty, whose words stand between white space."""
    return [repeated(text.lower().split()) for text in texts]


def repeated(words: list[str]) -> float:
    ngrams = set()
    total = 0
    for ngram in zip(words, words[1:], words[2:], strict=False):
        ngrams.add(ngram)
        total += 1
    return -(1 - len(ngrams) / total) if len(ngrams) < total else 0.0


def python_loops(texts: Sequence[str]) -> list[float]:
    """Return -1.0 for a text that ends with four copies of a piece, 100 characters or more."""
    return [-1.0 if loops(text.rstrip()[::-1]) else 0.0 for text in texts]


def loops(text: str) -> bool:
    match = [0] * len(text)  # the Z function of the text backwards
    left = right = 0
    for i in range(1, len(text)):
        length = min(match[i - left], right - i) if i < right else 0
        while i + length < len(text) and text[length] == text[i + length]:
            length += 1
        if i + length > right:
            left, right = i, i + length
        match[i] = length
        if i + length >= 100 and i + length >= 4 * i:
            return True
    return False


# ---- measuring ----------------------------------------------------------------------------------


def trl_format(texts: Sequence[str]) -> list[float]:
    return think_format_reward([[{"content": text}] for text in texts])


def encode(texts: Sequence[str]) -> None:
    """Do what CPython does when a string is first asked for its UTF-8."""
    for text in texts:
        text.encode()


def boxes(texts: Sequence[str]) -> list[float | None]:
    return BOX(texts, solution=["7"] * len(texts))


BOX = MathReward(strict=True, threads=1)


OURS: dict[str, Callable[[Sequence[str]], Any]] = {
    "format": FormatReward(threads=1),
    "language": LanguageReward("en", threads=1),
    "box": boxes,
    "repetition": RepetitionPenalty(threads=1),
    "loop": LoopPenalty(threads=1),
}
PEERS: dict[str, dict[str, Callable[[Sequence[str]], Any]]] = {
    "format": {"Python": python_format, "TRL": trl_format},
    "language": {"Python": python_language},
    "box": {"Python": python_boxes, "last box only": python_last_box},
    "repetition": {"Python": python_repetition, "open-r1": open_r1_repetition},
    "loop": {"Python": python_loops},
}


def fresh(texts: Sequence[str]) -> list[str]:
    """Return copies that have not been encoded yet."""
    return [f"{text[:9]}{text[9:]}" for text in texts]


def rates(
    function: Callable[[Sequence[str]], Any], texts: list[str], rounds: int
) -> tuple[float, float]:
    """Return MB/s of processor time on new strings, and on strings scored before."""
    size = sum(len(text.encode()) for text in texts)
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        copies = fresh(texts)
        for turn in found:
            start = time.process_time()
            function(copies)
            turn.append(size / 1e6 / (time.process_time() - start))
    return statistics.median(found[0]), statistics.median(found[1])


def summary(results: list[dict[str, Any]]) -> list[str]:
    """Return two sentences: where 30 times Python, and where 300 MB/s, is reached."""
    rows = [row for row in results if row["peer"] == "Python"]
    slow = [
        f"{row['task']} of {row['text']} text ({row['new']:.0f})"
        for row in rows
        if row["task"] in ("format", "language", "box") and row["new"] < 300
    ]
    again, new = (_below(rows, turn, 30) for turn in ("again", "new"))
    return [
        f"On strings scored before every reward is at least 30 times as fast as Python of the same "
        f"definition{again}, and on new strings{new}: the peer of *box* is itself one scan in C, "
        "by `re`, and *encoding* is CPython's.",
        "",
        "Format, language and box read at least 300 MB/s, on new strings too"
        + (f", but for {', '.join(slow)}." if slow else "."),
    ]


def _below(rows: list[dict[str, Any]], turn: str, least: float) -> str:
    """Return ", but for ..." with the tasks whose ratio is below `least` for some text."""
    found: dict[str, list[str]] = {}
    for row in rows:
        ratio = row[turn] / row["peer rate"]
        if ratio < least:
            found.setdefault(row["task"], []).append(f"{row['text']} {ratio:.1f}")
    tasks = [f"*{task}* ({', '.join(texts)})" for task, texts in found.items()]
    return f" but for {' and '.join(tasks)}" if tasks else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="completions (1000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of ours (5)")
    options = parser.parse_args()
    cases, expected = list(BOX_CASES), list(BOX_CASES.values())
    if not boxes(cases) == python_boxes(cases) == expected:
        raise SystemExit("the two box extractions differ on BOX_CASES")
    results: list[dict[str, Any]] = []
    for language, sentences in TEXTS.items():
        texts = completions(sentences, options.count)
        encoding = rates(encode, texts, options.rounds)[0]
        for task, ours in OURS.items():
            print(f"{language}: {task}", file=sys.stderr)
            new, again = rates(ours, texts, options.rounds)
            for name, peer in PEERS[task].items():
                results.append(
                    {
                        "text": language,
                        "task": task,
                        "new": new,
                        "again": again,
                        "encoding": encoding,
                        "peer": name,
                        "peer rate": rates(peer, texts, 1)[0],
                        "same results": ours(texts[:50]) == peer(texts[:50]),
                    }
                )
    lines = [
        f"{options.count} completions of {SIZE / 1000:.0f} KB, one thread, MB of UTF-8 for a "
        "second of processor time. CPython encodes a string that is not ASCII once, when the "
        "first reward asks for it: *new* includes that, *again* is every further reward on the "
        "same strings, and *encoding* is that step alone, which is CPython's and bounds *new*.",
        "",
        *table(
            [
                "text",
                "task",
                "encoding",
                "new",
                "again",
                "peer",
                "peer's",
                "new ×",
                "again ×",
                "same results",
            ],
            [
                [
                    row["text"],
                    row["task"],
                    f"{row['encoding']:.0f}",
                    f"{row['new']:.0f}",
                    f"{row['again']:.0f}",
                    row["peer"],
                    f"{row['peer rate']:.1f}",
                    f"{row['new'] / row['peer rate']:.1f}",
                    f"{row['again'] / row['peer rate']:.1f}",
                    "yes" if row["same results"] else "no",
                ]
                for row in results
            ],
        ),
        "*Python* is straightforward Python of the same definition (`re`, `regex`), TRL its "
        "`think_format_reward`; *open-r1* takes its words between white space, so Chinese comes "
        "to other numbers. *box* is `MathReward(strict=True)`: where thinking ends, and what takes "
        f"the last box back; the two also agree on {len(BOX_CASES)} small cases. *last box only* "
        "is no peer, but the usual shortcut: it looks backwards from the end, reads next to "
        "nothing, and accepts a box in unfinished thinking, before a doubt, or in a choice.",
        "",
        *summary(results),
    ]
    packages = ("rlvr-verifiers", "trl", "regex")
    write("text_speed", sys.argv[1:], {"results": results}, lines, packages)


if __name__ == "__main__":
    main()
