"""The Docker engine: a connection to it, and the containers that dead processes left behind."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Any

from .errors import SandboxUnavailable

__all__ = ["LABEL_OWNER", "LABEL_PLACE", "connect", "owner_labels", "remove_leftovers"]

LABEL_PLACE = "verifiers.sandbox.place"
LABEL_OWNER = "verifiers.sandbox.owner"

SOCKET = "/var/run/docker.sock"
INSTALL = "apt-get install docker.io, or curl -fsSL https://get.docker.com | sudo sh"
START = "sudo systemctl start docker, or sudo dockerd &"


#: Seconds for an engine to show that it is there, and for what it does later.
PING_SECONDS = 10.0
CALL_SECONDS = 60.0


def connect() -> Any:
    """Return a `docker.DockerClient` for the engine that the environment names.

    Raises:
        SandboxUnavailable: if none answers; the message says what would help.
    """
    import docker
    import docker.errors

    client = None
    try:
        _knock()
        client = docker.from_env(timeout=PING_SECONDS)
        client.ping()
        client.api.timeout = CALL_SECONDS
    except (docker.errors.DockerException, OSError) as error:
        if client is not None:
            client.close()
        raise SandboxUnavailable(_reason(str(error))) from error
    return client


def _knock() -> None:
    """See that somebody listens; the SDK, if nobody does, leaves a socket open.

    Raises:
        OSError: if not.
    """
    where = os.environ.get("DOCKER_HOST") or f"unix://{SOCKET}"
    if where.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(PING_SECONDS)
            knocking.connect(where.removeprefix("unix://"))


def _reason(error: str) -> str:
    where = os.environ.get("DOCKER_HOST") or SOCKET
    if "Permission denied" in error:
        return (
            f"you may not use the Docker engine at {where}: "
            'sudo usermod -aG docker "$USER", then log in again'
        )
    if "FileNotFoundError" in error or "No such file" in error:
        return f"no Docker engine at {where}: install one ({INSTALL}) or start it ({START})"
    if "Connection refused" in error or "ConnectionRefusedError" in error:
        return f"the Docker engine at {where} does not run: {START}"
    return f"the Docker engine at {where} does not answer: {error}"


def owner_labels() -> dict[str, str]:
    """Return the labels that say which process a container belongs to."""
    return {LABEL_PLACE: _place(), LABEL_OWNER: f"{os.getpid()} {_started(os.getpid())}"}


def remove_leftovers(client: Any) -> int:
    """Remove the containers of processes that no longer run here, and return how many there were.

    A container ends by itself when its owner dies; this is for those that an engine in trouble
    kept. Owners in another place (machine or process namespace) are not judged.
    """
    import docker.errors

    removed = 0
    for container in client.containers.list(
        all=True, filters={"label": f"{LABEL_PLACE}={_place()}"}, ignore_removed=True
    ):
        pid, _, started = container.labels.get(LABEL_OWNER, "").partition(" ")
        if pid.isdecimal() and _started(int(pid)) == started:
            continue
        with contextlib.suppress(docker.errors.DockerException):  # another process was faster
            container.remove(force=True)
            removed += 1
    return removed


def _place() -> str:
    """Where process numbers mean what they mean here: this boot, this process namespace."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return "unknown"


def _started(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty if there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # After the name in brackets, which may hold anything: state is field 3.
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return ""
    # A zombie is still in the table, but owns nothing any more.
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()
