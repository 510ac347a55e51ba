"""Whether the sandboxes work on this machine, found out by running a program in each."""

from __future__ import annotations

import time
from typing import NamedTuple

from .choose import AUTOMATIC, local_sandbox
from .errors import SandboxUnavailable
from .local import SLOTS_PER_RUNNER, LocalSandbox

__all__ = ["Trial", "try_all", "try_sandbox"]


class Trial(NamedTuple):
    """How a sandbox did.

    Attributes:
        name: of the sandbox.
        works: whether a program ran in it and said what it should.
        detail: how it keeps programs apart and what it runs, or what is wrong.
        seconds: from nothing to the first result.
    """

    name: str
    works: bool
    detail: str
    seconds: float


def try_all() -> list[Trial]:
    """Try all sandboxes that `auto` chooses from, best first."""
    return [try_sandbox(name) for name in AUTOMATIC]


def try_sandbox(name: str) -> Trial:
    """Start a sandbox, which runs programs with known results before it takes others."""
    began = time.monotonic()
    sandbox = local_sandbox(name, 1, SLOTS_PER_RUNNER, {})
    try:
        sandbox.start()
        return Trial(name, True, _description(sandbox), time.monotonic() - began)
    except SandboxUnavailable as error:
        return Trial(name, False, str(error), time.monotonic() - began)
    finally:
        sandbox.close()


def _description(sandbox: LocalSandbox) -> str:
    isolation = ", ".join(name for name, how in sandbox.isolation.items() if how)
    languages = ", ".join(f"{name} {number}" for name, number in sandbox.languages.items())
    return f"{isolation}\n{languages}"
