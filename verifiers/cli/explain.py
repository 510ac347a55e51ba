"""`verifiers explain`: one verdict, and all that led to it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..verdict import Status, Verdict
from .console import (
    STATUS_STYLES,
    duration,
    fail,
    load_reward,
    printable,
    stdout,
)
from .options import AsJson, OneReward

EXIT_CODES = """[bold]Exit codes[/]

  [cyan]0[/]  correct
  [cyan]1[/]  judged, and not correct
  [cyan]2[/]  a wrong command
  [cyan]3[/]  unscored: the reference could not be read, or something failed"""

#: How much of a long completion is shown on either side of the answer.
WINDOW = 300


def explain(
    reference: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="What is right.", show_default=False)
    ],
    answer: Annotated[
        str,
        typer.Argument(
            metavar="ANSWER",
            help="An answer or a whole completion; - reads it from a pipe.",
            show_default=False,
        ),
    ],
    reward: OneReward = "math",
    as_json: AsJson = False,
) -> None:
    """Judge one answer, and show why.

    [bold]Examples[/]

      [cyan]verifiers explain '1/2' 'so the answer is \\boxed{0.5}'[/]
      [cyan]verifiers explain '(-\\infty, 3)' 'x < 3'[/]
      [cyan]verifiers explain 42 - < completion.txt[/]
    """
    if answer == "-":
        answer = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    chosen = load_reward(reward)
    try:
        # A reward that can tell how it read both sides says so.
        if hasattr(chosen, "explain"):
            explanation: Any = chosen.explain(reference, answer)
            verdict: Verdict = explanation.verdict
            read = (explanation.reference_read, explanation.answer_read)
        else:
            columns = {chosen.column or "solution": [reference]}
            verdict, read = chosen.verdicts([answer], **columns)[0], (None, None)
    except (TypeError, ValueError) as error:
        fail(str(error))
    except Exception as error:
        from ..sandboxes import SandboxUnavailable  # loaded by now, if it is one

        if isinstance(error, SandboxUnavailable):
            fail(str(error))
        raise
    if as_json:
        typer.echo(json.dumps(_report(verdict, *read)))
    else:
        stdout().print(Padding(_page(verdict, reference, answer, *read), (1, 2), expand=False))
    raise typer.Exit(0 if verdict.correct else 1 if verdict.scored else 3)


def _report(
    verdict: Verdict, reference_read: str | None, answer_read: str | None
) -> dict[str, Any]:
    return {
        "status": verdict.status.value,
        "reward": verdict.reward,
        "rule": verdict.rule,
        "reason": verdict.reason,
        "extracted": verdict.extracted,
        "extracted_from": verdict.extracted_from,
        "span": verdict.span,
        "reference": verdict.reference,
        "reference_read": reference_read,
        "answer_read": answer_read,
        "seconds": verdict.seconds,
        **_tests(verdict),
    }


def _tests(verdict: Verdict) -> dict[str, Any]:
    """Return the tests of a program, where the verdict is on one."""
    found = getattr(verdict, "tests", None)
    return {} if found is None else {"tests": [asdict(test) for test in found]}


def _page(
    verdict: Verdict,
    reference: str,
    answer: str,
    reference_read: str | None,
    answer_read: str | None,
) -> RenderableType:
    style = STATUS_STYLES[verdict.status.value]
    reward = "unscored" if verdict.reward is None else f"reward {verdict.reward:g}"
    heading = Text.assemble(
        (verdict.status.value.replace("_", " "), f"bold {style}"), ("  " + reward, "dim")
    )
    table = Table.grid(padding=(0, 3))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("reason", printable(verdict.reason))
    table.add_row("rule", verdict.rule)
    table.add_row("reference", _sides(verdict.reference or reference, reference_read))
    if verdict.extracted is not None:
        table.add_row("answer", _sides(verdict.extracted, answer_read))
        table.add_row("found as", verdict.extracted_from or "–")
    elif verdict.status is Status.NO_ANSWER:
        table.add_row("answer", Text("none found", "dim"))
    for test in getattr(verdict, "tests", ()):
        table.add_row(printable(test.name), _test(test))
    table.add_row("completion", _highlighted(answer, verdict.span, style))
    table.add_row("time", f"{duration(verdict.seconds)}")
    return Group(heading, "", table)


def _test(test: Any) -> Text:
    """Return what came of one test of a program."""
    text = Text(test.outcome.value, "green" if test.passed else "red")
    return text.append(f"  {printable(test.detail)}" if test.detail else "", "dim")


def _sides(written: str, read: str | None) -> Text:
    """Return a side as it was written and, where the engine says so, as it was read."""
    text = Text(printable(written, 2 * WINDOW))
    if read is not None:
        text.append("\nread as ", "dim").append(printable(read, 2 * WINDOW))
    return text


def _highlighted(completion: str, span: tuple[int, int] | None, style: str) -> Text:
    """Return the neighbourhood of the answer, the answer itself highlighted."""
    start, end = span or (len(completion), len(completion))
    left, right = max(0, start - WINDOW), min(len(completion), end + WINDOW)
    return Text.assemble(
        ("… " if left else "", "dim"),
        printable(completion[left:start]),
        (printable(completion[start:end], 2 * WINDOW), f"bold {style} underline"),
        printable(completion[end:right]),
        (" …" if right < len(completion) else "", "dim"),
    )
