"""`verifiers adapter`: the file that a trainer is given."""

from __future__ import annotations

import ast
import importlib
import json
import pprint
import shlex
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..adapters import HOSTS
from .console import completer, fail, load_reward, stdout
from .options import AsJson, OneReward

EXIT_CODES = """[bold]Exit codes[/]

  [cyan]0[/]  printed
  [cyan]2[/]  a wrong command: the host, the reward"""


def adapter(
    host: Annotated[
        str | None,
        typer.Argument(
            metavar="HOST",
            help=f"{', '.join(HOSTS)}.",
            show_default=False,
            autocompletion=completer(HOSTS),
        ),
    ] = None,
    reward: OneReward = "math",
    list_all: Annotated[
        bool, typer.Option("--list", metavar="", help="Show every host, and how it takes the file.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the file that hands a reward to a trainer.

    What a .toml or .yaml file says is copied into it, so that it stands alone
    wherever this package is installed. It begins with how the trainer takes it.

    [bold]Examples[/]

      [cyan]verifiers adapter --list[/]
      [cyan]verifiers adapter openrlhf --reward math > reward.py[/]
      [cyan]verifiers adapter verl --reward rewards.toml > reward.py[/]
    """
    if list_all:
        _list(as_json)
        return
    if host is None:
        fail("name a host, or list them with --list")
    if host not in HOSTS:
        fail(f"no host {host!r}: use {', '.join(HOSTS)}")
    load_reward(reward)  # a wrong one is refused here, not on the first batch
    text = _file(host, reward)
    if as_json:
        typer.echo(json.dumps({"host": host, "reward": reward, "file": text}))
    else:
        typer.echo(text, nl=False)


def _file(host: str, reward: str) -> str:
    from ..spec import SUFFIXES, read_table

    if reward.endswith(SUFFIXES):
        literal = pprint.pformat(read_table(reward), width=88, sort_dicts=False)
    else:
        literal = json.dumps(reward)
    module = importlib.import_module(f"verifiers.adapters.{host.replace('-', '_')}")
    text: str = module.FILE.format(
        reward=literal,
        reward_option=shlex.quote(reward),
        path="reward.py",
        module="reward",
    )
    return text


def _list(as_json: bool) -> None:
    """Show the hosts, each with what its file says at its beginning."""
    hosts = {host: ast.get_docstring(ast.parse(_file(host, "math"))) or "" for host in HOSTS}
    if as_json:
        typer.echo(json.dumps([{"host": host, "usage": usage} for host, usage in hosts.items()]))
        return
    table = Table.grid(padding=(0, 3, 1, 0))
    table.add_column(style="cyan", no_wrap=True)
    for host, usage in hosts.items():
        table.add_row(host, Text(usage))
    stdout().print(Padding(table, (1, 2, 0, 2), expand=False))
