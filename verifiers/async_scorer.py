"""Judging that overlaps generation: completions are judged while others are still being written."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from .resolve import FunctionReward
from .reward import Reward, check_column
from .threads import usable_cores
from .verdict import Status, Verdict

__all__ = ["AsyncScorer"]

#: Threads that may be lost in calls that do not return, for each thread that was asked for.
SPARE_THREADS = 3


@dataclass(eq=False, slots=True)
class _Submission:
    """Completions that are judged in one call, and where their verdicts go."""

    completions: Sequence[Any]
    columns: Mapping[str, Sequence[Any]]
    ticket: asyncio.Future[list[Verdict]]
    alone: bool  # never joined with others: the reward may compare the completions
    expiry: asyncio.TimerHandle | None = None
    thread: threading.Thread | None = None  # what judges it, once one does


class AsyncScorer:
    """Judges completions in threads of its own, off the event loop, as they are submitted.

    Completions that wait are judged together, up to `batch_size` in a call. Every ticket is done
    by its deadline: what was not judged by then is unscored, with the rule `deadline`. A call that
    does not return cannot be ended from outside; its thread is given up and replaced, a few times.

    Args:
        reward: what judges: a `Reward`, or a function `f(completions, **columns)`.
        workers: how many calls run at one time; by default one per usable core, up to four.
        batch_size: how many completions are judged in one call at most.
        queue_size: how many submissions may be unfinished; with more, `submit` waits.
        deadline: seconds from a submission to its verdict.

    Raises:
        ValueError: if a number is not positive.
        TypeError: if `reward` cannot be called.

    >>> from verifiers import math_reward
    >>> async def step():
    ...     async with AsyncScorer(math_reward) as scorer:
    ...         tickets = [await scorer.submit(text, solution="4") for text in ("4", "5", "2+2")]
    ...         return [(await ticket).reward for ticket in tickets]
    >>> asyncio.run(step())
    [1.0, 0.0, 1.0]
    """

    def __init__(
        self,
        reward: Reward | Callable[..., Any],
        *,
        workers: int | None = None,
        batch_size: int = 64,
        queue_size: int = 1024,
        deadline: float = 60.0,
    ) -> None:
        if not callable(reward):
            raise TypeError(f"reward must be a Reward or a function, got {type(reward).__name__}")
        workers = min(usable_cores(), 4) if workers is None else workers
        for name, value in (
            ("workers", workers),
            ("batch_size", batch_size),
            ("queue_size", queue_size),
            ("deadline", deadline),
        ):
            if not value > 0:
                raise ValueError(f"{name} must be positive, got {value}")
        self.reward = reward if isinstance(reward, Reward) else FunctionReward(reward)
        self.workers = workers
        self.batch_size = batch_size
        self.queue_size = queue_size
        self.deadline = deadline
        self._waiting: deque[_Submission] = deque()
        self._changed = threading.Condition()
        self._closed = True
        self._lost: set[threading.Thread] = set()
        self._unfinished: set[_Submission] = set()

    async def submit(self, completion: Any, **columns: Any) -> asyncio.Future[Verdict]:
        """Hand in one completion; waits while the queue is full.

        Args:
            completion: text or chat messages.
            columns: one value for each column, as `solution="4"`.

        Returns:
            A ticket: awaited, it gives the `Verdict`, or raises what the reward said against the
            input. Tickets may be awaited in any order.
        """
        group = await self._accept([completion], {n: [v] for n, v in columns.items()}, False)
        ticket: asyncio.Future[Verdict] = self._loop.create_future()

        def pass_on(done: asyncio.Future[list[Verdict]]) -> None:
            if ticket.cancelled():
                return
            if done.cancelled():
                ticket.cancel()
            elif error := done.exception():
                ticket.set_exception(error)
            else:
                ticket.set_result(done.result()[0])

        group.add_done_callback(pass_on)
        return ticket

    async def submit_group(
        self, completions: Sequence[Any], **columns: Sequence[Any]
    ) -> asyncio.Future[list[Verdict]]:
        """Hand in completions that are judged in one call of their own, as a group of one prompt.

        Args:
            completions: texts or chat messages.
            columns: one value per completion for each column.

        Returns:
            A ticket: awaited, it gives one `Verdict` per completion.

        Raises:
            ValueError: if a column has another length.
        """
        for name, values in columns.items():
            check_column(name, values, len(completions))
        return await self._accept(completions, columns, True)

    async def _accept(
        self, completions: Sequence[Any], columns: Mapping[str, Sequence[Any]], alone: bool
    ) -> asyncio.Future[list[Verdict]]:
        if self._closed:
            raise RuntimeError("an AsyncScorer is used within `async with`")
        await self._places.acquire()
        submission = _Submission(completions, columns, self._loop.create_future(), alone)
        submission.expiry = self._loop.call_later(self.deadline, self._expire, submission)
        submission.ticket.add_done_callback(lambda _: self._leave(submission))
        self._unfinished.add(submission)
        with self._changed:
            self._waiting.append(submission)
            self._changed.notify()
        return submission.ticket

    # ---- on the event loop ----------------------------------------------------------------------

    def _leave(self, submission: _Submission) -> None:
        """Make room for another one: this one is judged, expired or cancelled."""
        if submission.expiry is not None:
            submission.expiry.cancel()
        self._unfinished.discard(submission)
        self._places.release()

    def _settle(self, submission: _Submission, found: list[Verdict] | Exception) -> None:
        if submission.ticket.done():
            return
        if isinstance(found, Exception):
            submission.ticket.set_exception(found)
        else:
            submission.ticket.set_result(found)

    def _expire(self, submission: _Submission) -> None:
        reason = f"not judged within {self.deadline:g} s"
        verdict = Verdict(Status.ERROR, None, rule="deadline", reason=reason)
        self._settle(submission, [verdict] * len(submission.completions))
        thread = submission.thread
        if thread is not None and thread not in self._lost:
            self._lost.add(thread)
            if len(self._lost) <= SPARE_THREADS * self.workers:
                self._start_thread()

    async def __aenter__(self) -> AsyncScorer:
        self._loop = asyncio.get_running_loop()
        self._places = asyncio.Semaphore(self.queue_size)
        self._closed = False
        for _ in range(self.workers):
            self._start_thread()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for all verdicts, or, after an exception, give up what is not judged."""
        unfinished = [submission.ticket for submission in self._unfinished]
        if error is not None:
            for ticket in unfinished:
                ticket.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    # ---- in threads -----------------------------------------------------------------------------

    def _start_thread(self) -> None:
        # A daemon: one that is lost must not keep the interpreter from ending.
        threading.Thread(target=self._work, name="verifiers-async", daemon=True).start()

    def _work(self) -> None:
        me = threading.current_thread()
        while me not in self._lost:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                batch = self._take()
                for submission in batch:
                    submission.thread = me
            self._judge(batch)
            for submission in batch:
                submission.thread = None

    def _take(self) -> list[_Submission]:
        """Return what can be judged in one call: the first that waits, and others like it."""
        batch = [self._waiting.popleft()]
        while (
            self._waiting
            and len(batch) < self.batch_size
            and not (batch[0].alone or self._waiting[0].alone)
            and self._waiting[0].columns.keys() == batch[0].columns.keys()
        ):
            batch.append(self._waiting.popleft())
        return [submission for submission in batch if not submission.ticket.done()]

    def _judge(self, batch: list[_Submission]) -> None:
        if not batch:
            return
        completions = [text for submission in batch for text in submission.completions]
        columns = {
            name: [value for submission in batch for value in submission.columns[name]]
            for name in batch[0].columns
        }
        try:
            verdicts = self.reward.verdicts(completions, **columns)
        except Exception as error:
            if len(batch) == 1 or not isinstance(error, (TypeError, ValueError)):
                for submission in batch:
                    self._report(submission, error)
            else:  # one of them is malformed: the others are still judged
                for submission in batch:
                    self._judge([submission])
            return
        place = 0
        for submission in batch:
            count = len(submission.completions)
            self._report(submission, list(verdicts[place : place + count]))
            place += count

    def _report(self, submission: _Submission, found: list[Verdict] | Exception) -> None:
        try:
            self._loop.call_soon_threadsafe(self._settle, submission, found)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more
