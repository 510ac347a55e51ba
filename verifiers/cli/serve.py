"""`verifiers serve`: rewards and a sandbox over HTTP."""

from __future__ import annotations

import ipaddress
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.text import Text

from .console import completer, fail, load_reward, stderr
from .options import AsJson, OneReward

if TYPE_CHECKING:
    from ..sandboxes.sandbox import Sandbox

EXIT_CODES = """[bold]Exit codes[/]

  [cyan]0[/]  told to stop, and every accepted request was answered
  [cyan]1[/]  the same, but a reward never returned
  [cyan]2[/]  a wrong command: an option, the address, a missing extra"""

TOKEN_VARIABLE = "VERIFIERS_TOKEN"
LIMITS = "Limits"
SANDBOXES = ("none", "auto", "docker", "bubblewrap", "landlock")


def serve(
    reward: OneReward = "math",
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="0 takes a free one.")
    ] = 8000,
    sandbox: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"What runs programs for /run_code: {', '.join(SANDBOXES)}.",
            autocompletion=completer(SANDBOXES),
        ),
    ] = "none",
    unsafe: Annotated[
        bool,
        typer.Option(
            "--unsafe", metavar="", help="Allow --sandbox unsafe, which confines nothing."
        ),
    ] = False,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help=f"Holds the token that clients must show; by default ${TOKEN_VARIABLE}.",
        ),
    ] = None,
    no_token: Annotated[
        bool,
        typer.Option("--no-token", metavar="", help="Let everyone in who reaches the address."),
    ] = False,
    unscored: Annotated[
        float,
        typer.Option(
            metavar="X", help="The number for unscored completions where OpenRLHF needs one."
        ),
    ] = 0.0,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            rich_help_panel=LIMITS,
            show_default=False,
            help="Requests judged at one time; by default one per core.",
        ),
    ] = None,
    queue: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, rich_help_panel=LIMITS, help="Requests that may wait; then 504."
        ),
    ] = 256,
    queue_seconds: Annotated[
        float,
        typer.Option(
            metavar="S", min=0.001, rich_help_panel=LIMITS, help="How long one waits; then 504."
        ),
    ] = 8.0,
    body_megabytes: Annotated[
        int, typer.Option(metavar="N", min=1, rich_help_panel=LIMITS, help="The longest body.")
    ] = 64,
    body_seconds: Annotated[
        float,
        typer.Option(
            metavar="S", min=0.001, rich_help_panel=LIMITS, help="How long a body may take."
        ),
    ] = 30.0,
    batch_rows: Annotated[
        int, typer.Option(metavar="N", min=1, rich_help_panel=LIMITS, help="The largest batch.")
    ] = 16_384,
    judge_seconds: Annotated[
        float,
        typer.Option(
            metavar="S",
            min=0.001,
            rich_help_panel=LIMITS,
            help="How long the reward may take for one request; then 504.",
        ),
    ] = 300.0,
    run_seconds: Annotated[
        float,
        typer.Option(
            metavar="S",
            min=0.001,
            rich_help_panel=LIMITS,
            help="The longest time limit that a program may ask for.",
        ),
    ] = 300.0,
    shutdown_seconds: Annotated[
        float,
        typer.Option(
            metavar="S",
            min=0,
            rich_help_panel=LIMITS,
            help="How long accepted requests may take after the order to stop.",
        ),
    ] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Serve rewards, and a sandbox, over HTTP.

    POST /score judges batches; /get_reward answers OpenRLHF, /verify NeMo-Gym,
    /run_code what asks SandboxFusion; GET /health, /ready, /metrics and
    /openapi.json. The log is one JSON object a line, without completions;
    with --json, standard output says once where it listens.

    [bold]Examples[/]

      [cyan]verifiers serve[/]
      [cyan]verifiers serve --reward rewards.toml --sandbox auto[/]
      [cyan]VERIFIERS_TOKEN=… verifiers serve --host 0.0.0.0[/]
      [cyan]verifiers serve --port 0 --json[/]
    """
    token = _token(token_file)
    if token is None and not no_token and not _is_local(host):
        fail(
            f"{host} can be reached by others: set ${TOKEN_VARIABLE} or --token-file, or say "
            "--no-token"
        )
    chosen = load_reward(reward)
    try:
        from ..server.serve import listen, serve as run
        from ..server.settings import Settings
    except ModuleNotFoundError as error:
        _missing(error)
    settings = Settings(
        token=None if no_token else token,
        body_bytes=body_megabytes << 20,
        body_seconds=body_seconds,
        batch_rows=batch_rows,
        queue=queue,
        queue_seconds=queue_seconds,
        unscored=unscored,
        judge_seconds=judge_seconds,
        run_seconds=run_seconds,
        shutdown_seconds=shutdown_seconds,
        **({} if workers is None else {"workers": workers}),
    )
    backend = _sandbox(sandbox, unsafe)
    try:
        listener = listen(host, port)
    except OSError as error:
        fail(f"cannot listen on {host}:{port}: {error.strerror or error}")
    console = stderr()
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}"
    if as_json:
        facts = {
            "address": address,
            "reward": chosen.__name__,
            "sandbox": backend.name if backend else None,
            "token": settings.token is not None,
        }
        print(json.dumps(facts), flush=True)
    elif console.is_terminal:
        console.print(
            Text.assemble((chosen.__name__, "bold"), "  at  ", (address, "cyan"), "  ctrl-c stops")
        )
    run(chosen, listener, sandbox=backend, settings=settings)


def _token(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    if not token:
        fail(f"{file} is empty: put the token there")
    return token


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _sandbox(name: str, unsafe: bool) -> Sandbox | None:
    if name == "none":
        return None
    from ..sandboxes import SandboxUnavailable, open_sandbox

    try:
        sandbox = open_sandbox(name, unsafe=unsafe)
        sandbox.start()
        return sandbox
    except (ValueError, SandboxUnavailable) as error:
        fail(f"--sandbox: {error}")


def _missing(error: ModuleNotFoundError) -> NoReturn:
    command = "pip install 'rlvr-verifiers[server]'"
    fail(f"the server needs {error.name}, which is not installed: {command}")
