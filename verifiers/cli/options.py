"""Arguments and options that several commands take: one word, one help text."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from ..resolve import BUILT_IN_REWARDS
from .console import completer

__all__ = ["AsJson", "FirstRows", "OneReward", "ScoredFile", "ScoredPrefix"]

OneReward: TypeAlias = Annotated[
    str,
    typer.Option(
        "--reward",
        "-r",
        metavar="NAME",
        help=f"{', '.join(BUILT_IN_REWARDS)}; a .toml or .yaml file, or module:object of your own.",
        autocompletion=completer(BUILT_IN_REWARDS),
    ),
]

FirstRows: TypeAlias = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=1, help="Only the first N rows.", show_default=False),
]

AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", metavar="", help="Print JSON, for another program.")
]

ScoredFile: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="What score --out wrote: .jsonl, .jsonl.gz or .parquet.",
        show_default=False,
    ),
]

ScoredPrefix: TypeAlias = Annotated[
    str,
    typer.Option(
        "--prefix",
        metavar="TEXT",
        show_default=False,
        help="What score --prefix put in front of its columns.",
    ),
]
