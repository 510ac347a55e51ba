"""`verifiers train`: a recipe in, every stage of the pipeline out."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from .console import Interrupts, completer, fail, stderr, stdout
from .options import AsJson

EXIT_CODES = """[bold]Exit codes[/]

  [cyan]0[/]    every stage asked for is finished
  [cyan]2[/]    a wrong command: a recipe, a stage, a missing extra
  [cyan]3[/]    an artefact is missing or damaged; the message names it
  [cyan]130[/]  interrupted; --resume goes on"""

RECIPES = ("smoke", "toy", "small-gpu", "qwen")

#: What the extra `train` installs and a run imports.
_NEEDED = ("datasets", "jinja2", "matplotlib", "tensorboard", "torch", "transformers", "trl")


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE",
            help=f"{', '.join(RECIPES)}, or a .toml file of your own.",
            autocompletion=completer(RECIPES),
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The folder of the run.")],
    stage: Annotated[
        list[str] | None,
        typer.Option(
            "--stage",
            "-s",
            metavar="NAME",
            help="Only this stage; may be given several times.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of everything random.")] = 0,
    resume: Annotated[
        bool,
        typer.Option("--resume", metavar="", help="Skip finished stages, go on where it stopped."),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", metavar="", help="Run stages anew although they are finished."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a model through all stages of DeepSeek-R1, with these rewards.

    The stages are base, zero, cold_start, reasoning, rejection, scenarios,
    distillation, studies, code, evaluation and report. Each leaves a folder
    in DIR; the last one writes report.html. With --json the progress goes to
    standard error, and what each finished stage noted to standard output.

    [bold]Examples[/]

      [cyan]verifiers train smoke --out runs/smoke[/]
      [cyan]verifiers train toy --out runs/toy --seed 1 --resume[/]
      [cyan]verifiers train toy --out runs/toy --stage zero --overwrite[/]
      [cyan]tensorboard --logdir runs/toy/tensorboard[/]
    """
    if resume and overwrite:
        fail("--resume keeps finished stages, --overwrite does not: give one of them")
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        fail(f"no {', '.join(missing)}: training needs  pip install 'rlvr-verifiers[train]'")
    # So small models lose by a second thread; a number set by the user is kept.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from ..trainer.artefacts import ArtefactError, StageFolder
    from ..trainer.live import Live
    from ..trainer.pipeline import STAGES, run_pipeline
    from ..trainer.recipe import RecipeError, load_recipe

    try:
        chosen = load_recipe(recipe)
        with Interrupts(), Live(stderr() if as_json else stdout()) as live:
            if chosen.not_run:
                live.say(f"{recipe}: {chosen.not_run}")
            run_pipeline(
                chosen,
                out,
                live=live,
                seed=seed,
                stages=stage or STAGES,
                resume=resume,
                overwrite=overwrite,
            )
    except RecipeError as error:
        fail(str(error))
    except ArtefactError as error:
        fail(str(error), 3)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if as_json:
        folders = [StageFolder(out, name) for name in STAGES]
        stages = {folder.stage: folder.facts() for folder in folders if folder.finished}
        typer.echo(json.dumps({"out": str(out), "recipe": recipe, "seed": seed, "stages": stages}))
