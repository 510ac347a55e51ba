"""What `verifiers doctor` looks at."""

from __future__ import annotations

import importlib
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib import metadata
from typing import NamedTuple

from ..threads import usable_cores

__all__ = ["Check", "all_checks"]

DISTRIBUTION = "rlvr-verifiers"

#: Seconds for a check that asks another program.
PATIENCE = 20

SYMBOLIC_CHECK = r"""
from latex2sympy2_extended import latex2sympy
assert latex2sympy(r"\frac{1}{2}") * 2 == 1
"""

DOCKER_CHECK = """
import docker
client = docker.from_env(timeout=3)
print(client.version()["Version"])
"""

START_DOCKER = "sudo systemctl start docker"
INSTALL_DOCKER = "curl -fsSL https://get.docker.com | sudo sh"

#: Extras for work on this package itself.
OWN_EXTRAS = ("bench", "dev", "test")


class Check(NamedTuple):
    """What one check found.

    Attributes:
        name: what was looked at.
        state: `ok`, `missing` (optional, not there) or `bad` (needed, not working).
        detail: what was found.
        remedy: the command, or the step, that would help.
    """

    name: str
    state: str
    detail: str
    remedy: str | None = None


def all_checks() -> list[Check]:
    """Look at everything, and return what was found."""
    return [
        *versions(),
        native_core(),
        cores(),
        symbolic(),
        docker(),
        sandbox(),
        *extras(),
        *conflicts(),
    ]


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _ask(code: str) -> tuple[bool, str]:
    """Run `code` in a Python of its own, and return whether it succeeded and its last line."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return False, f"no reply within {PATIENCE} seconds"
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode == 0, lines[-1] if lines else f"exit code {done.returncode}"


def versions() -> list[Check]:
    ours = _version(DISTRIBUTION)
    package = (
        Check("verifiers", "ok", f"{DISTRIBUTION} {ours}")
        if ours
        else Check("verifiers", "bad", "imported, but not installed", f"pip install {DISTRIBUTION}")
    )
    python = f"{platform.python_version()}, {sys.executable}"
    system = f"{platform.platform()}, {platform.machine()}"
    return [package, Check("python", "ok", python), Check("system", "ok", system)]


def native_core() -> Check:
    remedy = (
        f"pip install --force-reinstall --no-deps {DISTRIBUTION}   (in a checkout: make native)"
    )
    try:
        core = importlib.import_module("verifiers._core")
        from ..resolve import resolve

        verdict = resolve("math").verdicts(["\\boxed{\\frac{1}{2}}"], solution=["1/2"])[0]
    except Exception as error:
        return Check("C core", "bad", f"{type(error).__name__}: {error}", remedy)
    if not verdict.correct:
        return Check("C core", "bad", f"1/2 is not 1/2: {verdict.reason}", remedy)
    return Check("C core", "ok", f"loaded and working, {core.__file__}")


def cores() -> Check:
    total = os.cpu_count() or 1
    usable = usable_cores()
    return Check(
        "cores", "ok", f"{usable} of {total} may be used; a batch is judged by as many, up to eight"
    )


def symbolic() -> Check:
    names = ("sympy", "latex2sympy2_extended", "antlr4-python3-runtime")
    remedy = "pip install 'latex2sympy2_extended[antlr4_13_2]' sympy"
    detail = ", ".join(f"{name} {_version(name) or 'missing'}" for name in names)
    works, reply = _ask(SYMBOLIC_CHECK)
    if not works:
        return Check("symbolic tier", "bad", f"{detail}\n{reply}", remedy)
    return Check("symbolic tier", "ok", detail)


def docker() -> Check:
    """Whether programs can be run in Docker; needed for rewards that run code only."""
    client = _version("docker")
    if client is None:
        return Check(
            "Docker", "missing", "the Python client is not installed", "pip install docker"
        )
    works, reply = _ask(DOCKER_CHECK)
    if works:
        return Check("Docker", "ok", f"client {client}, engine {reply}")
    if "Permission denied" in reply:
        reason, remedy = (
            "you may not use the engine",
            'sudo usermod -aG docker "$USER"   (then log in again)',
        )
    elif "No such file" in reply or "Connection refused" in reply:
        installed = shutil.which("docker") or shutil.which("dockerd")
        reason = "no engine is running" if installed else "no engine is installed"
        remedy = START_DOCKER if installed else INSTALL_DOCKER
    else:
        reason, remedy = reply, "docker info"
    return Check("Docker", "missing", f"client {client}, but {reason}", remedy)


def sandbox() -> Check:
    """Whether programs can be run in any sandbox, found out by running one in each."""
    from ..sandboxes.trial import try_all

    trials = try_all()
    taken = next((trial.name for trial in trials if trial.works), None)
    lines = [f"{trial.name}: {'works' if trial.works else trial.detail}" for trial in trials]
    if taken is None:
        detail = "none works, so rewards cannot run programs\n" + "\n".join(lines)
        return Check("sandbox", "missing", detail, "verifiers sandbox build")
    if taken == "docker":
        return Check("sandbox", "ok", f"programs run in {taken}")
    return Check("sandbox", "ok", f"programs run in {taken}\n{lines[0]}")


def extras() -> list[Check]:
    """One check per extra that the installed distribution declares."""
    try:
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    extras: dict[str, list[str]] = {}
    for requirement in requirements:
        found = re.match(r"""([\w.-]+).*extra\s*==\s*['"]([^'"]+)""", requirement)
        older = re.search(r"""python_version\s*<\s*['"]3\.(\d+)""", requirement)
        if older and sys.version_info >= (3, int(older[1])):
            continue
        if found and found[2] not in OWN_EXTRAS:
            extras.setdefault(found[2], []).append(found[1])
    checks = []
    for extra, names in extras.items():
        versions = {name: _version(name) for name in names}
        detail = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
        if all(versions.values()):
            checks.append(Check(f"extra {extra}", "ok", detail))
        else:
            command = f"pip install '{DISTRIBUTION}[{extra}]'"
            checks.append(Check(f"extra {extra}", "missing", detail, command))
    return checks


def conflicts() -> list[Check]:
    """The other distribution that owns the import name `verifiers`."""
    other = _version("verifiers")
    if other is None:
        return []
    return [
        Check(
            "name conflict",
            "bad",
            f"the distribution 'verifiers' {other} is another project with the same import name; "
            "the two overwrite each other's files",
            f"pip uninstall -y verifiers && pip install --force-reinstall --no-deps {DISTRIBUTION}",
        )
    ]
