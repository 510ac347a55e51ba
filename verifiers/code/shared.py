"""One sandbox for all rewards of a process, started when it is first needed."""

from __future__ import annotations

import os
import threading

from ..sandboxes import Sandbox, open_sandbox

__all__ = ["shared_sandbox", "started_sandbox"]

_lock = threading.Lock()
_open: dict[tuple[str, bool], Sandbox] = {}


def shared_sandbox(name: str, *, unsafe: bool = False) -> Sandbox:
    """Return the sandbox of this name; it ends with the process, and begins anew in a forked one.

    Raises:
        SandboxUnavailable: if it has never worked on this machine; the message says what would
            help. One that fails later says so in its results.
    """
    key = (name, unsafe)
    with _lock:
        if key not in _open:
            sandbox = open_sandbox(name, unsafe=unsafe)
            sandbox.start()
            _open[key] = sandbox
        return _open[key]


def started_sandbox(name: str, *, unsafe: bool = False) -> Sandbox | None:
    """Return the sandbox of this name if it has been started, to tell what `auto` chose."""
    with _lock:
        return _open.get((name, unsafe))


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.Lock()  # another thread of the parent may have held it


os.register_at_fork(after_in_child=_after_fork_in_child)
