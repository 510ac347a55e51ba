"""The sandbox that all local backends share: jobs, spread over the slots of warm runners."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import queue
import threading
import time
import weakref
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple

from verifiers._sandbox import plain, results

from ..threads import usable_cores
from .channel import Launcher
from .errors import RunnerLost, SandboxUnavailable
from .job import Call, Job, JobResult, Limits, Outcome, Program, Run, RunResult
from .runner import Message, Runner
from .sandbox import Sandbox

__all__ = ["LocalSandbox"]

#: Slots of one runner: more share what a runner costs, fewer share its fate.
SLOTS_PER_RUNNER = 8

#: Seconds that jobs wait for a sandbox that has worked to come back, such as an engine restarting.
RECOVERY_SECONDS = 30.0
RECOVERY_PAUSE = 0.5

#: Jobs that lost their runner are tried again alone, at most so many at a time.
RETRIES_AT_A_TIME = 4


#: What every runner has to get right before it is given a job. Where even these fail, it would be
#: the programs of others that seem to.
TRIALS = (
    Job(Program("python", "print(6 * 7)"), (Run(),)),
    Job(Program("python", "def times(x): return x * 7"), (Run(call=Call("times", (6,))),)),
)


class LocalSandbox(Sandbox):
    """Runs jobs in runners that a launcher starts.

    A thread for each slot takes the next job and sees it through. A job whose runner was lost is
    tried again once, in a fresh runner that it has for itself: so whatever killed the runner takes
    no other job along.

    Args:
        launcher: starts the runners.
        slots: how many jobs run at one time; by default one for each usable core.
        slots_per_runner: how many of them share a runner.

    Raises:
        ValueError: if a number is not positive.
    """

    def __init__(
        self,
        launcher: Launcher,
        *,
        slots: int | None = None,
        slots_per_runner: int = SLOTS_PER_RUNNER,
    ):
        if slots is None:
            slots = usable_cores()
        if slots < 1 or slots_per_runner < 1:
            raise ValueError(
                f"slots and slots_per_runner must be positive, got {slots} and {slots_per_runner}"
            )
        self.name = launcher.name
        self.slots = slots
        self._launcher = launcher
        self._slots_per_runner = slots_per_runner
        self._new_pool()
        _sandboxes.add(self)

    def _new_pool(self) -> None:
        self._pool = _Pool(self._launcher, self.slots, self._slots_per_runner)
        self._end = weakref.finalize(self, self._pool.close)

    def start(self) -> None:
        self._pool.start()

    @property
    def languages(self) -> Mapping[str, str]:
        """The languages that it runs, with the versions of what runs them; starts it."""
        return self._pool.start().languages

    @property
    def isolation(self) -> Mapping[str, Any]:
        """The means by which programs are kept apart, as the runner found them; starts it."""
        return self._pool.start().isolation

    def submit(self, job: Job) -> Future[JobResult]:
        """Queue a job.

        Raises:
            ValueError: if an argument of a call is not plain data.
            RuntimeError: if the sandbox is closed.
        """
        return self._pool.submit(job)

    def close(self) -> None:
        self._end()

    def _leave_to_parent(self) -> None:
        """In a forked child: the runners are the parent's; ours are started when needed."""
        closed = not self._end.alive
        self._end.detach()
        self._pool.abandon()
        self._new_pool()
        if closed:
            self._end()


class _Task(NamedTuple):
    """A job as it goes over the wire, and who waits for it."""

    job: Job
    loads: list[tuple[Message, float]]  # with the seconds that each may take
    runs: list[tuple[Message, float]]
    future: Future[JobResult]


class _Place:
    """Where one runner is, or was: then the next job that comes here starts another."""

    def __init__(self, slots: int):
        self.slots = slots
        self.lock = threading.Lock()
        self.runner: Runner | None = None


class _Refused(Exception):
    """The runner works, but not on this job."""


class _Pool:
    """The threads and the runners; holds no reference to its sandbox, so that this can go."""

    def __init__(self, launcher: Launcher, slots: int, slots_per_runner: int):
        self._launcher = launcher
        self._places = [
            _Place(min(slots_per_runner, slots - first))
            for first in range(0, slots, slots_per_runner)
        ]
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._runners: set[Runner] = set()
        self._threads: list[threading.Thread] = []
        self._retrying = threading.BoundedSemaphore(RETRIES_AT_A_TIME)
        self._closed = threading.Event()
        self._has_worked = False
        self._down_since: float | None = None

    # ---- from outside --------------------------------------------------------------------------

    def start(self) -> Runner:
        """Start the first runner, and the others beside it; return the first."""
        if self._closed.is_set():
            raise RuntimeError("this sandbox is closed")
        first = self._runner(self._places[0])
        self._start_threads()
        return first

    def submit(self, job: Job) -> Future[JobResult]:
        task = _task(job)
        self._start_threads()
        with self._lock:
            if self._closed.is_set():
                raise RuntimeError("this sandbox is closed")
            self._tasks.put(task)
        return task.future

    def close(self) -> None:
        with self._lock:
            self._closed.set()
            runners, threads = list(self._runners), self._threads
            self._threads = []
        with contextlib.suppress(queue.Empty):
            while True:
                _finish(self._tasks.get_nowait(), JobResult(fault="the sandbox was closed"))
        for _ in threads:
            self._tasks.put(None)
        for runner in runners:
            self._end(runner)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()

    def abandon(self) -> None:
        for runner in self._runners:
            runner.abandon()
        self._runners.clear()

    # ---- the threads ---------------------------------------------------------------------------

    def _start_threads(self) -> None:
        with self._lock:
            if self._threads or self._closed.is_set():
                return
            for place in self._places:
                for slot in range(place.slots):
                    thread = threading.Thread(
                        target=self._work, args=(place, slot), name="sandbox-slot", daemon=True
                    )
                    self._threads.append(thread)
            for thread in self._threads:
                thread.start()

    def _work(self, place: _Place, slot: int) -> None:
        if slot == 0:
            with contextlib.suppress(SandboxUnavailable, RunnerLost):  # the first job will say so
                self._runner(place)
        while (task := self._tasks.get()) is not None:
            if task.future.set_running_or_notify_cancel():
                try:
                    _finish(task, self._see_through(task, place, slot))
                except BaseException as error:  # of the caller's `continue_after`, or a bug of ours
                    task.future.set_exception(error)
            del task  # not kept until the next one comes

    def _see_through(self, task: _Task, place: _Place, slot: int) -> JobResult:
        done: list[RunResult] = []  # kept over a second try: each run is a process of its own
        try:
            try:
                return _execute(task, self._runner(place), slot, done)
            except RunnerLost as error:
                if self._closed.is_set():
                    return JobResult(tuple(done), fault="the sandbox was closed")
                first = error
            with self._retrying:
                alone = self._launch(1)
                try:
                    return _execute(task, alone, 0, done)
                finally:
                    self._end(alone)
        except _Refused as error:
            return JobResult(tuple(done), fault=str(error))
        except SandboxUnavailable as error:
            return JobResult(tuple(done), fault=f"there is no sandbox: {error}")
        except RunnerLost as error:
            return JobResult(tuple(done), fault=f"the runner was lost twice: {first}; {error}")

    # ---- the runners ---------------------------------------------------------------------------

    def _runner(self, place: _Place) -> Runner:
        """The runner of a place, replaced if it was lost."""
        with place.lock:
            if place.runner is not None:
                try:
                    place.runner.check()
                    return place.runner
                except RunnerLost:
                    self._end(place.runner)
            place.runner = self._launch(place.slots)
            return place.runner

    def _launch(self, slots: int) -> Runner:
        """Start a runner; a sandbox that has worked before is given time to come back."""
        while True:
            try:
                runner = _tried(Runner(self._launcher.launch(slots), slots))
                break
            except (SandboxUnavailable, RunnerLost) as error:
                now = time.monotonic()
                with self._lock:
                    if self._down_since is None:
                        self._down_since = now
                    given_up = now - self._down_since > RECOVERY_SECONDS
                if given_up or not self._has_worked or self._closed.wait(RECOVERY_PAUSE):
                    if isinstance(error, RunnerLost):
                        raise SandboxUnavailable(
                            f"the {self._launcher.name} runner does not come up: {error}"
                        ) from error
                    raise
        with self._lock:
            self._has_worked, self._down_since = True, None
            if not self._closed.is_set():
                self._runners.add(runner)
                return runner
        runner.kill()
        raise SandboxUnavailable("the sandbox was closed")

    def _end(self, runner: Runner) -> None:
        runner.kill()
        with self._lock:
            self._runners.discard(runner)


# ---- a job over the wire -------------------------------------------------------------------------


def _task(job: Job) -> _Task:
    return _Task(job, _loads(job), [_run(run, job) for run in job.runs], Future())


def _tried(runner: Runner) -> Runner:
    """Return a new runner, once it has run what everybody knows the result of."""
    try:
        for job in TRIALS:
            [run] = _execute(_task(job), runner, 0, []).runs or (None,)
            if run is None or (run.stdout, run.value) not in ((b"42\n", None), (b"", 42)):
                raise RunnerLost(f"a program that comes to 42 ended otherwise: {run}")
    except BaseException as error:
        runner.kill()
        if isinstance(error, _Refused):
            raise RunnerLost(str(error)) from None
        raise
    return runner


def _execute(task: _Task, runner: Runner, slot: int, done: list[RunResult]) -> JobResult:
    """Load the program, make the runs that are not done yet, and add their results to `done`."""
    compiled: RunResult | None = None
    language = task.job.program.language
    loads, left = list(task.loads), task.runs[len(done) :]
    ahead: Message | None = None  # what came of the first run, if it went out with the program
    if language in runner.uncompiled and left:
        (load, _), (run, seconds) = loads.pop(), left[0]
        for message, seconds_of_load in loads:
            _ask(runner, slot, message, seconds_of_load, "loaded")
        ahead = _ask(runner, slot, {**load, "run": run}, seconds, "result")
        loads = []
    for message, seconds in loads:
        answer = _ask(runner, slot, message, seconds, "loaded")
        if answer.get("compiled") is None:
            runner.uncompiled.add(language)
            continue
        result, _ = _read(answer["compiled"])
        if message["type"] == "load":
            compiled = result
            if not result.succeeded:
                return JobResult(compiled=result)
        elif not result.succeeded:
            said = result.stderr.decode(errors="replace") or result.message
            raise _Refused(f"the tester does not compile: {said}")
    for message, seconds in left:
        result, stage = _read(ahead or _ask(runner, slot, message, seconds, "result"))
        ahead = None
        if stage == "compile" and not done:
            return JobResult(compiled=result)
        done.append(result)
        if task.job.continue_after is not None and not task.job.continue_after(result):
            break
    return JobResult(tuple(done), compiled)


def _ask(runner: Runner, slot: int, message: Message, seconds: float, kind: str) -> Message:
    """Ask, and check that the answer is of the kind that is due."""
    answer = runner.ask(slot, message, seconds)
    if answer.get("type") == "refused":
        raise _Refused(f"refused: {answer.get('message')}")
    if answer.get("type") == "fault":
        raise RunnerLost(str(answer.get("message")))
    if answer.get("type") != kind:
        raise RunnerLost(f"it answers {answer.get('type')!r:.40} where {kind!r} was due")
    return answer


def _read(message: Message) -> tuple[RunResult, str]:
    try:
        fields = results.read(message)
    except ValueError as error:
        raise RunnerLost(f"it broke the protocol: {error}") from None
    stage = fields.pop("stage")
    fields["outcome"] = Outcome(fields["outcome"])
    return RunResult(**fields), stage


def _loads(job: Job) -> list[tuple[Message, float]]:
    message, seconds = _load("load", job.program, job.compile_limits)
    message["called"] = job.tester is not None or any(run.call for run in job.runs)
    loads = [(message, seconds)]
    if job.tester is not None:
        loads.append(_load("load_tester", job.tester, job.compile_limits))
    return loads


def _load(kind: str, program: Program, limits: Limits) -> tuple[Message, float]:
    message = {
        "type": kind,
        "language": program.language,
        "source": program.source.encode("utf-8", "surrogatepass"),
        "files": dict(program.files),
        "limits": _fields(limits),
    }
    return message, limits.wall_seconds


def _run(run: Run, job: Job) -> tuple[Message, float]:
    call = None
    if run.call is not None:
        call = {
            "function": run.call.function,
            "arguments": plain.encode(list(run.call.arguments)),
            "keywords": plain.encode(dict(run.call.keywords)),
        }
    message = {
        "type": "run",
        "stdin": run.stdin,
        "arguments": list(run.arguments),
        "limits": _fields(run.limits),
        "call": call,
        "tester": None if job.tester is None else job.tester_framework,
    }
    return message, run.limits.wall_seconds


@functools.lru_cache(maxsize=256)
def _fields(limits: Limits) -> dict[str, float]:
    """The limits as they go over the wire; nobody changes what is returned."""
    return dataclasses.asdict(limits)


def _finish(task: _Task | None, result: JobResult) -> None:
    if task is not None and not task.future.cancelled():
        task.future.set_result(result)


# ---- forked children -----------------------------------------------------------------------------

_sandboxes: weakref.WeakSet[LocalSandbox] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for sandbox in list(_sandboxes):
        sandbox._leave_to_parent()


os.register_at_fork(after_in_child=_after_fork_in_child)
