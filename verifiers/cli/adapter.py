"""`verifiers adapter`: the file that a trainer is given."""

from __future__ import annotations

import importlib
import json
import pprint
import shlex
from typing import Annotated

import typer

from .console import fail, load_reward
from .options import OneReward

EXIT_CODES = """[bold]Exit codes[/]

  [cyan]0[/]  printed
  [cyan]2[/]  a wrong command: the host, the reward"""


def adapter(
    host: Annotated[
        str,
        typer.Argument(
            metavar="HOST",
            help="trl, openrlhf, verl, skyrl-gym, nemo-gym, ms-swift, easyr1, areal, rllm, prime.",
            show_default=False,
        ),
    ],
    reward: OneReward = "math",
) -> None:
    """Print the file that hands a reward to a trainer.

    What a .toml or .yaml file says is copied into it, so that it stands alone
    wherever this package is installed. It begins with how the trainer takes it.

    [bold]Examples[/]

      [cyan]verifiers adapter openrlhf --reward math > reward.py[/]
      [cyan]verifiers adapter verl --reward rewards.toml > reward.py[/]
    """
    from ..adapters import HOSTS
    from ..spec import SUFFIXES, read_table

    if host not in HOSTS:
        fail(f"no host {host!r}: use {', '.join(HOSTS)}")
    load_reward(reward)  # a wrong one is refused here, not on the first batch
    if reward.endswith(SUFFIXES):
        literal = pprint.pformat(read_table(reward), width=88, sort_dicts=False)
    else:
        literal = json.dumps(reward)
    module = importlib.import_module(f"verifiers.adapters.{host.replace('-', '_')}")
    text = module.FILE.format(
        reward=literal,
        reward_option=shlex.quote(reward),
        path="reward.py",
        module="reward",
    )
    typer.echo(text, nl=False)
