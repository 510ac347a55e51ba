"""A server as people start it: `verifiers serve` in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOKEN = "a-token-for-tests"
HANG = 60  # seconds; only to notice a server that never answers


@dataclass
class Serving:
    """A running server, and what it has logged so far."""

    process: subprocess.Popen[str]
    token: str | None
    port: int = 0
    log: list[dict[str, Any]] = field(default_factory=list)
    other: list[str] = field(default_factory=list)  # lines of the log that are no JSON

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url_with_token(self) -> str:
        """The only form in which clients that know nothing of tokens can show one."""
        return f"http://x:{self.token}@127.0.0.1:{self.port}"

    def ask(
        self, path: str, body: Any = None, *, token: str | None = None, raw: bytes | None = None
    ) -> tuple[int, Any]:
        """Return the status and the JSON of a request: GET without a body, POST with one."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data)
        shown = token if token is not None else self.token
        if shown:
            request.add_header("Authorization", f"Bearer {shown}")
        try:
            with urllib.request.urlopen(request, timeout=3 * HANG) as reply:
                status, text = reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def stop(self) -> int:
        """Tell the server to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(HANG)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                self.log.append(json.loads(line))
            except ValueError:
                self.other.append(line)

    def _await(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            listening = [entry for entry in self.log if entry["event"] == "listening"]
            if listening:
                self.port = listening[0]["port"]
                if self.ask("/ready")[0] == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"the server does not get ready: {self.log} {self.other}")


@contextmanager
def serving(
    *options: str, token: str | None = TOKEN, seconds: float = HANG, **environment: str
) -> Iterator[Serving]:
    """Start `verifiers serve` on a free port, wait until it is ready, and stop it at the end."""
    path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    variables = {**os.environ, "PYTHONPATH": path, **environment}
    variables.pop("VERIFIERS_TOKEN", None)
    if token:
        variables["VERIFIERS_TOKEN"] = token
    process = subprocess.Popen(
        [sys.executable, "-m", "verifiers", "serve", "--port", "0", *options],
        stderr=subprocess.PIPE,
        text=True,
        env=variables,
    )
    server = Serving(process, token)
    reader = threading.Thread(target=server._read, daemon=True)
    reader.start()
    try:
        server._await(seconds)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(HANG)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        reader.join(HANG)
        if process.stderr is not None:
            process.stderr.close()
