"""A socket where the runner in a container meets us, so that no byte goes through the engine."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import tempfile
import time

from .channel import bound_sending

__all__ = ["NAME", "Listener"]

#: The name of the socket in its directory.
NAME = "runner"

PREFIX = "verifiers-socket-"

#: Seconds after which a directory is one that a dead process left: runners start within one minute.
OLD_SECONDS = 600.0


class Listener:
    """Listens for one connection; as soon as that is made, nothing is left of it to connect to.

    Raises:
        OSError: if there can be none, such as below too long a path.

    Attributes:
        directory: holds the socket and nothing else; what a container is to see.
    """

    def __init__(self) -> None:
        _remove_old()
        # Other users of this machine cannot come in; whoever is root in the container can connect.
        self._private = tempfile.mkdtemp(prefix=PREFIX)
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self.directory = os.path.join(self._private, "shown")
            os.mkdir(self.directory)
            os.chmod(self.directory, 0o755)
            path = os.path.join(self.directory, NAME)
            self._socket.bind(path)
            os.chmod(path, 0o666)
            self._socket.listen(1)
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        """Return the file that can be read once the runner has connected."""
        return self._socket.fileno()

    def accept(self) -> socket.socket:
        """Return the connection of the runner, and close.

        Raises:
            OSError: if there is none.
        """
        try:
            connection, _ = self._socket.accept()
        finally:
            self.close()
        bound_sending(connection)
        return connection

    def close(self) -> None:
        """Stop listening and remove the directory; safe to call twice."""
        self._socket.close()
        shutil.rmtree(self._private, ignore_errors=True)


def _remove_old() -> None:
    """Remove the directories of processes that died before their runner had connected."""
    for path in glob.glob(os.path.join(glob.escape(tempfile.gettempdir()), f"{PREFIX}*")):
        try:
            info = os.lstat(path)
        except FileNotFoundError:
            continue
        if info.st_uid == os.geteuid() and time.time() - info.st_mtime > OLD_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
