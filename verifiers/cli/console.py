"""What the commands share: two consoles, one set of colours, text that is safe to print."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..resolve import resolve
from ..reward import Reward

__all__ = [
    "STATUS_STYLES",
    "Interrupts",
    "completer",
    "duration",
    "fail",
    "load_reward",
    "plain_table",
    "printable",
    "share",
    "stderr",
    "stdout",
]

STATUS_STYLES = {
    "correct": "green",
    "partial": "yellow",
    "wrong": "red",
    "no_answer": "magenta",
    "bad_reference": "cyan",
    "error": "bold red",
}

USAGE = 2


def stdout() -> Console:
    """Return the console for results; without colour unless it is a terminal."""
    return Console(highlight=False)


def stderr() -> Console:
    """Return the console for progress and complaints."""
    return Console(stderr=True, highlight=False)


def fail(message: str, code: int = USAGE) -> NoReturn:
    """Print what is wrong and leave with `code`."""
    line = Text.assemble(("error: ", "bold red"), printable(message))
    stderr().print(line, soft_wrap=True)
    raise typer.Exit(code)


def load_reward(spec: str, **options: Any) -> Reward:
    """Return the reward that the user named; its module may lie in the current directory."""
    if "" not in sys.path:
        sys.path.append("")  # last, so that what is installed comes before what lies about
    try:
        return resolve(spec, **options)
    except (ValueError, ImportError) as error:
        fail(f"--reward: {error}")


def completer(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Return a function that gives those of `names` that a word may become, for shells."""
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


def printable(text: str, limit: int | None = None) -> str:
    """Return `text` so that a terminal shows it and obeys nothing in it.

    Args:
        text: anything a model may have written.
        limit: at most this many characters, then an ellipsis.

    >>> printable("a\\x1b[31mb\\n")
    'a\\\\x1b[31mb\\n'
    """
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isprintable():
        return text
    return "".join(
        char
        if char.isprintable() or char in "\n\t" or char == "\u3000"
        else char.encode("unicode_escape").decode()
        for char in text
    )


def duration(seconds: float) -> str:
    """Return a length of time for a person.

    >>> duration(0.00002), duration(0.25), duration(3.14), duration(200)
    ('20 µs', '250 ms', '3.1 s', '3 min 20 s')
    """
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def plain_table(*columns: str, text_columns: int = 1) -> Table:
    """Return an empty table; the columns after `text_columns` are figures."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.header_style = table.border_style = "dim"
    for index, column in enumerate(columns):
        justify = "left" if index < text_columns else "right"
        table.add_column(column, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    return table


def share(count: int, total: int) -> str:
    """Return a part as a percentage, nothing where there is no whole."""
    return f"{100 * count / total:.1f} %" if total else ""


class Interrupts:
    """Ctrl-C and SIGTERM, both as `KeyboardInterrupt`, but never inside `shield()`.

    What must not be cut in two runs inside the shield; an interrupt that comes meanwhile is raised
    at its end.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self._shielded = False
        self._waiting = False

    def __enter__(self) -> Interrupts:
        self._before = {number: signal.signal(number, self._handle) for number in self.SIGNALS}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: object) -> None:
        if self._shielded:
            self._waiting = True
        else:
            raise KeyboardInterrupt

    @contextmanager
    def shield(self) -> Iterator[None]:
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False
        if self._waiting:
            self._waiting = False
            raise KeyboardInterrupt
