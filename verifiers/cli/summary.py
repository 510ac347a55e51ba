"""The tables at the end of `verifiers score`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .console import STATUS_STYLES, duration, plain_table, printable, share

__all__ = ["show_summary"]

#: More sources than this are not listed.
SHOWN_SOURCES = 20

BAR_WIDTH = 24


def show_summary(console: Console, report: Mapping[str, Any]) -> None:
    """Print what scoring a file came to.

    Args:
        console: where to.
        report: what `verifiers score --json` prints.
    """
    parts: list[RenderableType] = [_heading(report), _statuses(report)]
    if report["sources"]:
        parts += ["", _sources(report["sources"])]
    if report["slowest"]:
        parts += ["", _slowest(report["slowest"], console.width - 30)]
    console.print(Padding(Group(*parts), (1, 2), expand=False))


def _heading(report: Mapping[str, Any]) -> Text:
    columns = report["columns"]
    name = "standard input" if report["file"] == "-" else report["file"]
    text = Text(printable(name), style="bold")
    if report["out"] not in (None, "-"):
        text.append(" → ", style="dim").append(printable(report["out"]))
    note = f"\nreward {report['reward']}"
    if columns["completion"]:
        note += f", completions from {columns['completion']!r}"
    if columns["reference"]:
        note += f", references from {columns['reference']!r}"
    if report["sandboxes"]:
        note += f", programs run in {', '.join(report['sandboxes'])}"
    text.append(printable(note), style="not bold dim")
    counts = f"\n\n{report['rows']:,} rows"
    if report["completions"] != report["rows"]:
        counts += f" with {report['completions']:,} completions"
    counts += f" in {duration(report['seconds'])}"
    if report["rows_per_second"]:
        counts += f", {report['rows_per_second']:,.0f} rows per second"
    text.append(counts, style="not bold")
    if report["malformed"]:
        text.append(f", {report['malformed']:,} malformed and left out", style="not bold yellow")
    if not report["complete"]:
        text.append("; not finished", style="not bold yellow")
    return text.append("\n")


def _statuses(report: Mapping[str, Any]) -> Table:
    table = plain_table("status", "completions", "share")
    table.add_column()
    total = report["completions"]
    for status, count in report["statuses"].items():
        style = STATUS_STYLES[status]
        bar = Bar(total, 0, count, width=BAR_WIDTH, color=style.split()[-1], bgcolor="default")
        table.add_row(Text(status, style), f"{count:,}", share(count, total), bar)
    table.add_section()
    mean = report["mean_reward"]
    table.add_row("mean reward", "–" if mean is None else f"{mean:.4f}", style="bold")
    table.add_row("unscored", f"{report['unscored']:,}", share(report["unscored"], total))
    return table


def _sources(sources: Mapping[str, Mapping[str, Any]]) -> Table:
    present = {status for tally in sources.values() for status in tally["statuses"]}
    statuses = [status for status in STATUS_STYLES if status in present]
    table = plain_table("source", "count", *statuses, "mean reward")
    for column, status in zip(table.columns[2:], statuses, strict=False):
        column.header = Text(status.replace("_", " "), STATUS_STYLES[status])
    for column in table.columns[1:]:  # a long heading gives way before a name does
        column.no_wrap, column.min_width = False, 7
    ordered = sorted(sources.items(), key=lambda item: -item[1]["completions"])
    for name, tally in ordered[:SHOWN_SOURCES]:
        counts = [tally["statuses"].get(status, 0) for status in statuses]
        mean = tally["mean_reward"]
        table.add_row(
            printable(name, 40),
            f"{tally['completions']:,}",
            *(f"{count:,}" if count else Text("·", "dim") for count in counts),
            "–" if mean is None else f"{mean:.4f}",
        )
    if len(ordered) > SHOWN_SOURCES:
        table.add_row(Text(f"… and {len(ordered) - SHOWN_SOURCES:,} more", "dim"))
    return table


def _slowest(slowest: list[Mapping[str, Any]], width: int) -> Table:
    table = plain_table("slowest", "time")
    table.add_column("extracted", no_wrap=True, overflow="ellipsis")
    for slow in slowest:
        extracted = slow["extracted"]
        shown = Text("–", "dim")
        if extracted is not None:
            shown = Text(printable(" ".join(extracted.split()), max(width, 20)))
        table.add_row(f"row {slow['row']:,}", duration(slow["seconds"]), shown)
    return table
