"""Faults around the programs: every job ends with a right result or a fault, nothing leaks.

An engine that is killed here is one that the test started, with directories of its own.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sandbox_backends import BACKENDS, opened

from verifiers.sandboxes import (
    Job,
    JobResult,
    Limits,
    Program,
    Run,
    RunResult,
    Sandbox,
    SandboxUnavailable,
    local,
    open_sandbox,
    runner as runner_module,
)
from verifiers.sandboxes.engine import (
    LABEL_OWNER,
    LABEL_PLACE,
    connect,
    owner_labels,
    remove_leftovers,
)
from verifiers.sandboxes.image import image_tag

#: To detect a hang, never to measure.
PATIENCE = 120.0


def job(number: int, seconds: float = 0.0) -> Job:
    source = f"import time\ntime.sleep({seconds})\nprint({number})"
    limits = Limits(cpu_seconds=20, wall_seconds=60)
    return Job(Program("python", source), (Run(limits=limits),))


def right(results: Sequence[JobResult]) -> list[bool]:
    """Which results are right; the others must be faults."""
    judged = []
    for number, result in enumerate(results):
        judged.append(result.fault is None)
        if result.fault is None:
            assert [run.stdout for run in result.runs] == [b"%d\n" % number], result
    return judged


def eventually(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return False


def runners(sandbox: Sandbox) -> list[Any]:
    return list(sandbox._pool._runners)


def kill(sandbox: Sandbox) -> None:
    """Kill all runners from outside, as an administrator or the kernel would."""
    for running in runners(sandbox):
        channel = running._channel
        if sandbox.name == "docker":
            with contextlib.suppress(Exception):  # gone already
                channel._client.api.kill(channel._id)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(channel._process.pid, signal.SIGKILL)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def shared_directory() -> Iterator[Path]:
    """A directory that every user may use, unlike those that pytest makes."""
    with tempfile.TemporaryDirectory(prefix="scratch-") as directory:
        Path(directory).chmod(0o1777)
        yield Path(directory)


# ---- the runner ----------------------------------------------------------------------------------


def test_a_killed_runner_costs_no_result(backend: str) -> None:
    with opened(backend, slots=4) as sandbox:
        futures = [sandbox.submit(job(number, 0.5)) for number in range(8)]
        time.sleep(0.3)
        kill(sandbox)
        assert all(right([future.result(PATIENCE) for future in futures]))
        assert all(right(sandbox.run([job(number) for number in range(8)])))


def test_an_idle_runner_that_was_killed_is_replaced(backend: str) -> None:
    with opened(backend, slots=2) as sandbox:
        kill(sandbox)
        assert all(right(sandbox.run([job(number) for number in range(4)])))


def test_a_job_that_kills_its_runners_takes_no_other_along() -> None:
    with opened("landlock", slots=4) as sandbox:

        def kill_all(result: RunResult) -> bool:
            kill(sandbox)
            for future in futures:  # so that it is alone when it does it again
                future.result(PATIENCE)
            return True

        poison = Job(Program("python", "print('x')"), (Run(),) * 3, continue_after=kill_all)
        futures = [sandbox.submit(job(number, 1.0)) for number in range(3)]
        poisoned = sandbox.submit(poison)
        assert "lost" in str(poisoned.result(PATIENCE).fault)
        assert all(right([future.result(PATIENCE) for future in futures]))


def test_a_hung_runner_is_replaced(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(backend, slots=2) as sandbox:
        hung, paused = threading.Event(), runners(sandbox)[0]
        if sandbox.name == "docker":
            paused._channel._client.api.pause(paused._channel._id)
        else:
            os.killpg(paused._channel._process.pid, signal.SIGSTOP)
        hung.set()
        monkeypatch.setattr(runner_module, "SLACK_SECONDS", 1.0)
        limits = Limits(cpu_seconds=1, wall_seconds=1)
        quick = Job(Program("python", "print(0)"), (Run(limits=limits),), compile_limits=limits)
        future = sandbox.submit(quick)
        assert all(right([future.result(PATIENCE)]))
        assert all(right(sandbox.run([job(number) for number in range(4)])))


def test_a_runner_that_breaks_the_protocol_is_replaced() -> None:
    with opened("landlock", slots=1) as sandbox:
        [broken] = runners(sandbox)
        broken._deliver({"type": "result", "slot": 0, "outcome": "excellent"})
        assert all(right(sandbox.run([job(0)])))
        assert all(right(sandbox.run([job(number) for number in range(3)])))


def test_a_sandbox_that_fails_programs_that_are_right_takes_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is wrong with it: what it said of other programs would be as wrong."""
    broken = Job(Program("python", "def times(x): pass"), local.TRIALS[1].runs)
    monkeypatch.setattr(local, "TRIALS", (local.TRIALS[0], broken))
    with pytest.raises(SandboxUnavailable, match="comes to 42"):
        open_sandbox("unsafe", unsafe=True).start()


def test_an_answer_to_another_question_counts_for_nothing() -> None:
    with opened("landlock", slots=1) as sandbox:
        assert all(right(sandbox.run([job(0)])))
        [broken] = runners(sandbox)
        for kind in ("loaded", "result"):
            finished = {"outcome": "finished", "exit_code": 0, "stdout": b"another's\n"}
            broken._deliver({"type": kind, "slot": 0, "token": 0, "compiled": None, **finished})
        assert all(right(sandbox.run([job(number) for number in range(3)])))
        assert broken.lost


def test_a_sandbox_that_does_not_come_back_gives_faults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local, "RECOVERY_SECONDS", 0.2)
    with opened("landlock", slots=2) as sandbox:
        assert all(right(sandbox.run([job(0)])))
        monkeypatch.setattr(sandbox._launcher, "_scratch", "/nonexistent")
        kill(sandbox)
        results = sandbox.run([job(number) for number in range(4)])
        assert not any(right(results))
        assert "/nonexistent" in str(results[0].fault)
        monkeypatch.setattr(sandbox._launcher, "_scratch", None)
        assert all(right(sandbox.run([job(number) for number in range(4)])))


def test_faults_leak_nothing(backend: str) -> None:
    opened(backend, slots=2).close()
    gc.collect()
    files, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    with opened(backend, slots=2) as sandbox:
        for _ in range(3):
            futures = [sandbox.submit(job(number, 0.1)) for number in range(2)]
            kill(sandbox)
            right([future.result(PATIENCE) for future in futures])
    del sandbox, futures
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= files
    assert threading.active_count() <= threads


# ---- a full disk ---------------------------------------------------------------------------------


def test_a_program_that_fills_its_scratch_directory(backend: str) -> None:
    if backend in ("unsafe", "landlock", "landlock as nobody"):
        return  # the size of a directory is not limited there: `disk_bytes` limits each file
    fill = (
        "import errno\n"
        "try:\n"
        "    for n in range(100_000):\n"
        "        with open(str(n), 'wb') as f: f.write(bytes(1 << 20))\n"
        "except OSError as error:\n"
        "    print(errno.errorcode[error.errno])\n"
    )
    limits = Limits(cpu_seconds=20, wall_seconds=60, memory_bytes=1 << 30, disk_bytes=64 << 20)
    with opened(backend, slots=1) as sandbox:
        [result] = sandbox.run([Job(Program("python", fill), (Run(limits=limits),) * 2)])
        assert result.fault is None
        for run in result.runs:  # the second finds it as empty as the first did
            assert run.stdout == b"ENOSPC\n" or run.outcome == "memory_limit", run
        assert all(right(sandbox.run([job(0)])))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small file system")
def test_a_full_disk_below_the_scratch_directories(shared_directory: Path) -> None:
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", shared_directory], check=True
    )
    try:
        with opened("landlock", slots=2, scratch=shared_directory) as sandbox:
            filler = shared_directory / "filler"
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
            kill(sandbox)
            with_files = [
                Job(Program("python", f"print({n})", {"data": bytes(100_000)}), (Run(),))
                for n in range(4)
            ]
            right(sandbox.run(with_files))
            filler.unlink()
            assert all(right(sandbox.run([job(number) for number in range(4)])))
        assert eventually(lambda: os.listdir(shared_directory) == [])
    finally:
        subprocess.run(["umount", "--lazy", shared_directory], check=True)


# ---- the client ----------------------------------------------------------------------------------

CLIENT = """
import sys, time
from verifiers.sandboxes import *
name, options, end = sys.argv[1], eval(sys.argv[2]), sys.argv[3]
sandbox = open_sandbox(name, slots=2, **options)
endless = Job(Program("python", "while True: pass"), (Run(limits=Limits(600.0, 600.0)),))
fork = "import os, time\\nos.fork()\\ntime.sleep(600)"
sleeping = Job(Program("python", fork), (Run(limits=Limits(600.0, 600.0)),))
sandbox.start()
futures = [sandbox.submit(endless), sandbox.submit(sleeping)]
time.sleep(0.5)
print("running", flush=True)
if end == "raise": raise KeyError(end)
time.sleep(600)
"""


def containers_of(pid: int) -> list[str]:
    with contextlib.closing(connect()) as client:
        listed = client.containers.list(all=True, filters={"label": LABEL_OWNER})
        return [c.id for c in listed if c.labels[LABEL_OWNER].startswith(f"{pid} ")]


@pytest.mark.parametrize("end", ["kill -9", "raise"])
def test_nothing_outlives_the_client(backend: str, end: str, shared_directory: Path) -> None:
    opened(backend, slots=1).close()
    name, options = BACKENDS[backend]
    if name in ("landlock", "unsafe"):
        options = {**options, "scratch": str(shared_directory)}
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, name, repr(options), end],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert client.stdout
    with client, client.stdout:
        assert client.stdout.readline() == b"running\n"
        below = children(client.pid)
        if end == "kill -9":
            client.kill()
        client.wait(PATIENCE)
    if name == "docker":
        assert eventually(lambda: containers_of(client.pid) == [])
    else:
        assert below
        assert eventually(lambda: not any(map(alive, below)))
        assert eventually(lambda: os.listdir(shared_directory) == [])


def children(pid: int) -> list[tuple[int, str]]:
    """All descendants of a process, with the time when each started."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with contextlib.suppress(OSError):
                fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
                parents[int(entry)] = (int(fields[1]), fields[19])
    found = {pid}
    while True:
        more = {child for child, (parent, _) in parents.items() if parent in found} - found
        if not more:
            return [(child, parents[child][1]) for child in found - {pid}]
        found |= more


def alive(process: tuple[int, str]) -> bool:
    try:
        fields = Path("/proc", str(process[0]), "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[19] == process[1] and fields[0] != "Z"


# ---- the engine ----------------------------------------------------------------------------------


def test_containers_of_the_dead_are_removed_and_no_others() -> None:
    opened("docker", slots=1).close()
    mine = owner_labels()
    dead = {**mine, LABEL_OWNER: "1 1"}
    elsewhere = {LABEL_PLACE: "another machine", LABEL_OWNER: "1 1"}
    with contextlib.closing(connect()) as client:
        made = [
            client.containers.create(image_tag(), labels=labels, network_mode="none")
            for labels in (mine, dead, elsewhere)
        ]
        try:
            assert remove_leftovers(client) >= 1
            left = {container.id for container in client.containers.list(all=True)}
            assert [container.id in left for container in made] == [True, False, True]
        finally:
            for container in made:
                with contextlib.suppress(Exception):
                    container.remove(force=True)


class Engine:
    """A Docker engine of our own, with its data in memory, so that its disk can be filled."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.socket = f"unix://{directory}/engine.sock"
        self.data = directory / "data"
        self.data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", self.data], check=True)
        self.start()

    def start(self) -> None:
        command = ["dockerd", "--data-root", self.data, "--exec-root", self.directory / "exec"]
        command += ["-H", self.socket, "--pidfile", self.directory / "pid", "--bridge=none"]
        command += ["--iptables=false", "--ip6tables=false"]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        assert eventually(self.answers), (self.directory / "log").read_text()[-2000:]

    def answers(self) -> bool:
        import docker

        assert self.process.poll() is None, (self.directory / "log").read_text()[-2000:]
        try:
            with contextlib.closing(docker.DockerClient(self.socket, timeout=5)) as client:
                return bool(client.ping())
        except (docker.errors.DockerException, OSError):
            return False

    def crash(self) -> None:
        containerd = self.directory / "exec" / "containerd" / "containerd.pid"
        number = int(containerd.read_text())
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        assert eventually(lambda: not Path("/proc", str(number)).exists())
        containerd.unlink()
        (self.directory / "pid").unlink(missing_ok=True)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        for line in Path("/proc/mounts").read_text().splitlines():
            point = line.split()[1]
            if point.startswith(f"{self.directory}/"):
                subprocess.run(["umount", "--lazy", point], check=False)


@pytest.fixture(scope="module")
def own_engine() -> Iterator[Engine]:
    """An engine with our image."""
    import docker

    opened("docker", slots=1).close()
    if os.geteuid() != 0:
        pytest.skip("only root can start a Docker engine")
    with tempfile.TemporaryDirectory(prefix="engine-", dir="/tmp") as directory:
        engine = Engine(Path(directory))
        try:
            with contextlib.closing(connect()) as shared:
                saved = shared.images.get(image_tag()).save(chunk_size=1 << 20, named=True)
                with contextlib.closing(docker.DockerClient(engine.socket)) as client:
                    client.images.load(saved)
            yield engine
        finally:
            engine.stop()


@pytest.fixture
def engine(own_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """That engine, as the one that sandboxes find."""
    monkeypatch.setenv("DOCKER_HOST", own_engine.socket)
    return own_engine


def all_containers() -> list[str]:
    with contextlib.closing(connect()) as client:
        return [container.id for container in client.containers.list(all=True)]


def test_the_engine_is_killed_and_restarted_in_mid_batch(engine: Engine) -> None:
    with open_sandbox("docker", slots=2) as sandbox:
        futures = [sandbox.submit(job(number, 0.2)) for number in range(20)]
        futures[2].result(PATIENCE)
        engine.crash()
        time.sleep(0.5)
        engine.start()
        judged = right([future.result(PATIENCE) for future in futures])
        assert judged[0]
        assert all(right(sandbox.run([job(number) for number in range(8)])))
    assert eventually(lambda: all_containers() == [])


def test_the_engine_stays_away(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "RECOVERY_SECONDS", 1.0)
    with open_sandbox("docker", slots=2) as sandbox:
        assert all(right(sandbox.run([job(0)])))
        engine.crash()
        faults = [result.fault for result in sandbox.run([job(0), job(1)])]
        engine.start()
        assert all(fault is None or "engine" in fault for fault in faults), faults
        assert all(right(sandbox.run([job(number) for number in range(4)])))
    assert eventually(lambda: all_containers() == [])


def test_the_disk_of_the_engine_is_full(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "RECOVERY_SECONDS", 1.0)
    filler = engine.data / "filler"
    with open_sandbox("docker", slots=2) as sandbox:
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(1 << 20)):
                pass
        try:
            right(sandbox.run([job(number) for number in range(4)]))
            kill(sandbox)
            right(sandbox.run([job(number) for number in range(4)]))  # new containers need some
        finally:
            filler.unlink()
        assert all(right(sandbox.run([job(number) for number in range(4)])))
    assert eventually(lambda: all_containers() == [])
