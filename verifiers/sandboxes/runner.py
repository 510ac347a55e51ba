"""This side of the wire: one runner, asked from many threads, one for each of its slots."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from typing import Any

from verifiers._sandbox import wire

from .channel import Channel
from .errors import RunnerLost

__all__ = ["Runner"]

#: Seconds for the start of a runner, for a ping, and beyond the limits of a run.
START_SECONDS = 60.0
PING_SECONDS = 15.0
SLACK_SECONDS = 45.0

#: A runner that has said nothing for so long is asked whether it lives before it gets a job.
QUIET_SECONDS = 10.0

Message = dict[str, Any]


class Runner:
    """A runner that has said hello.

    Args:
        channel: to it; owned from now on.
        slots: how many it was started with.

    Raises:
        RunnerLost: if it does not come up.

    Attributes:
        languages: what it can run, by name, with versions.
        isolation: how programs are kept apart, by means.
        uncompiled: languages that turned out to need no compiler: a program can be sent together
            with its first run.
    """

    def __init__(self, channel: Channel, slots: int):
        self._channel = channel
        self.uncompiled: set[str] = set()
        self._sending = threading.Lock()
        self._ending = threading.Lock()
        self._lost: str | None = None
        self._heard = time.monotonic()
        self._hello: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._pongs: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._pinging = threading.Lock()
        self._tokens = itertools.count()
        self._answers: list[queue.SimpleQueue[Message | None]] = [
            queue.SimpleQueue() for _ in range(slots)
        ]
        self._reader = threading.Thread(target=self._read, name="sandbox-reader", daemon=True)
        self._reader.start()
        hello = self._take(self._hello, START_SECONDS, "it did not start")
        if hello.get("version") != wire.VERSION or hello.get("slots") != slots:
            self._lose(f"it speaks version {hello.get('version')} of the wire, not {wire.VERSION}")
            raise RunnerLost(str(self._lost))
        self.languages: dict[str, str] = dict(hello["languages"])
        self.isolation: dict[str, Any] = dict(hello["isolation"])

    @property
    def lost(self) -> str | None:
        """Why it is of no more use, if so."""
        return self._lost

    def ask(self, slot: int, message: Message, seconds: float) -> Message:
        """Send a message for a slot and return the answer.

        Args:
            slot: one that no other thread is asking.
            message: without the slot.
            seconds: what the runner may take by its own limits; past that, and some slack, it
                counts as hung and is killed.

        Raises:
            RunnerLost: if the answer does not come.
        """
        token = next(self._tokens)
        self._send({**message, "slot": slot, "token": token})
        limit = seconds + SLACK_SECONDS
        answer = self._take(self._answers[slot], limit, f"no answer within {limit:.0f} seconds")
        if answer.get("token") != token:  # it may be that of another program: nothing counts now
            self._lose(f"it answers what it was not asked: {answer.get('type')!r:.40}")
            raise RunnerLost(str(self._lost))
        return answer

    def check(self) -> None:
        """Find out whether it still lives, if it has been quiet for a while.

        Raises:
            RunnerLost: if not.
        """
        if self._lost is None and time.monotonic() - self._heard < QUIET_SECONDS:
            return
        with self._pinging:
            token = next(self._tokens)
            self._send({"type": "ping", "token": token})
            while True:
                pong = self._take(self._pongs, PING_SECONDS, "it does not answer a ping")
                if pong.get("token") == token:
                    return

    def kill(self) -> None:
        """End it, and whatever waits for it."""
        self._lose("it was ended")
        if threading.current_thread() is not self._reader:
            self._reader.join()

    def abandon(self) -> None:
        """In a forked child: let go of the parent's runner."""
        self._lost = "it belongs to the parent process"
        self._channel.close()

    def _send(self, message: Message) -> None:
        data = wire.pack(message)
        try:
            with self._sending:
                self._channel.send(data)
        except OSError as error:
            self._lose(f"it takes no message: {error}")
        if self._lost is not None:
            raise RunnerLost(self._lost)

    def _take(
        self, answers: queue.SimpleQueue[Message | None], seconds: float, complaint: str
    ) -> Message:
        try:
            answer = answers.get(timeout=seconds)
        except queue.Empty:
            self._lose(complaint)
            answer = None
        if answer is None:
            raise RunnerLost(self._lost or "it ended")
        return answer

    def _read(self) -> None:
        reader = wire.Reader()
        reason = None
        try:
            while data := self._channel.receive():
                self._heard = time.monotonic()
                for message in reader.feed(data):
                    self._deliver(message)
        except OSError as error:
            reason = f"the connection broke: {error}"
        except (wire.WireError, LookupError, TypeError) as error:
            reason = f"it broke the protocol: {error}"
        self._lose(reason)
        self._channel.close()

    def _deliver(self, message: Message) -> None:
        kind = message.get("type")
        if kind == "hello":
            self._hello.put(message)
        elif kind == "pong":
            self._pongs.put(message)
        else:
            slot = message["slot"]
            if type(slot) is not int or slot < 0:
                raise LookupError(f"no slot {slot!r:.40}")
            self._answers[slot].put(message)

    def _lose(self, reason: str | None) -> None:
        """Kill it and wake all who wait; the first reason is kept."""
        with self._ending:
            if self._lost is not None:
                return
            self._lost = reason or self._channel.last_words()
        self._channel.kill()
        for answers in (self._hello, self._pongs, *self._answers):
            answers.put(None)
