"""How the code reward is called: batches, columns, threads, event loops, forks, faults, the CLI."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pytest

from verifiers import CodeReward, format_reward, weighted
from verifiers.code import CodeVerdict
from verifiers.code.checkers import PythonChecker
from verifiers.sandboxes import (
    Job,
    JobResult,
    Outcome,
    RunResult,
    Sandbox,
    SandboxUnavailable,
    open_sandbox,
)

ROOT = Path(__file__).parents[1]
ROLLOUTS = ROOT / "examples" / "code_rollouts.jsonl"

ADD = "def add(a, b):\n    return a + b"
SUM = "print(sum(map(int, input().split())))"
SUMS = [{"stdin": "1 2", "stdout": "3"}, {"stdin": "4 5", "stdout": "9"}]
CALLS = {"function": "add", "tests": [{"args": [1, 2], "expected": 3}]}
ASSERTS = ["assert add(1, 2) == 3", "assert add(40, 2) == 42"]


def fenced(program: str) -> str:
    return f"```python\n{program}\n```"


class Recording(Sandbox):
    """A real sandbox, and all that it was given."""

    def __init__(self, real: Sandbox) -> None:
        self.real, self.name, self.slots = real, real.name, real.slots
        self.jobs: list[Job] = []
        self.futures: list[Future[JobResult]] = []

    def start(self) -> None:
        self.real.start()

    def submit(self, job: Job) -> Future[JobResult]:
        self.jobs.append(job)
        self.futures.append(self.real.submit(job))
        return self.futures[-1]

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def real() -> Iterator[Sandbox]:
    with open_sandbox("auto", unsafe=True, slots=2) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(real: Sandbox) -> Recording:
    return Recording(real)


# ---- batches -------------------------------------------------------------------------------------


def test_equal_programs_are_run_once(sandbox: Recording) -> None:
    reward = CodeReward(sandbox=sandbox)
    texts = [fenced(SUM), "no program", f"Well:\n{fenced(SUM)}", fenced(ADD), fenced(SUM)]
    tests = [SUMS, SUMS, json.loads(json.dumps(SUMS)), ASSERTS, [*SUMS, *SUMS]]
    verdicts = reward.verdicts(texts, tests=tests)
    assert [verdict.reward for verdict in verdicts] == [1.0, 0.0, 1.0, 1.0, 1.0]
    assert len(sandbox.jobs) == 3
    for text, verdict in zip(texts, verdicts, strict=True):
        if verdict.span is not None:
            assert text[slice(*verdict.span)] == verdict.extracted
    assert verdicts[0].reference == "2 stdin tests"
    assert isinstance(verdicts[0], CodeVerdict)
    assert len(verdicts[0].tests) == 2
    assert verdicts[0].tests[0].memory_bytes > 0


def test_a_program_is_loaded_once_for_all_its_tests(sandbox: Recording) -> None:
    tests = [{"stdin": str(i), "stdout": str(i)} for i in range(50)]
    verdict = CodeReward(sandbox=sandbox).verdicts([fenced("print(input())")], tests=[tests])[0]
    assert (verdict.reward, len(verdict.tests), len(sandbox.jobs)) == (1.0, 50, 1)


def test_the_answers_never_enter_the_sandbox_of_the_program(sandbox: Recording) -> None:
    secret = "a9f3" + "k7q2"
    program = "def f(*a):\n    return 'a9f3' + 'k7q2'\n"
    checker = PythonChecker(f"def check(input, expected, output): return '{secret}' in output")
    stdin = [{"stdin": "1", "stdout": secret}]
    call = {"function": "f", "tests": [{"args": [1], "expected": secret}]}
    judged = [
        (CodeReward(sandbox=sandbox), program + "print(f())", stdin),
        (CodeReward(sandbox=sandbox), program, call),
        (CodeReward(sandbox=sandbox), program, [f"assert f(1) == '{secret}'"]),
        (CodeReward(sandbox=sandbox, checker=checker), program + "print(f())", stdin),
        (CodeReward(sandbox=sandbox, checker=checker), program, call),
    ]
    for reward, source, tests in judged:
        assert reward([fenced(source)], tests=[tests]) == [1.0]
    candidates = [job for job in sandbox.jobs if job.program.source.startswith(program)]
    others = [job for job in sandbox.jobs if job not in candidates]
    assert (len(candidates), len(others)) == (5, 2)
    for job in candidates:
        assert secret not in repr((job.program, job.runs))
    for job in others:  # the checker's: the program is not there
        assert "def f(" not in repr(job)


def test_threads_share_a_reward(sandbox: Recording) -> None:
    reward = CodeReward(sandbox=sandbox)

    def judge(number: int) -> list[float | None]:
        tests = [[{"stdin": str(number), "stdout": str(number)}]] * 3
        return reward([fenced("print(input())"), fenced("print(-1)"), "none"], tests=tests)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(judge, range(24))) == [[1.0, 0.0, 0.0]] * 24


def test_an_empty_batch(sandbox: Recording) -> None:
    assert CodeReward(sandbox=sandbox)([], tests=[]) == []
    assert asyncio.run(CodeReward(sandbox=sandbox).score_async([], tests=[])) == []


def test_it_composes(sandbox: Recording) -> None:
    reward = weighted({CodeReward(sandbox=sandbox): 1.0, format_reward: 0.5})
    texts = [f"<think>Add.</think>\n{fenced(SUM)}", fenced(SUM), fenced("print(0)")]
    assert reward(texts, tests=[SUMS] * 3) == [1.5, 1.0, 0.0]


# ---- event loops ---------------------------------------------------------------------------------


def test_the_event_loop_goes_on_meanwhile(sandbox: Recording) -> None:
    reward = CodeReward(sandbox=sandbox)
    ticks = 0

    async def generate() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    async def train() -> list[float | None]:
        generating = asyncio.create_task(generate())
        slow = f"import time\ntime.sleep(0.5)\n{SUM}"
        scores = await reward.score_async([fenced(slow), fenced("print(0)"), "?"], tests=[SUMS] * 3)
        generating.cancel()
        return scores

    assert asyncio.run(train()) == [1.0, 0.0, 0.0]
    assert ticks >= 5


def test_both_forms_give_the_same_verdicts(sandbox: Recording) -> None:
    reward = CodeReward(sandbox=sandbox, scoring="fraction")
    rows = [json.loads(line) for line in ROLLOUTS.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["source"] != "stdin"]
    texts, tests = [row["completion"] for row in rows], [row["tests"] for row in rows]

    def facts(verdicts: Sequence[Any]) -> list[Any]:
        return [(v.rule, v.reward, [t.outcome for t in getattr(v, "tests", ())]) for v in verdicts]

    waited = reward.verdicts(texts, tests=tests)
    assert facts(waited) == facts(asyncio.run(reward.verdicts_async(texts, tests=tests)))


def test_it_may_be_called_inside_a_running_loop(sandbox: Recording) -> None:
    async def caller() -> list[float | None]:
        return CodeReward(sandbox=sandbox)([fenced(SUM)], tests=[SUMS])

    assert asyncio.run(caller()) == [1.0]


@pytest.mark.timeout(120)
def test_a_cancelled_batch_leaves_the_slots(sandbox: Recording) -> None:
    reward = CodeReward(sandbox=sandbox)
    sleepers = [fenced(f"import time\ntime.sleep(2)\nprint({i})") for i in range(60)]
    tests = [[{"stdin": str(k), "stdout": str(i)} for k in range(20)] for i in range(60)]

    async def train() -> None:
        scoring = asyncio.create_task(reward.score_async(sleepers, tests=tests))
        while not sandbox.futures or not any(future.running() for future in sandbox.futures):
            await asyncio.sleep(0.01)
        scoring.cancel()
        with pytest.raises(asyncio.CancelledError):
            await scoring

    asyncio.run(train())
    assert sum(future.cancelled() for future in sandbox.futures) >= 50
    # What was running ends after its current test, so this is soon judged.
    assert reward([fenced(SUM)], tests=[SUMS]) == [1.0]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("form", ["waiting", "async"])
def test_the_deadline_of_a_batch_is_kept(sandbox: Recording, form: str) -> None:
    reward = CodeReward(sandbox=sandbox, batch_time_limit=1.0)
    texts = [fenced(f"import time\ntime.sleep(2)\nprint({i})") for i in range(30)]
    texts.append("no program")
    columns = {"tests": [[{"stdin": str(k), "stdout": str(i)} for k in "123"] for i in range(31)]}
    if form == "async":
        verdicts = asyncio.run(reward.verdicts_async(texts, **columns))
    else:
        verdicts = reward.verdicts(texts, **columns)
    assert [verdict.rule for verdict in verdicts] == ["deadline"] * 30 + ["no_program"]
    assert [verdict.reward for verdict in verdicts] == [None] * 30 + [0.0]
    assert CodeReward(sandbox=sandbox)([fenced(SUM)], tests=[SUMS]) == [1.0]


# ---- processes -----------------------------------------------------------------------------------


def _score_in_child(reward: CodeReward, answers: Any) -> None:
    answers.put(reward([fenced(SUM), fenced("print(0)")], tests=[SUMS] * 2))


@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_has_a_sandbox_of_its_own() -> None:
    reward = CodeReward(unsafe=True)
    assert reward([fenced(SUM)], tests=[SUMS]) == [1.0]  # the parent's is open
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    children = [context.Process(target=_score_in_child, args=(reward, answers)) for _ in range(2)]
    for child in children:
        child.start()
    assert [answers.get() for _ in children] == [[1.0, 0.0]] * 2
    for child in children:
        child.join()
    assert reward([fenced(ADD)], tests=[CALLS]) == [1.0]


def test_it_pickles() -> None:
    reward = CodeReward(
        scoring="weighted", checker="floats", time_limit=3.0, unsafe=True, name="mine"
    )
    again = pickle.loads(pickle.dumps(reward))
    assert again.__name__ == "mine"
    assert vars(again) == vars(reward)
    assert again([fenced(SUM)], tests=[SUMS]) == [1.0]


# ---- faults --------------------------------------------------------------------------------------


class Faulty(Sandbox):
    """A sandbox that fails in one way."""

    name, slots = "faulty", 1

    def __init__(self, answer: Callable[[Job], JobResult]) -> None:
        self.answer = answer

    def start(self) -> None:
        pass

    def submit(self, job: Job) -> Future[JobResult]:
        future: Future[JobResult] = Future()
        try:
            future.set_result(self.answer(job))
        except RuntimeError as error:
            future.set_exception(error)
        except LookupError:
            future.cancel()
        return future

    def close(self) -> None:
        pass


def _raises(error: Exception) -> Callable[[Job], JobResult]:
    def answer(job: Job) -> JobResult:
        raise error

    return answer


FAULT = RunResult(Outcome.FAULT, message="the disk is full")
FINE = RunResult(Outcome.FINISHED, exit_code=0, stdout=b"3", returned=True, value=3)
TESTED = {"tests": [{"name": "script", "outcome": "passed", "message": ""}], "broken": None}

FAULTS: dict[str, tuple[str, Callable[[Job], JobResult]]] = {
    "a fault": ("sandbox_fault", lambda job: JobResult(fault="the engine is gone")),
    "a fault after a run": ("sandbox_fault", lambda job: JobResult((FINE,), fault="gone")),
    "a fault of a run": ("sandbox_fault", lambda job: JobResult((FAULT,))),
    "a fault of the compiler": ("sandbox_fault", lambda job: JobResult(compiled=FAULT)),
    "no run at all": ("sandbox_fault", lambda job: JobResult()),
    "an exception": ("sandbox_fault", _raises(RuntimeError("lost"))),
    "a cancelled job": ("sandbox_fault", _raises(LookupError())),
    "submit raises": ("sandbox_fault", _raises(OSError("closed"))),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("form", ["waiting", "async"])
@pytest.mark.parametrize("tests", [SUMS, CALLS, ASSERTS], ids=["stdin", "call", "script"])
def test_a_fault_is_never_a_number(fault: str, form: str, tests: Any) -> None:
    rule, answer = FAULTS[fault]
    reward = CodeReward(sandbox=Faulty(answer))
    if form == "async":
        verdict = asyncio.run(reward.verdicts_async([fenced(ADD)], tests=[tests]))[0]
    else:
        verdict = reward.verdicts([fenced(ADD)], tests=[tests])[0]
    assert (verdict.rule, verdict.reward, str(verdict.status)) == (rule, None, "error")


@pytest.mark.parametrize(
    "value", [{"tests": [{}]}, {"tests": 3}, {"tests": [None]}], ids=lambda value: repr(value)
)
def test_a_report_of_the_wrong_shape_is_never_a_number(value: Any) -> None:
    run = RunResult(Outcome.FINISHED, exit_code=0, returned=True, value=value)
    reward = CodeReward(sandbox=Faulty(lambda job: JobResult((run,))))
    verdict = reward.verdicts([fenced(ADD)], tests=[ASSERTS])[0]
    assert (verdict.rule, verdict.reward) == ("judge_fault", None)


@pytest.mark.parametrize(
    ("value", "exit_code"),
    [
        (TESTED, 1),
        ({"tests": [], "broken": None}, 0),
        ({"tests": [{"name": "x", "outcome": "skipped", "message": ""}], "broken": None}, 0),
        (None, 0),
        ("passed", 0),
    ],
)
def test_only_tests_that_ran_and_passed_pass(value: Any, exit_code: int) -> None:
    run = RunResult(Outcome.FINISHED, exit_code=exit_code, returned=True, value=value)
    reward = CodeReward(sandbox=Faulty(lambda job: JobResult((run,))))
    assert reward([fenced(ADD)], tests=[ASSERTS]) == [0.0]


def test_runs_that_a_sandbox_leaves_out_are_made_up_for() -> None:
    """Whatever the reason: a program passes only if every test was run."""
    asked: list[int] = []

    def first_only(job: Job) -> JobResult:
        asked.append(len(job.runs))
        number = int(job.runs[0].stdin)
        return JobResult((RunResult(Outcome.FINISHED, 0, stdout=b"%d" % (number % 3)),))

    tests = [{"stdin": str(i), "stdout": str(i)} for i in range(5)]
    verdict = CodeReward(sandbox=Faulty(first_only)).verdicts([fenced(SUM)], tests=[tests])[0]
    assert isinstance(verdict, CodeVerdict)
    assert [test.outcome.value for test in verdict.tests] == ["AC", "AC", "AC", "WA"]
    assert asked == [5, 4, 3, 2]


# ---- columns -------------------------------------------------------------------------------------

COLUMNS: list[dict[str, Any]] = [
    {"tests": [SUMS]},
    {"test_cases": [SUMS]},
    {"input_output": [json.dumps({"inputs": ["1 2"], "outputs": ["3"]})]},
    {"in_outs": [{"inputs": ["1 2"], "outputs": ["3"]}]},
    {"verification_info": [json.dumps({"language": "python", "test_cases": SUMS})]},
    {"ground_truth": [json.dumps({"inputs": ["1 2"], "outputs": ["3"]})]},
    {"answer": [json.dumps(SUMS)]},
    {"tests": [SUMS], "solution": ["print(3)"], "answer": ["3"]},
    {"public_tests": [{"input": ["1 2"], "output": ["3"]}], "time_limit": [{"seconds": 9}]},
    {
        "public_test_cases": [json.dumps([{"input": "1 2", "output": "3"}])],
        "private_test_cases": ["[]"],
        "metadata": ["{}"],
        "starter_code": [""],
    },
    {"tests": numpy.array([None, SUMS], dtype=object)[1:]},
    {"tests": pyarrow.array([SUMS])},
]


@pytest.mark.parametrize("columns", COLUMNS, ids=lambda columns: "+".join(columns))
def test_tests_are_found_by_their_columns(sandbox: Recording, columns: dict[str, Any]) -> None:
    reward = CodeReward(sandbox=sandbox)
    assert reward([fenced(SUM)], prompts=["?"], **columns) == [1.0]
    assert reward([fenced("print(0)")], prompts=["?"], **columns) == [0.0]


def test_columns_of_scripts(sandbox: Recording) -> None:
    reward = CodeReward(sandbox=sandbox)
    check = "def check(candidate):\n    assert candidate(1, 2) == 3\n"
    rows: list[dict[str, Any]] = [
        {"test": [check], "entry_point": ["add"], "prompt": ["def add(a, b):\n"]},
        {"test_list": [ASSERTS], "test_setup_code": [""]},
    ]
    for columns in rows:
        assert reward([fenced(ADD)], **columns) == [1.0]
        assert reward([fenced(ADD.replace("+", "-"))], **columns) == [0.0]


def test_it_is_called_as_trl_calls_it(sandbox: Recording) -> None:
    rewards = CodeReward(sandbox=sandbox)(
        prompts=[[{"role": "user", "content": "Add two numbers."}]] * 2,
        completions=[
            [{"role": "assistant", "content": fenced(SUM)}],
            [{"role": "assistant", "content": "I cannot."}],
        ],
        completion_ids=[[1, 2], [3]],
        tests=[SUMS, SUMS],
        trainer_state=None,
        log_extra=lambda *words: None,
        log_metric=lambda *words: None,
    )
    assert rewards == [1.0, 0.0]


def test_the_column_may_be_named(sandbox: Recording) -> None:
    reward = CodeReward(sandbox=sandbox, column="hidden")
    assert reward([fenced(SUM)], hidden=[SUMS], tests=[[{"stdin": "", "stdout": "no"}]]) == [1.0]
    with pytest.raises(TypeError, match="no column 'hidden'; columns present: tests"):
        reward([fenced(SUM)], tests=[SUMS])


def test_malformed_calls_raise(sandbox: Recording) -> None:
    reward = CodeReward(sandbox=sandbox)
    with pytest.raises(TypeError, match=r"no tests: pass one of tests, .*columns present: prompts"):
        reward([fenced(SUM)], prompts=["?"])
    with pytest.raises(ValueError, match="tests has 2 entries for 1 completions"):
        reward([fenced(SUM)], tests=[SUMS, SUMS])
    with pytest.raises(TypeError, match="tests must be a list with one entry per completion"):
        reward([fenced(SUM)], tests="assert add(1, 2) == 3")
    with pytest.raises(TypeError, match=r"completions\[0\]"):
        reward([3], tests=[SUMS])
    assert not sandbox.jobs


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"language": "klingon"}, "no language 'klingon'"),
        ({"scoring": "most"}, "scoring must be"),
        ({"fence": "no"}, "fence must be"),
        ({"opening": "x"}, "opening must be"),
        ({"checker": "fuzzy"}, "no checker 'fuzzy'"),
        ({"time_limit": 0}, "time_limit must be positive"),
        ({"total_time_limit": -1}, "total_time_limit must be positive"),
        ({"batch_time_limit": 0}, "batch_time_limit must be positive"),
        ({"memory_limit_bytes": 0}, "memory_limit_bytes must be positive"),
    ],
)
def test_bad_options_raise(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CodeReward(**options)


# ---- where there is no sandbox, and on the command line ------------------------------------------

NO_ENGINE = {**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock"}


def test_without_a_sandbox_it_says_what_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE["DOCKER_HOST"])
    reward = CodeReward(sandbox="docker", column="tests")
    for _ in range(2):  # also the second time
        with pytest.raises(SandboxUnavailable, match=r"(?i)docker"):
            reward([fenced(SUM)], tests=[SUMS])
    assert reward(["no program"], tests=[SUMS]) == [0.0]  # nothing to run
    with pytest.raises(ValueError, match="unsafe=True"):
        CodeReward(sandbox="unsafe")([fenced(SUM)], tests=[SUMS])


def _command(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "verifiers", *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        **more,
    )


def test_the_example_file_is_scored_as_it_says(tmp_path: Path) -> None:
    table, out = tmp_path / "code.toml", tmp_path / "scored.jsonl"
    table.write_text("[rewards.code]\noptions = { unsafe = true }\n")
    done = _command("score", "--reward", str(table), str(ROLLOUTS), "--out", str(out), "--json")
    assert done.returncode == 0, done.stderr
    scored = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["status"] for row in scored] == [row["expected"] for row in scored]
    summary = json.loads(done.stdout)
    assert summary["rows"] == len(scored) == 35
    assert summary["sandboxes"] in (["docker"], ["bubblewrap"], ["landlock"], ["unsafe"])


def test_the_summary_says_what_ran_the_programs(tmp_path: Path) -> None:
    table = tmp_path / "code.toml"
    table.write_text(
        '[rewards]\nformat = 0.1\n[rewards.code]\noptions = { sandbox = "landlock" }\n'
    )
    done = _command("score", "--reward", str(table), str(ROLLOUTS), "--limit", "1")
    assert done.returncode == 0, done.stderr
    assert "programs run in landlock" in " ".join(done.stdout.split())


def test_scoring_without_a_sandbox_ends_with_one_message(tmp_path: Path) -> None:
    table = tmp_path / "code.toml"
    table.write_text('[rewards.code]\noptions = { sandbox = "docker" }\n')
    done = _command("score", "--reward", str(table), str(ROLLOUTS), env=NO_ENGINE)
    assert done.returncode == 2
    assert "Docker" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_explain_shows_the_tests(tmp_path: Path) -> None:
    table = tmp_path / "code.toml"
    table.write_text("[rewards.code]\noptions = { unsafe = true, run_all = true }\n")
    words = "explain", "--reward", str(table), json.dumps(SUMS), fenced("print(3)")
    done = _command(*words, "--json")
    assert done.returncode == 1, done.stderr
    assert [test["outcome"] for test in json.loads(done.stdout)["tests"]] == ["AC", "WA"]
    page = _command(*words).stdout
    assert "test 2" in page
    assert "expected '9', got '3'" in page
