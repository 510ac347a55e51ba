"""The `docker` sandbox: warm, hardened containers that hold several slots each."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import Any

from .channel import GRACE, LAST_WORDS, Channel, Launcher, bound_sending
from .engine import connect, owner_labels, remove_leftovers
from .errors import SandboxUnavailable
from .image import find_image
from .listener import NAME, Listener
from .machine import first_user

__all__ = ["DockerLauncher"]

#: Of the runner itself, beside what its slots may use.
RUNNER_MEMORY = 256 << 20
RUNNER_PROCESSES = 16

#: Files and directories that a program may make in its scratch directory.
SCRATCH_FILES = 16_384

#: Where the container sees the directory of the `Listener`; empty once the runner has connected.
SHOWN = "/host"

STDOUT, STDERR = 1, 2  # the engine's names of the streams that it mixes into one

#: What the engine answers if a container is not there, or being removed already.
GONE = (404, 409)


class DockerLauncher(Launcher):
    """Starts containers.

    Args:
        image: a tag; by default the image that goes with this version of the package.
        runtime: of the engine: `runsc` for gVisor; by default the engine's own.
        slot_memory: bytes that each slot adds to what the container may use.
        slot_processes: processes and threads that each slot adds.
        scratch_bytes: size of the scratch directory of a program.
    """

    name = "docker"

    def __init__(
        self,
        *,
        image: str | None = None,
        runtime: str | None = None,
        slot_memory: int = 2 << 30,
        slot_processes: int = 128,
        scratch_bytes: int = 256 << 20,
    ):
        self._image = image
        self._runtime = runtime
        self._slot_memory = slot_memory
        self._slot_processes = slot_processes
        self._scratch_bytes = scratch_bytes
        self._kept: set[str] = set()  # containers that an engine in trouble did not remove

    def launch(self, slots: int) -> Channel:
        import docker.errors

        client = connect()
        try:
            remove_leftovers(client)
            for container in list(self._kept):
                _remove(client, container, self._kept)
            with contextlib.suppress(docker.errors.APIError, OSError):
                return self._start(client, slots, Listener())
            # The engine cannot show a directory of ours: it is elsewhere, or may not.
            return self._start(client, slots, None)
        except (docker.errors.DockerException, OSError) as error:
            client.close()
            raise SandboxUnavailable(f"the Docker engine starts no container: {error}") from error
        except BaseException:
            client.close()
            raise

    def _start(self, client: Any, slots: int, listener: Listener | None) -> Channel:
        try:
            shown = None if listener is None else listener.directory
            settings = self._settings(client, slots, first_user(slots), shown)
            return _Container(client, settings, listener, self._kept)
        except BaseException:
            if listener is not None:
                listener.close()
            raise

    def _settings(self, client: Any, slots: int, user: int, shown: str | None) -> dict[str, Any]:
        from docker.types import Mount

        memory = RUNNER_MEMORY + slots * self._slot_memory
        host = client.api.create_host_config(
            auto_remove=True,
            cap_add=["SETUID", "SETGID"],
            cap_drop=["ALL"],
            ipc_mode="none",
            log_config={"Type": "none"},  # what comes out is for us, not for the engine's disk
            mem_limit=memory,
            mounts=[Mount(SHOWN, shown, type="bind", read_only=True)] if shown else [],
            memswap_limit=memory,
            network_mode="none",
            pids_limit=RUNNER_PROCESSES + slots * self._slot_processes,
            read_only=True,
            runtime=self._runtime,
            security_opt=["no-new-privileges"],
            tmpfs={f"/box/{room}": self._scratch(user + 2 * room) for room in range(2 * slots)},
        )
        options = ["--slots", slots, "--scratch", "/box", "--uids", user]
        if shown:
            options += ["--socket", f"{SHOWN}/{NAME}"]
        return {
            "image": find_image(client, self._image).tag,
            "command": [str(word) for word in [*options, "--require", "uids,seccomp"]],
            "host_config": host,
            "labels": owner_labels(),
            "stdin_open": True,  # the engine closes it when we are gone, which ends the runner
            "user": "0:0",
        }

    def _scratch(self, user: int) -> str:
        return (
            f"rw,nosuid,nodev,exec,mode=0700,uid={user},gid={user},"
            f"size={self._scratch_bytes},nr_inodes={SCRATCH_FILES}"
        )


class _Container(Channel):
    """A running container, attached to.

    The wire is the connection that the runner makes to the listener or, if it makes none, the
    stream that the engine attached. That tells in any case when the engine or the container is
    gone, and what the runner says about its trouble. What comes on it is cut into frames by the
    engine: a byte that names whose they are, three of nothing, four of length, and the bytes.
    """

    def __init__(
        self, client: Any, settings: dict[str, Any], listener: Listener | None, kept: set[str]
    ):
        self._client = client
        self._listener = listener
        self._wire: socket.socket | None = None
        self._kept = kept
        self._id: str = client.api.create_container(**settings)["Id"]
        self._said = bytearray()
        self._head = bytearray()  # of the frame that comes next
        self._stream, self._left = 0, 0  # whose frame this is, and how much of it is still to come
        self._ending = threading.Lock()
        try:
            streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            # Before the start, so that nothing it says is missed. The response owns the socket.
            self._attached = client.api.attach_socket(self._id, params=streams)
            self._socket: socket.socket = getattr(self._attached, "_sock", self._attached)
            self._socket.settimeout(None)
            bound_sending(self._socket)
            self._poll = select.poll()
            self._poll.register(self._socket, select.POLLIN)
            if listener is not None:
                self._poll.register(listener, select.POLLIN)
            client.api.start(self._id)
        except BaseException:
            _remove(client, self._id, kept)
            raise

    def send(self, data: bytes) -> None:
        (self._wire or self._socket).sendall(data)

    def receive(self) -> bytes:
        while True:
            ready = {fd for fd, _ in self._poll.poll()}
            if self._wire is not None and self._wire.fileno() in ready:
                return self._wire.recv(1 << 16)
            if self._listener is not None and self._listener.fileno() in ready:
                self._poll.unregister(self._listener)
                self._wire = self._listener.accept()
                self._poll.register(self._wire, select.POLLIN)
                continue
            stream, data = self._from_engine()
            if stream == STDOUT or not data:
                return data

    def _from_engine(self) -> tuple[int, bytes]:
        """Return what has come on the attached stream: whose it is, and the bytes; none at the end.

        Keeps what the runner says on standard error.
        """
        while self._left == 0:
            received = self._socket.recv(8 - len(self._head))
            if not received:
                return 0, b""
            self._head += received
            if len(self._head) == 8:
                self._stream, self._left = self._head[0], int.from_bytes(self._head[4:], "big")
                self._head.clear()
        received = self._socket.recv(min(self._left, 1 << 16))
        self._left -= len(received)
        if self._stream == STDERR:
            self._said += received
            del self._said[:-LAST_WORDS]
        return self._stream, received

    def kill(self) -> None:
        with self._ending:
            for connection in (self._socket, self._wire):
                if connection is not None:
                    with contextlib.suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)
            _remove(self._client, self._id, self._kept)

    def last_words(self) -> str:
        self._socket.settimeout(GRACE)
        with contextlib.suppress(OSError):
            while self._from_engine()[1]:
                pass
        said = bytes(self._said).decode(errors="replace").strip()
        return f"the container ended: {said}" if said else "the container ended"

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        if self._wire is not None:
            self._wire.close()
        self._attached.close()
        self._socket.close()
        self._client.close()


def _remove(client: Any, container: str, kept: set[str]) -> None:
    """Remove a container, running or not; note it in `kept` if the engine does not do it."""
    import docker.errors

    kept.discard(container)
    try:
        client.api.remove_container(container, force=True, v=True)
    except (docker.errors.DockerException, OSError) as error:
        response = getattr(error, "response", None)
        if response is None or response.status_code not in GONE:
            kept.add(container)
