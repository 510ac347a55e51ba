"""`verifiers compare`: where two rewards, or two scorings of one file, disagree."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import zip_longest
from math import isclose
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..resolve import BUILT_IN_REWARDS
from .console import (
    STATUS_STYLES,
    completer,
    fail,
    load_reward,
    plain_table,
    printable,
    share,
    stdout,
)
from .options import AsJson, FirstRows

if TYPE_CHECKING:
    from ..opinions import Opinion

EXIT_CODES = """[bold]Exit codes[/]

  [cyan]0[/]  they agree on every completion
  [cyan]1[/]  they disagree on some
  [cyan]2[/]  a wrong command: a file, a reward, two files that do not belong together"""

SHOWN_CHARACTERS = 200


def compare(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Rollouts: .jsonl, .jsonl.gz or .parquet.", show_default=False
        ),
    ],
    other: Annotated[
        str | None,
        typer.Argument(
            metavar="[OTHER]", help="The same rollouts scored differently.", show_default=False
        ),
    ] = None,
    rewards: Annotated[
        list[str] | None,
        typer.Option(
            "--reward",
            "-r",
            metavar="NAME",
            show_default=False,
            help="A reward to judge with. Two: one against the other. One: against what stands in "
            "the file.",
            autocompletion=completer(BUILT_IN_REWARDS),
        ),
    ] = None,
    show: Annotated[int, typer.Option(metavar="N", min=0, help="Show N disagreements.")] = 20,
    limit: FirstRows = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            show_default=False,
            help="Write every disagreement as a line of JSON.",
        ),
    ] = None,
    prefix: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            show_default=False,
            help="What score --prefix put in front of its columns; given twice, it compares two "
            "scorings within one file.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare two rewards, or two scorings of one file.

    Says how often they agree, and shows each disagreement with both reasons.

    [bold]Examples[/]

      [cyan]verifiers compare rollouts.jsonl -r math -r my_rewards:accuracy[/]
      [cyan]verifiers compare scored.parquet -r math[/]  (then and now)
      [cyan]verifiers compare scored-a.parquet scored-b.parquet[/]
      [cyan]verifiers compare rollouts.jsonl -r math -r exact -o disagreements.jsonl[/]
    """
    from ..rollouts import RolloutError

    names, sides = _sides(file, other, rewards or [], prefix or [], limit)
    found = Comparison(names, show)
    try:
        with ExitStack() as stack:
            lines = stack.enter_context(open(out, "w")) if out is not None else None
            found.run(sides, lines)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    except (TypeError, ValueError, RolloutError) as error:
        fail(str(error))
    if as_json:
        typer.echo(json.dumps({"file": file, **found.report()}))
    else:
        stdout().print(Padding(found.page(), (1, 2), expand=False))
    raise typer.Exit(1 if found.disagreements else 0)


def _sides(
    file: str, other: str | None, rewards: list[str], prefixes: list[str], limit: int | None
) -> tuple[tuple[str, str], list[Iterator[Opinion]]]:
    """Return what the two sides are called, and their opinions."""
    from ..opinions import judged_now, written_before

    files = [file] if other is None else [file, other]
    if len(rewards) > 2 or len(prefixes) > 2:
        fail("two can be compared, not more")
    if other is not None and rewards:
        fail("name two files, or one file and rewards: not both")
    if rewards and len(prefixes) + len(rewards) > 2:
        fail("name two rewards, or one and a --prefix of what the file says")
    if len(rewards) + len(prefixes) < 2 and len(files) < 2 and not rewards:
        fail("compare with what? name a second file, or rewards with --reward")
    if len(rewards) == 2:
        return (rewards[0], rewards[1]), [
            judged_now(file, load_reward(name), limit=limit) for name in rewards
        ]
    before = prefixes or [""]
    if rewards:
        return (f"{file}", f"{rewards[0]} now"), [
            written_before(file, prefix=before[0], limit=limit),
            judged_now(file, load_reward(rewards[0]), limit=limit),
        ]
    if other is not None:
        return (file, other), [
            written_before(path, prefix=before[min(index, len(before) - 1)], limit=limit)
            for index, path in enumerate(files)
        ]
    return (prefixes[0] or "(no prefix)", prefixes[1] or "(no prefix)"), [
        written_before(file, prefix=text, limit=limit) for text in prefixes
    ]


class Comparison:
    """What two sides say of the same completions.

    Args:
        names: what the sides are called.
        show: how many disagreements are kept to be shown.
    """

    def __init__(self, names: tuple[str, str], show: int) -> None:
        self.names = names
        self.show = show
        self.completions = 0
        self.disagreements = 0
        self.pairs: Counter[tuple[str, str]] = Counter()
        self.examples: list[dict[str, Any]] = []

    def run(self, sides: Sequence[Iterator[Opinion]], lines: IO[str] | None) -> None:
        """Go through both sides, and write every disagreement to `lines`.

        Raises:
            ValueError: if they are not about the same completions.
        """
        for a, b in zip_longest(*sides):
            if (
                a is None
                or b is None
                or (a.row, a.part, a.completion)
                != (
                    b.row,
                    b.part,
                    b.completion,
                )
            ):
                raise ValueError(
                    f"row {(a or b).row} is not the same completion on both sides: "
                    "compare two scorings of one file"
                )
            self.completions += 1
            self.pairs[a.status, b.status] += 1
            if a.status == b.status and _same(a.reward, b.reward):
                continue
            self.disagreements += 1
            example = self._example(a, b)
            if len(self.examples) < self.show:
                self.examples.append(example)
            if lines is not None:
                lines.write(json.dumps(example) + "\n")

    def _example(self, a: Opinion, b: Opinion) -> dict[str, Any]:
        return {
            "row": a.row,
            "part": a.part,
            "source": a.source,
            "completion": a.completion,
            "reference": a.reference,
            "verdicts": [
                {
                    "by": name,
                    "status": said.status,
                    "reward": said.reward,
                    "rule": said.rule,
                    "reason": said.reason,
                    "extracted": said.extracted,
                }
                for name, said in zip(self.names, (a, b), strict=True)
            ],
        }

    def report(self) -> dict[str, Any]:
        """Return the comparison as plain values, for JSON."""
        agreed = self.completions - self.disagreements
        return {
            "sides": list(self.names),
            "completions": self.completions,
            "agreement": agreed / self.completions if self.completions else None,
            "disagreements": self.disagreements,
            "statuses": [
                {"statuses": list(pair), "completions": count}
                for pair, count in self.pairs.most_common()
            ],
            "examples": self.examples,
        }

    def page(self) -> RenderableType:
        """Return the comparison for a terminal."""
        heading = Text.assemble(
            (printable(self.names[0]), "bold"),
            ("  against  ", "dim"),
            (printable(self.names[1]), "bold"),
            f"\n\n{self.completions:,} completions, the same verdict on "
            f"{share(self.completions - self.disagreements, self.completions) or '–'}",
        )
        parts: list[RenderableType] = [heading, "", self._table()]
        parts += [self._shown(example) for example in self.examples]
        if hidden := self.disagreements - len(self.examples):
            more = (
                f"\n… and {hidden:,} more disagreements: --show N, or all of them with --out FILE"
            )
            parts.append(Text(more, "dim"))
        return Group(*parts)

    def _table(self) -> RenderableType:
        table = plain_table(*(printable(name, 40) for name in self.names), text_columns=2)
        table.add_column("completions", justify="right")
        for pair, count in self.pairs.most_common():
            same = pair[0] == pair[1]
            cells = [
                Text(status, "dim" if same else STATUS_STYLES.get(status, "")) for status in pair
            ]
            table.add_row(*cells, Text(f"{count:,}", "dim" if same else "bold"))
        return table

    def _shown(self, example: dict[str, Any]) -> RenderableType:
        part = f".{example['part']}" if example["part"] else ""
        heading = Text.assemble("\n", (f"row {example['row']}{part}", "bold"))
        if example["source"]:
            heading.append(f"  {printable(example['source'], 40)}", "dim")
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        ending = " ".join(example["completion"][-4 * SHOWN_CHARACTERS :].split())
        if len(ending) > SHOWN_CHARACTERS:
            ending = "…" + ending[-SHOWN_CHARACTERS:]
        table.add_row("completion", printable(ending) or "(nothing)")
        table.add_row("reference", _line(example["reference"]))
        for said in example["verdicts"]:
            status = said["status"]
            text = Text(status.replace("_", " "), STATUS_STYLES.get(status, "yellow"))
            if said["reward"] not in (None, 0.0, 1.0):
                text.append(f" {said['reward']:g}")
            if said["extracted"] is not None:
                text.append("  ").append(_line(said["extracted"]), "bold not dim")
            text.append("\n" + printable(said["reason"], 300))
            text.append(f"  {said['rule']}", "dim")
            table.add_row(printable(said["by"], 24), text)
        return Group(heading, Padding(table, (0, 0, 0, 2)))


def _same(one: float | None, two: float | None) -> bool:
    if one is None or two is None:
        return one is two
    return isclose(one, two, rel_tol=1e-9, abs_tol=1e-9)


def _line(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return printable(" ".join(text.split()), SHOWN_CHARACTERS)
