"""`verifiers sandbox`: build the image that programs run in, and see which sandbox works."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .console import duration, fail, printable, stderr, stdout
from .options import AsJson

EXIT_CODES = """[bold]Exit codes[/]

  [cyan]0[/]  done
  [cyan]1[/]  it failed, or no sandbox works here
  [cyan]2[/]  a wrong command"""

app = typer.Typer(
    name="sandbox",
    help="Where programs that a model wrote are run: build the image, see what works.",
    epilog="Start with  [cyan]verifiers sandbox status[/]",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Languages = Annotated[
    list[str] | None,
    typer.Option(
        "--language",
        "-l",
        metavar="NAME",
        show_default=False,
        help="Also java, go or rust; may be repeated.",
    ),
]


@app.command(epilog=EXIT_CODES)
def build(
    from_rootfs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            show_default=False,
            help="Start from this tar of a root file system; nothing is downloaded.",
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="IMAGE", show_default=False, help="Start from this image, not python:3.12-slim."
        ),
    ] = None,
    language: Languages = None,
    as_json: AsJson = False,
) -> None:
    """Build the Docker image that programs run in.

    Its tag is a hash of its content, so another version of this package
    builds another image.

    [bold]Examples[/]

      [cyan]verifiers sandbox build[/]
      [cyan]verifiers sandbox build --language java --language go[/]

      [dim]Where no image registry answers:[/]
      [cyan]verifiers sandbox rootfs rootfs.tar[/]
      [cyan]verifiers sandbox build --from-rootfs rootfs.tar[/]
    """
    from ..sandboxes.engine import connect
    from ..sandboxes.errors import SandboxError
    from ..sandboxes.image import BASE, build_image, import_base

    if from_rootfs and base:
        fail("--from-rootfs and --base exclude each other")
    try:
        client = connect()
        if from_rootfs:
            base = import_base(client, from_rootfs)
        built = build_image(
            client,
            base=base or BASE,
            languages=language or (),
            offline=from_rootfs is not None,
            report=lambda line: stderr().print(printable(line), style="dim", markup=False),
        )
    except ValueError as error:
        fail(str(error))
    except (SandboxError, OSError) as error:
        fail(str(error), 1)
    if as_json:
        added = list(built.languages)
        typer.echo(json.dumps({"tag": built.tag, "added_languages": added, "bytes": built.size}))
        return
    said = ", ".join(("the default languages", *built.languages))
    stdout().print(f"{built.tag}: {said}, {built.size / 1e6:.0f} MB")


@app.command(epilog=EXIT_CODES)
def rootfs(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The tar file to write.")],
    language: Languages = None,
    as_json: AsJson = False,
) -> None:
    """Make a root file system for the image, with mmdebstrap.

    For machines that no image registry answers; needs mmdebstrap and a
    mirror of Debian's packages.

    [bold]Examples[/]

      [cyan]verifiers sandbox rootfs rootfs.tar[/]
      [cyan]verifiers sandbox rootfs rootfs.tar --language java[/]
    """
    with as_file(files("verifiers._sandbox") / "image") as image:
        script = image / "make_rootfs.sh"
        command = ["bash", str(script), str(out), *(language or ())]
        done = subprocess.run(command, check=False, stdout=sys.stderr)
    if done.returncode:
        fail(f"{out} was not made", done.returncode)
    size = out.stat().st_size
    if as_json:
        typer.echo(json.dumps({"out": str(out), "bytes": size}))
    else:
        stdout().print(f"{out}: {size / 1e6:.0f} MB")


@app.command(epilog=EXIT_CODES)
def status(
    as_json: AsJson = False,
) -> None:
    """Run a program in every sandbox, and say which work and which one is taken.

    [bold]Examples[/]

      [cyan]verifiers sandbox status[/]
      [cyan]verifiers sandbox status --json | jq -r .taken[/]
    """
    from ..sandboxes.trial import try_all

    trials = try_all()
    taken = next((trial.name for trial in trials if trial.works), None)
    if as_json:
        typer.echo(json.dumps({"taken": taken, "trials": [trial._asdict() for trial in trials]}))
    else:
        table = Table.grid(padding=(0, 2))
        for trial in trials:
            mark = Text("✓", "green") if trial.works else Text("·", "dim")
            detail = Text(printable(trial.detail), "" if trial.works else "dim")
            if trial.works:
                detail.append(f"\nfirst verdict after {duration(trial.seconds)}", "dim")
            table.add_row(mark, trial.name, detail)
        stdout().print(Padding(table, (1, 2), expand=False))
        said = f'sandbox="auto" takes {taken}' if taken else 'sandbox="auto" finds none that works'
        stdout().print(f"  {said}\n")
    raise typer.Exit(0 if taken else 1)


@app.command(epilog=EXIT_CODES)
def clean(as_json: AsJson = False) -> None:
    """Remove containers that dead processes left, and images of other versions.

    [bold]Examples[/]

      [cyan]verifiers sandbox clean[/]
    """
    from ..sandboxes.engine import connect, remove_leftovers
    from ..sandboxes.errors import SandboxError
    from ..sandboxes.image import remove_other_images

    try:
        client = connect()
        containers = remove_leftovers(client)
        images = remove_other_images(client)
    except SandboxError as error:
        fail(str(error), 1)
    if as_json:
        typer.echo(json.dumps({"containers": containers, "images": images}))
    else:
        stdout().print(f"removed {containers} containers and {len(images)} images")
