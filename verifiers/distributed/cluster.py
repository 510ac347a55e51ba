"""The connection to Ray, which is an extra."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from ..rollouts import RolloutError

__all__ = ["connect", "node_cpus"]


def connect(address: str | None = None) -> Any:
    """Connect to a cluster, or start one on this machine, and return the module `ray`.

    Args:
        address: of the head, or `auto`; by default the cluster that this process is connected to,
            that of `RAY_ADDRESS`, or a new one.

    Raises:
        RolloutError: if Ray is not installed or does not start, or there is no such cluster.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise RolloutError(
            "--engine ray needs Ray, which is not installed: pip install 'rlvr-verifiers[ray]'"
        ) from error
    if ray.is_initialized():
        return ray
    # Ray says much of its own; what concerns the caller comes as an exception.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    # A reward of the user's own may lie where this process finds it.
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    try:
        ray.init(
            address,
            runtime_env={
                "env_vars": {"PYTHONPATH": path},
                "worker_process_setup_hook": import_this_package,
            },
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except ConnectionError as error:
        raise RolloutError(f"there is no Ray cluster at {address}: {error}") from error
    except Exception as error:  # Ray raises it bare, for a node that does not come up in time
        raise RolloutError(f"Ray did not start: {error}") from error
    return ray


def import_this_package() -> None:
    """Import, at the start of a worker, the package that this process has.

    Ray then puts the working directory first, where there may be a checkout without its C core.
    """
    import verifiers  # noqa: F401


def node_cpus(ray: Any) -> list[int]:
    """Return the CPUs of each node that is alive and has any."""
    counts = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    return [count for count in counts if count > 0] or [1]
