"""`verifiers score`: a file of rollouts in, verdicts and a summary out."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer
from rich.console import Console

from .console import (
    Interrupts,
    fail,
    load_reward,
    printable,
    stderr,
    stdout,
)
from .options import FirstRows, OneReward

if TYPE_CHECKING:
    from ..distributed import RayScoring
    from ..reward import Reward
    from ..rollouts.batch import Reader
    from ..rollouts.summary import Summary
    from ..score_file import Scoring

    Run: TypeAlias = Scoring | RayScoring

EXIT_CODES = """[bold]Exit codes[/]

  [cyan]0[/]    every row was scored
  [cyan]1[/]    done, but some rows were malformed and left out
  [cyan]2[/]    a wrong command: an option, a file, a column, a missing extra
  [cyan]3[/]    stopped at a malformed row, because of --strict
  [cyan]4[/]    stopped by a fault: the disk is full, the reward raised an exception
  [cyan]130[/]  interrupted; what was written is kept, and --resume goes on"""

#: How many malformed rows are shown; the others are counted.
SHOWN_PROBLEMS = 20

COLUMNS = "Columns"
OUTPUT = "Output"
ENGINE = "Engine"


def score(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Rollouts: .jsonl, .jsonl.gz or .parquet; - reads JSON lines from a pipe; with "
            "--engine ray also a folder of files.",
            show_default=False,
        ),
    ],
    reward: OneReward = "math",
    threads: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Threads for a batch; by default one per core.",
            show_default=False,
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes",
            "-p",
            metavar="N",
            min=1,
            help="Processes for a long file, actors on a cluster; by default one per core.",
            show_default=False,
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(metavar="N", min=1, help="Rows judged at once.")] = 256,
    limit: FirstRows = None,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(
            rich_help_panel=ENGINE,
            help="Processes of this machine, or a Ray cluster.",
        ),
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            rich_help_panel=ENGINE,
            show_default=False,
            help="The head of the cluster; by default $RAY_ADDRESS, or one on this machine.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", metavar="", help="Stop at the first malformed row.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            rich_help_panel=OUTPUT,
            show_default=False,
            help="Write every row with its verdict: .jsonl, .jsonl.gz, .parquet, or - for a pipe.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", metavar="", rich_help_panel=OUTPUT, help="Go on where a run stopped."
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            metavar="",
            rich_help_panel=OUTPUT,
            help="Begin anew although a run is unfinished.",
        ),
    ] = False,
    prefix: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            rich_help_panel=OUTPUT,
            show_default=False,
            help="Put in front of the names of the added columns.",
        ),
    ] = "",
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", metavar="", rich_help_panel=OUTPUT, help="Print the summary as JSON."
        ),
    ] = False,
    completion_column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=COLUMNS,
            show_default=False,
            help="What the model wrote; by default completion, response, output, …",
        ),
    ] = None,
    reference_column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=COLUMNS,
            show_default=False,
            help="What it is checked against; by default solution, answer, ground_truth, …",
        ),
    ] = None,
    source_column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=COLUMNS,
            show_default=False,
            help="The data set; by default source, data_source or dataset.",
        ),
    ] = None,
) -> None:
    """Score a file of rollouts, and sum up.

    Every row keeps its columns and gains reward, status, extracted,
    extracted_from, rule and reason; rows that have all six get new ones.
    A completion is text, chat messages, or a list of either.

    [bold]Examples[/]

      [cyan]verifiers score rollouts.jsonl[/]
      [cyan]verifiers score rollouts.jsonl --out scored.parquet[/]
      [cyan]verifiers score rollouts.jsonl --out scored.jsonl --resume[/]
      [cyan]zcat *.jsonl.gz | verifiers score - --out - > scored.jsonl[/]
      [cyan]verifiers score rollouts/ --engine ray --out scored.parquet[/]
    """
    if as_json and out == "-":
        fail("--json and --out - cannot both have standard output")
    chosen = load_reward(reward, **({} if threads is None else {"threads": threads}))
    problems = _Problems(file if file != "-" else "standard input")
    shared = {
        "reward_name": reward,
        "completion_column": completion_column,
        "reference_column": reference_column,
        "source_column": source_column,
        "prefix": prefix,
        "resume": resume,
        "overwrite": overwrite,
        "on_problem": problems.show,
    }
    with Interrupts() as interrupts:
        run: Run
        if engine == "ray":
            if limit is not None or strict:
                fail("--limit and --strict are for --engine local: a cluster reads in no order")
            run = _open_ray(chosen, file, out, address=address, actors=processes, **shared)
        else:
            if address is not None:
                fail("--address is for --engine ray")
            run = _open(
                chosen,
                file,
                out,
                processes,
                batch_size=batch_size,
                limit=limit,
                strict=strict,
                shield=interrupts.shield,
                **shared,
            )
        code = _run(run, problems)
    problems.finish()
    report = {
        "file": file,
        "out": out,
        "reward": chosen.__name__,
        "sandboxes": _sandboxes(chosen) if engine == "local" else [],
        "complete": run.finished,
        "columns": {
            name: getattr(run.layout, name, None) for name in ("completion", "reference", "source")
        },
        **run.summary.report(),
    }
    if as_json:
        typer.echo(json.dumps(report))
    else:
        from .summary import show_summary

        show_summary(stderr() if out == "-" else stdout(), report)
    if run.resumable:
        problems.say(f"{out} is unfinished: the same command with --resume goes on from here")
    raise typer.Exit(code)


def _open(
    reward: Reward, file: str, out: str | None, processes: int | None, **options: Any
) -> Scoring:
    from ..rollouts import RolloutError
    from ..rollouts.pool import default_processes
    from ..score_file import Scoring

    try:
        return Scoring(
            reward, file, out, processes=processes or default_processes(reward), **options
        )
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    except (ValueError, RolloutError) as error:
        fail(str(error))


def _open_ray(reward: Reward, file: str, out: str | None, **options: Any) -> RayScoring:
    from ..distributed import RayScoring
    from ..rollouts import RolloutError

    if out is None:
        fail("--engine ray writes a file: name it with --out")
    try:
        return RayScoring(reward, file, out, **options)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    except (ValueError, RolloutError) as error:
        fail(str(error))


def _run(scoring: Run, problems: _Problems) -> int:
    """Score the file behind a progress bar, and return the exit code."""
    from ..rollouts import RolloutError
    from ..rollouts.columns import ColumnError
    from ..score_file import StrictStop, WorkerFault

    try:
        with scoring, _progress_bar(scoring.reader, problems.console) as show:
            for summary in scoring.run():
                show(summary)
    except KeyboardInterrupt:
        return 130
    except StrictStop as stop:
        problems.show(stop.problem)
        return 3
    except ColumnError as error:
        fail(f"{scoring.reader.name}: {error}")
    except BrokenPipeError:
        raise  # whoever read our output has had enough; typer leaves quietly
    except (OSError, RolloutError, WorkerFault) as error:
        problems.say(f"error: {error}")
        return 4
    except Exception as error:
        from ..sandboxes import SandboxUnavailable  # loaded by now, if it is one

        if isinstance(error, SandboxUnavailable):
            fail(str(error))
        problems.say(traceback.format_exc())
        return 4
    return 1 if scoring.summary.malformed else 0


def _sandboxes(reward: Reward) -> list[str]:
    """Return the sandboxes that the programs of a reward, or of its parts, were run in."""
    wanted = getattr(reward, "sandbox", None)
    if isinstance(wanted, str):
        from ..code.shared import started_sandbox

        wanted = started_sandbox(wanted, unsafe=getattr(reward, "unsafe", False))
    names = {wanted.name} if wanted is not None else set()
    parts = getattr(reward, "parts", None)
    for part in parts.values() if isinstance(parts, dict) else ():
        names.update(_sandboxes(part))
    return sorted(names)


@contextmanager
def _progress_bar(
    reader: Reader | RayScoring, console: Console
) -> Iterator[Callable[[Summary], None]]:
    """Show how far `reader` is, on a terminal, and give a function to call after each batch."""
    if not console.is_terminal:
        yield lambda summary: None
        return
    from rich import progress

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(None, complete_style="cyan", finished_style="cyan"),
        progress.TaskProgressColumn(),
        progress.TextColumn("[dim]{task.fields[count]}"),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=console, transient=True, expand=True) as bar:
        done, total = reader.progress()
        task = bar.add_task(printable(reader.name, 30), total=total, completed=done, count="")

        def show(summary: Summary) -> None:
            count = f"{summary.rows:,} rows  {summary.rows_per_second or 0:,.0f}/s"
            bar.update(task, completed=reader.progress()[0], count=count)

        yield show


class _Problems:
    """Prints malformed rows on standard error, the first of them."""

    def __init__(self, name: str) -> None:
        self.console = stderr()
        self._name = name
        self._count = 0

    def show(self, problem: Any) -> None:
        self._count += 1
        if self._count <= SHOWN_PROBLEMS:
            self.say(f"{self._name}:{problem.row}: {printable(problem.message, 300)}")

    def finish(self) -> None:
        if self._count > SHOWN_PROBLEMS:
            self.say(f"… and {self._count - SHOWN_PROBLEMS:,} more malformed rows")

    def say(self, line: str) -> None:
        self.console.print(line, style="yellow", markup=False, soft_wrap=True)
