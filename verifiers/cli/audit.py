"""`verifiers audit`: can the reward be had without the answer?"""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .console import fail, load_reward, printable, stderr, stdout
from .options import AsJson, OneReward

if TYPE_CHECKING:
    from ..auditing import Finding, Report

EXIT_CODES = """[bold]Exit codes[/]

  [cyan]0[/]  no probe won
  [cyan]1[/]  a probe won: the reward has a hole
  [cyan]2[/]  a wrong command: an option, a file, a column
  [cyan]4[/]  the reward raised on the first reference, so nothing could be tried"""

MARKS = {"held": ("✓", "green"), "hole": ("✗", "bold red"), "skipped": ("·", "dim")}

#: How many examples of a hole are shown, and how much of each.
SHOWN_HOLES = 2
SHOWN_CHARACTERS = 240


def audit(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Rows with references: .jsonl, .jsonl.gz or .parquet; - reads from a pipe.",
            show_default=False,
        ),
    ],
    reward: OneReward = "math",
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Only the first N rows.")] = 100,
    form: Annotated[
        bool,
        typer.Option(
            "--form", metavar="", help="The reward judges the form of a text, not an answer."
        ),
    ] = False,
    passing: Annotated[
        float,
        typer.Option(metavar="X", help="From which reward on a completion counts as right."),
    ] = 1.0,
    skip: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROBE", help="Leave this probe out; may be repeated.", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
    reference_column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="The references; by default solution, answer, ground_truth, …",
        ),
    ] = None,
    prompt_column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="The prompts; by default prompt, question, problem, …",
        ),
    ] = None,
) -> None:
    """Try to earn a reward with answers that do not deserve it.

    The probes write completions of their own from the references: empty,
    hedged, retracted, one digit off, with the answer in the thinking alone.
    None of them may win, and the references must.

    [bold]Examples[/]

      [cyan]verifiers audit rollouts.jsonl[/]
      [cyan]verifiers audit rollouts.jsonl --reward my_rewards:accuracy[/]
      [cyan]verifiers audit rollouts.jsonl --json > report.json[/]
    """
    chosen = load_reward(reward)
    rows = _rows(file, limit)
    from ..auditing import RewardRaised, audit as run

    try:
        report = run(
            chosen,
            rows,
            judges="form" if form else None,
            passing=passing,
            skip=skip or (),
            reference_column=reference_column,
            prompt_column=prompt_column,
        )
    except RewardRaised as error:
        cause = "".join(traceback.format_exception(error.__cause__))
        stderr().print(cause, style="yellow", markup=False, soft_wrap=True)
        fail(str(error), 4)
    except (TypeError, ValueError) as error:
        fail(str(error))
    if as_json:
        typer.echo(json.dumps({"file": file, **report.as_dict()}))
    else:
        stdout().print(Padding(_page(report, file), (1, 2), expand=False))
    raise typer.Exit(0 if report.passed else 1)


def _rows(file: str, limit: int) -> list[dict[str, Any]]:
    """Return the first rows of a file; malformed ones are reported and left out."""
    from ..rollouts import RolloutError, open_reader

    rows: list[dict[str, Any]] = []
    try:
        reader = open_reader(file)
        try:
            while len(rows) < limit and (batch := reader.read(limit - len(rows))) is not None:
                rows += batch.values()
                for problem in batch.problems:
                    line = f"{reader.name}:{problem.row}: {printable(problem.message, 300)}"
                    stderr().print(line, style="yellow", markup=False, soft_wrap=True)
        finally:
            reader.close()
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    except (ValueError, RolloutError) as error:
        fail(str(error))
    return rows


def _page(report: Report, file: str) -> RenderableType:
    name = "standard input" if file == "-" else file
    heading = Text.assemble((printable(report.reward), "bold"), (f"  {printable(name)}\n", "dim"))
    rows = f"\n{report.rows:,} rows"
    if report.left_out:
        rows += f", {report.left_out:,} without a reference left out"
    if report.styles:
        written = (f"{style} ({count:,})" for style, count in report.styles.items())
        rows += f"; references written as {', '.join(written)}"
    heading.append(rows + "\n", "not bold")
    won = len(report.holes)
    verdict = Text("no probe won", "bold green")
    if won:
        verdict = Text(f"{won} probe{'s' if won > 1 else ''} won", "bold red")
    return Group(heading, _table(report), *map(_examples, report.holes), "", verdict)


def _table(report: Report) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.header_style = table.border_style = "dim"
    table.add_column("")
    table.add_column("probe", no_wrap=True)
    table.add_column("what must hold")
    table.add_column("tried", justify="right", no_wrap=True)
    table.add_column("holes", justify="right", no_wrap=True)
    for found in report.findings:
        mark, style = MARKS[found.outcome.value]
        claim = Text(found.claim)
        if found.note:
            claim.append(f" ({found.note})", "dim")
        table.add_row(
            Text(mark, style),
            Text(found.probe, style if found.outcome.value != "held" else ""),
            claim,
            f"{found.tried:,}" if found.tried else "",
            Text(f"{found.count:,}", "bold red") if found.count else "",
        )
    return table


def _examples(found: Finding) -> Text:
    text = Text.assemble("\n", (found.probe, "bold red"))
    for hole in found.holes[:SHOWN_HOLES]:
        text.append(f"\n  row {hole.row + 1}: {printable(hole.found, SHOWN_CHARACTERS)}")
        text.append("\n    reference   ", "dim").append(
            printable(" ".join(str(hole.reference).split()), SHOWN_CHARACTERS)
        )
        shown = printable(" ".join(hole.completion.split()), SHOWN_CHARACTERS)
        text.append("\n    completion  ", "dim").append(shown or "(nothing)")
    return text
