"""`verifiers doctor`: what works here, what is missing, and the command for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .console import printable, stdout
from .options import AsJson

if TYPE_CHECKING:
    from .checks import Check

EXIT_CODES = """[bold]Exit codes[/]

  [cyan]0[/]  the C core and what it needs work; the rest is optional
  [cyan]1[/]  something needed does not work"""


def doctor(
    as_json: AsJson = False,
) -> None:
    """Show what works on this machine, what is missing, and the command for it.

    [bold]Examples[/]

      [cyan]verifiers doctor[/]
      [cyan]verifiers doctor --json | jq '.[] | select(.state == "bad")'[/]
    """
    console = stdout()
    from .checks import all_checks

    checks = all_checks()
    if as_json:
        typer.echo(json.dumps([check._asdict() for check in checks]))
    else:
        console.print(Padding(_table(checks), (1, 2), expand=False))
    raise typer.Exit(1 if any(check.state == "bad" for check in checks) else 0)


def _table(checks: list[Check]) -> Table:
    marks = {"ok": ("✓", "green"), "missing": ("·", "dim"), "bad": ("✗", "bold red")}
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        mark, style = marks[check.state]
        detail = Text(printable(check.detail), "dim" if check.state == "missing" else "")
        if check.remedy:
            detail.append("\n" + check.remedy, "bold" if check.state == "bad" else "cyan")
        table.add_row(Text(mark, style), check.name, detail)
    return table
