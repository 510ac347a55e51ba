"""The command line: `verifiers --help` lists the commands; each has examples in its own help.

Exit codes: 0 done, 2 a wrong command, 130 interrupted; what 1, 3 and 4 mean stands in the help of
each command.
"""

from __future__ import annotations

from typing import Annotated

import typer

from . import (
    adapter,
    audit,
    compare,
    doctor,
    explain,
    metrics,
    report,
    sandbox,
    score,
    serve,
    train,
)

__all__ = ["app", "main"]

app = typer.Typer(
    name="verifiers",
    help="Rule-based rewards for reasoning models: score completions, and see why.",
    epilog="Start with  [cyan]verifiers score rollouts.jsonl[/]  and "
    "[cyan]verifiers explain 1/2 'so it is \\boxed{0.5}'[/]",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog=score.EXIT_CODES, no_args_is_help=True)(score.score)
# A negative number is an answer, not an option.
app.command(
    epilog=explain.EXIT_CODES,
    no_args_is_help=True,
    context_settings={"ignore_unknown_options": True},
)(explain.explain)
app.command(epilog=compare.EXIT_CODES, no_args_is_help=True)(compare.compare)
app.command(epilog=metrics.EXIT_CODES, no_args_is_help=True)(metrics.metrics)
app.command(epilog=report.EXIT_CODES, no_args_is_help=True)(report.report)
app.command(epilog=audit.EXIT_CODES, no_args_is_help=True)(audit.audit)
app.command(epilog=serve.EXIT_CODES)(serve.serve)
app.command(epilog=adapter.EXIT_CODES, no_args_is_help=True)(adapter.adapter)
app.command(epilog=train.EXIT_CODES, no_args_is_help=True)(train.train)
app.command(epilog=doctor.EXIT_CODES)(doctor.doctor)
app.add_typer(sandbox.app)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"rlvr-verifiers {version('rlvr-verifiers')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            callback=_show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    app(prog_name="verifiers")
