"""`verifiers report`: a page to read scored rollouts on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from .console import fail, printable, stdout
from .options import AsJson, ScoredFile, ScoredPrefix

EXIT_CODES = """[bold]Exit codes[/]

  [cyan]0[/]  the page was written
  [cyan]2[/]  a wrong command: a file, a file that is not scored, a missing package"""

INSTALL = "the page needs jinja2, which is not installed: pip install jinja2"


def report(
    file: ScoredFile,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="The page; by default FILE with the ending .html.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, help="Only the first N completions.")
    ] = 10_000,
    characters: Annotated[
        int,
        typer.Option(metavar="N", min=100, help="Leave out the middle of texts longer than this."),
    ] = 30_000,
    prefix: ScoredPrefix = "",
    title: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="The heading; by default the name of the file.", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a page to read scored rollouts on.

    One file of HTML that loads nothing from anywhere: filters, search,
    figures, and every completion with its answer highlighted. Press ? on it
    for the keys.

    [bold]Examples[/]

      [cyan]verifiers score rollouts.jsonl --out scored.jsonl[/]
      [cyan]verifiers report scored.jsonl[/]
      [cyan]verifiers report scored.jsonl -o /tmp/step-500.html --title "step 500"[/]
    """
    from ..report import write_report
    from ..rollouts import RolloutError
    from ..rollouts.columns import ColumnError

    if out is None:
        stem = file.removesuffix(".gz")
        out = str(Path(stem).with_suffix(".html"))
    if os.path.exists(out) and os.path.exists(file) and os.path.samefile(file, out):
        fail(f"{out} is the file that is read: name another one with --out")
    try:
        written = write_report(
            file, out, limit=limit, characters=characters, prefix=prefix, title=title
        )
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    except ModuleNotFoundError as error:
        if error.name != "jinja2":
            raise
        fail(INSTALL)
    except (ColumnError, ValueError, RolloutError) as error:
        fail(str(error))
    size = os.path.getsize(out)
    if as_json:
        found = {"out": out, "completions": written.completions, "more": written.more}
        typer.echo(json.dumps({**found, "bytes": size}))
        return
    line = Text.assemble((printable(out), "bold"), f"  {written.completions:,} completions")
    if written.more:
        line.append(", the first of the file: more with --limit", "yellow")
    stdout().print(line.append(f"  {size / 2**20:.1f} MiB", "dim"), soft_wrap=True)
