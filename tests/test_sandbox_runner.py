"""The inside of the sandbox by itself: its wire, its data, its processes and its testers."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from sandbox_runner import LIMITS, PATIENCE, Ended, Runner, ways
from verifiers._sandbox import plain, results, wire

WAYS = ways()
CASES = Path(__file__).parent / "cases"
TESTERS = [json.loads(line) for line in (CASES / "sandbox_testers.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(slots=2) as runner:
        yield runner


# ---- the wire ------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii")), inner),
    max_leaves=20,
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), VALUES), max_size=4), st.data())
def test_messages_arrive_however_the_bytes_are_cut(messages: list[Any], data: Any) -> None:
    sent = b"".join(map(wire.pack, messages))
    reader, received = wire.Reader(), []
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        received += reader.feed(sent[:size])
        sent = sent[size:]
    assert received == messages


@pytest.mark.parametrize(
    ("head", "parts"),
    [
        (b"[]", b""),
        (b"{x", b""),
        (b"\xff", b""),
        (b'{"a":{"$part":-1}}', b""),
        (b'{"a":{"$part":"many"}}', b"many"),
        (b'{"a":{"$part":true}}', b"1"),
        (b'{"a":{"$part":1,"b":2}}', b"1"),
        (b'{"a":{"$part":999999999999}}', b""),
        (b'{"a":{"$part":2}}', b"1"),
        (b'{"a":{"$part":1},"b":{"$part":1}}', b"1"),
        (b'{"a":{"$part":1}}', b"12"),
        (b'{"a":1}', b"1"),
        (b"[" * 65536, b""),
    ],
)
def test_bytes_that_are_no_message_are_refused(head: bytes, parts: bytes) -> None:
    start = len(head).to_bytes(4, "big") + len(parts).to_bytes(8, "big")
    with pytest.raises(wire.WireError):
        wire.Reader().feed(start + head + parts)


@pytest.mark.parametrize("start", [b"\xff" * 12, b"\xff" * 4 + bytes(8), bytes(4) + b"\xff" * 8])
def test_a_message_that_is_too_large_is_refused_before_it_is_read(start: bytes) -> None:
    with pytest.raises(wire.WireError, match="a message with"):
        wire.Reader().feed(start)


# ---- plain data ----------------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text(st.characters())
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.dates()
    | st.datetimes().map(lambda moment: moment.replace(fold=0))
    | st.timedeltas()
)
DATA = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.lists(inner).map(collections.deque)
        | st.sets(SCALARS)
        | st.frozensets(SCALARS)
        | st.dictionaries(SCALARS, inner)
    ),
    max_leaves=20,
)


def shape(value: Any) -> Any:
    """Something that differs where types do, which `==` does not: 1 and 1.0, True and 1."""
    if isinstance(value, (list, tuple, collections.deque)):
        return type(value), [shape(item) for item in value]
    if isinstance(value, dict):
        return dict, [(shape(key), shape(item)) for key, item in value.items()]
    if isinstance(value, (set, frozenset)):
        return type(value), {shape(item) for item in value}
    return type(value), hex(value) if isinstance(value, int) else repr(value)


@given(DATA)
def test_plain_data_arrives_as_it_was(value: Any) -> None:
    assert shape(plain.loads(plain.dumps(value))) == shape(value)


class Liar(list):  # type: ignore[type-arg]
    def __eq__(self, other: object) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        return iter([5])


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        (Liar([1]), [1]),
        (collections.Counter("aa"), {"a": 2}),
        (collections.namedtuple("P", "x")(1), (1,)),
        (signal.SIGKILL, 9),
        (float("inf"), float("inf")),
        (-0.0, -0.0),
        (1 << 9999, 1 << 9999),  # longer than text of a number may be
        ("\ud800\0", "\ud800\0"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_derives_from_plain_data_arrives_as_plain(value: Any, arrives: Any) -> None:
    got = plain.loads(plain.dumps(value))
    assert shape(got) == shape(arrives)


@pytest.mark.parametrize("value", [object(), len, iter([]), type, [[object()]], {1: lambda: 0}])
def test_what_is_not_plain_does_not_go(value: Any) -> None:
    with pytest.raises(plain.NotPlain):
        plain.dumps(value)


@pytest.mark.parametrize("form", ["set", "frozenset", "dict"])
def test_keys_chosen_to_have_one_hash_do_not_arrive(form: str) -> None:
    """Telling them apart would hold the trainer's interpreter for minutes."""
    keys = [{"int": hex((2**61 - 1) * i)} for i in range(100_000)]
    content = [[key, 0] for key in keys] if form == "dict" else keys
    with pytest.raises(plain.NotPlain, match="one hash"):
        plain.loads(json.dumps({form: content}).encode())


def test_what_is_too_deep_does_not_go() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(plain.NotPlain):
        plain.dumps(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"a":1}',
        '{"tuple":1}',
        '{"tuple":[1],"set":[2]}',
        '{"set":[[1]]}',
        '{"dict":[[1]]}',
        '{"dict":[[[1],2]]}',
        '{"dict":{"a":1}}',
        '{"float":1}',
        '{"float":"one"}',
        '{"int":"xyz"}',
        '{"int":5}',
        '{"bytes":"!"}',
        '{"complex":["1"]}',
        '{"range":["0","1","0"]}',
        '{"fraction":["' + "f" * 20_000 + '","3"]}',
        '{"decimal":"1.2.3"}',
        '{"fraction":["1","0"]}',
        '{"date":"yesterday"}',
        '{"timedelta":[1e300,0,0]}',
        '{"ndarray":[1]}',
        '{"eval":"1"}',
        "1" * 5000,
        "[" * 100_000,
        "[" * 600 + "]" * 600,
        '{"tuple":[' * 600 + "]}" * 600,
    ],
)
def test_what_is_not_plain_is_not_read(text: str) -> None:
    with pytest.raises(plain.NotPlain):
        plain.loads(text.encode())


def test_other_types_are_their_own_kind() -> None:
    assert plain.loads(plain.dumps(decimal.Decimal("1.10"))).as_tuple().exponent == -2
    assert plain.loads(plain.dumps(fractions.Fraction(1, 3))) == fractions.Fraction(1, 3)
    zone = datetime.datetime(2024, 2, 29, 1, tzinfo=datetime.timezone.utc)
    assert plain.loads(plain.dumps(zone)) == zone


FORGED = {"outcome": "finished", "exit_code": 0, "stdout": b"", "stderr": b""}


@pytest.mark.parametrize(
    "report",
    [b"", b"null", b"[]", b"{", b'{"value":{"eval":1}}', b'{"value":{"set":[[]]}}', b"[" * 100_000],
)
def test_a_report_that_means_nothing_returns_nothing(report: bytes) -> None:
    result = results.read({**FORGED, "report": report})
    assert (result["returned"], result["value"], result["stage"]) == (False, None, "run")


def test_what_is_read_can_be_sent_on() -> None:
    said = results.read({**FORGED, "report": json.dumps({"exception": "E: \ud800"}).encode()})
    assert said["exception"] == "E: \\ud800"
    value: Any = 1
    depth = 0
    while True:
        value = [value]
        result = results.read({**FORGED, "report": json.dumps({"value": value}).encode()})
        if not result["returned"]:
            break
        depth += 1
        plain.dumps([[result["value"]], {}])  # the arguments and the keywords of a call
    assert depth > 100


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "won"},
        {"outcome": None},
        {"exit_code": "0"},
        {"exit_code": True},
        {"stdout": "text"},
        {"memory_bytes": 1.5},
    ],
)
def test_what_is_no_result_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="result"):
        results.read({**FORGED, **change})


# ---- testers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", TESTERS, ids=lambda case: case["name"])
def test_testers(runner: Runner, case: dict[str, Any]) -> None:
    assert runner.load("\n".join(case["program"]))["type"] == "loaded"
    assert runner.load("\n".join(case["tests"]), kind="load_tester")["type"] == "loaded"
    result = runner.run(tester=case["framework"])
    passed = result["outcome"] == "finished" and result["exit_code"] == 0
    assert passed is case["passes"], result
    if result["returned"]:
        outcomes = [test["outcome"] for test in result["value"]["tests"]]
        assert (
            passed is ("passed" in outcomes and {"passed", "skipped"} >= set(outcomes))
            or result["value"]["broken"]
        )
        assert bool(result["value"]["broken"]) is case.get("broken", False)


def test_the_tests_are_nowhere_in_the_program(runner: Runner) -> None:
    """Not in its memory, its files, its environment, nor in what it can open."""
    secret = "expected-" + "5f2a91"
    runner.load(
        """
import gc, glob, os, sys
def f(x):
    seen = [repr(o) for o in gc.get_objects() if isinstance(o, (dict, list, tuple, str))]
    seen += [repr(frame.f_globals) for frame in sys._current_frames().values()]
    for path in ['/proc/self/maps', '/proc/self/environ', *glob.glob('../*/*'), *glob.glob('*')]:
        try:
            seen.append(open(path).read())
        except OSError:
            pass
    for fd in range(100):
        try:
            seen.append(str(os.pread(fd, 1 << 20, 0)))
        except OSError:
            pass
    return ''.join(seen)
"""
    )
    runner.load(f"seen = f(1)\nassert len(seen) > 1000\nassert {secret!r} in seen", "load_tester")
    result = runner.run(tester="script")
    assert [test["outcome"] for test in result["value"]["tests"]] == ["failed"]
    assert "in seen" in result["stderr"].decode()


def test_each_test_is_reported(runner: Runner) -> None:
    runner.load("def f(x):\n    return x")
    runner.load(
        "import unittest\nclass T(unittest.TestCase):\n"
        "    def test_a(self): self.assertEqual(f(1), 1)\n"
        "    def test_b(self): self.assertEqual(f(1), 2)\n"
        "    def test_c(self): f()\n"
        "    @unittest.skip('later')\n"
        "    def test_d(self): pass\n",
        kind="load_tester",
    )
    tests = runner.run(tester="unittest")["value"]["tests"]
    assert [(test["name"], test["outcome"]) for test in tests] == [
        ("T.test_a", "passed"),
        ("T.test_b", "failed"),
        ("T.test_c", "error"),
        ("T.test_d", "skipped"),
    ]
    assert tests[1]["message"] == "AssertionError: 1 != 2"
    assert tests[2]["message"].startswith("TypeError: f() missing 1 required")


def test_limits_of_the_program_come_before_its_tests(runner: Runner) -> None:
    runner.load("def f(x):\n    while True: pass")
    runner.load("try:\n    f(1)\nexcept BaseException:\n    pass", kind="load_tester")
    result = runner.run(tester="script", limits={"cpu_seconds": 1.0})
    assert (result["outcome"], result["exit_code"]) == ("time_limit", None)
    assert "processor time" in result["message"]


# ---- runs ----------------------------------------------------------------------------------------


def test_calls(runner: Runner) -> None:
    runner.load(
        "class Solution:\n    def twice(self, x, times=2):\n        return x * times\n"
        "def items(d):\n    yield from d.items()\n"
        "def leave():\n    raise SystemExit(3)\n"
        "def own():\n    return Solution()\n"
    )
    assert runner.call("Solution.twice", [1])["value"] == [1, 1]
    assert runner.call("twice", "a", times=3)["value"] == "aaa"
    assert runner.call("items", {1: (2,)})["value"] == [(1, (2,))]
    left = runner.call("leave")
    assert (left["returned"], left["exception"], left["exit_code"]) == (False, "SystemExit: 3", 3)
    own = runner.call("own")
    assert not own["returned"]
    assert "Solution is not plain data" in own["message"]
    assert runner.call("nothing")["exception"].startswith("AttributeError")


@pytest.mark.parametrize(
    ("source", "limits", "outcome", "message"),
    [
        ("while True: pass", {"cpu_seconds": 0.5}, "time_limit", "processor time"),
        ("import time; time.sleep(90)", {"wall_seconds": 0.5}, "time_limit", "longer than 0.5"),
        ("x = bytearray(1 << 30)", {}, "memory_limit", ""),
        ("import os\nwhile True: os.write(1, b'x' * 65536)", {}, "output_limit", "output"),
        ("import os\nwhile True: os.write(2, b'x' * 65536)", {}, "output_limit", "error"),
    ],
)
def test_limits(
    runner: Runner, source: str, limits: dict[str, Any], outcome: str, message: str
) -> None:
    result = runner.run(source, limits=limits)
    assert result["outcome"] == outcome
    assert message in result["message"]
    assert runner.run("print(1)")["stdout"] == b"1\n"


def test_a_syntax_error_is_told_from_an_exception(runner: Runner) -> None:
    assert runner.run("x =")["stage"] == "compile"
    assert runner.run("\ud800")["stage"] == "compile"
    assert runner.run("raise SyntaxError")["stage"] == "run"


@pytest.mark.parametrize(
    ("program", "stage"),
    [
        ("def add(a, b)", "compile"),
        ("raise SyntaxError", "run"),
        ("def add(a, b): exec('1 +')", "run"),
        ("def add(a, b): return 3", "run"),
    ],
)
def test_a_tester_tells_a_syntax_error_from_an_exception(
    runner: Runner, program: str, stage: str
) -> None:
    assert runner.load(program)["type"] == "loaded"
    assert runner.load("assert add(1, 2) == 3", kind="load_tester")["type"] == "loaded"
    result = results.read(
        runner.ask(type="run", slot=0, stdin=b"", arguments=[], limits=LIMITS, tester="script")
    )
    assert result["stage"] == stage
    assert (result["exit_code"] == 0) == ("return 3" in program)


def test_cancel(runner: Runner) -> None:
    runner.load("import time\ntime.sleep(90)")
    runner.start()
    runner.send(type="cancel", slot=0)
    result = runner.receive()
    assert (result["type"], result["message"]) == ("result", "cancelled")


def test_slots_do_not_wait_for_each_other(runner: Runner) -> None:
    runner.load("import time\ntime.sleep(90)")
    runner.start()
    assert runner.load("print(2)", slot=1)["slot"] == 1
    assert runner.run(slot=1)["stdout"] == b"2\n"
    runner.send(type="cancel", slot=0)
    assert runner.receive()["slot"] == 0


# ---- messages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ({"type": "run", "slot": 0}, "no program is loaded"),
        ({"type": "run", "slot": 7}, "no such slot"),
        ({"type": "run", "slot": True}, "no such slot"),
        ({"type": "run"}, "no such slot"),
        ({"type": "dance", "slot": 0}, "no message 'dance'"),
        ({"slot": 0}, "no message None"),
        ({"type": "load", "slot": 0}, "language"),
        ({"type": "load", "slot": 0, "language": "cobol", "source": b""}, "no language 'cobol'"),
        ({"type": "load", "slot": 0, "language": "python", "source": "text"}, "not bytes"),
    ],
)
def test_messages_that_cannot_be_done_are_refused(
    runner: Runner, message: dict[str, Any], why: str
) -> None:
    runner.ask(type="unload", slot=0)
    answer = runner.ask(**message)
    assert answer["type"] == "refused"
    assert why in answer["message"]
    assert runner.ask(type="ping", token=[1])["token"] == [1]


def test_limits_that_make_no_sense_are_refused(runner: Runner) -> None:
    runner.load("print(1)")
    for name, value in [("cpu_seconds", 0), ("memory_bytes", -1), ("processes", "many")]:
        answer = runner.ask(type="run", slot=0, limits={**LIMITS, name: value})
        assert answer["type"] == "refused"
        assert name in answer["message"]
    assert runner.run()["stdout"] == b"1\n"


def test_a_slot_does_one_thing_at_a_time(runner: Runner) -> None:
    runner.load("input()\nimport time\ntime.sleep(90)")
    runner.start(stdin=b"x\n")
    assert runner.load("print(1)")["message"] == "load: the slot is busy"
    runner.send(type="cancel", slot=0)
    assert runner.receive()["type"] == "result"


# ---- starting and ending -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--require", "uids,seccomp"], "cannot give the isolation that is required: uids"),
        (["--require", "luck"], "not luck"),
    ],
)
def test_it_does_not_start_with_less_than_is_required(options: list[str], why: str) -> None:
    runner = Runner(*options)
    with pytest.raises(Ended):
        runner.receive()
    code, log = runner.end()
    assert code == 2
    assert why in log


def test_hello_says_what_holds(runner: Runner) -> None:
    assert runner.hello["version"] == wire.VERSION
    assert runner.hello["slots"] == 2
    assert runner.hello["languages"]["python"]
    assert {"landlock", "signals", "seccomp", "network"} <= {
        name for name, how in runner.hello["isolation"].items() if how
    }


def gone(pids: list[int]) -> bool:
    """Whether all of them end in time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not any(os.path.exists(f"/proc/{pid}") for pid in pids):
            return True
        time.sleep(0.02)
    return False


BUSY = "import os, time\nfor _ in range(3):\n    os.fork()\nopen('file', 'w')\ntime.sleep(90)"


def wait_for_busy(runner: Runner) -> list[int]:
    """Start eight processes that sleep; all processes below the runner."""
    runner.load(BUSY)
    runner.start()
    deadline = time.monotonic() + PATIENCE
    while len(runner.below()) < 10 and time.monotonic() < deadline:
        time.sleep(0.02)
    return runner.below()


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def way(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return request.param


@pytest.mark.parametrize("how", ["hang up", "kill"])
def test_nothing_outlives_the_runner(how: str, way: tuple[str, ...]) -> None:
    with Runner(*way) as runner:
        pids = wait_for_busy(runner)
        assert len(pids) == 10
        if how == "kill":
            runner.process.kill()
        else:
            assert runner.end() == (0, "")
        assert gone(pids)


def test_a_keeper_that_dies_is_a_fault_and_is_replaced(way: tuple[str, ...]) -> None:
    with Runner(*way) as runner:
        pids = wait_for_busy(runner)
        [keeper] = [pid for pid in pids if len(runner.below(pid)) == 8]
        programs = runner.below(keeper)
        os.kill(keeper, signal.SIGKILL)
        answer = runner.receive()
        assert (answer["type"], answer["slot"]) == ("fault", 0)
        result = runner.run("import os\nprint(os.listdir())")
        assert result["stdout"] == b"[]\n"
        assert gone(programs)


def test_a_program_cannot_touch_its_keeper(way: tuple[str, ...]) -> None:
    source = """
import os, resource, signal
keeper, done = os.getppid(), []
def attempt(name, what):
    try:
        what()
        done.append(name)
    except OSError:
        pass
attempt('kill', lambda: os.kill(keeper, signal.SIGKILL))
attempt('stop', lambda: os.kill(keeper, signal.SIGSTOP))
attempt('priority', lambda: os.setpriority(os.PRIO_PROCESS, keeper, 19))
attempt('affinity', lambda: os.sched_setaffinity(keeper, {0}))
attempt('scheduler', lambda: os.sched_setscheduler(keeper, os.SCHED_IDLE, os.sched_param(0)))
attempt('limit', lambda: resource.prlimit(keeper, resource.RLIMIT_CPU, (1, 1)))
attempt('memory', lambda: open(f'/proc/{keeper}/mem', 'rb').close())
attempt('files', lambda: os.listdir(f'/proc/{keeper}/fd'))
attempt('user', lambda: os.setuid(0) if os.getuid() else os.kill(keeper, 9))
attempt('everybody', lambda: os.kill(-1, signal.SIGKILL) if os.getuid() == 0 else None)
print([name for name in done if name != 'everybody'])
"""
    with Runner(*way) as runner:
        for _ in range(2):
            assert runner.run(source)["stdout"] == b"[]\n"


def test_a_runner_without_its_nursery_ends() -> None:
    with Runner() as runner:
        pids = runner.below()
        os.kill(pids[0], signal.SIGKILL)
        with pytest.raises(Ended):
            runner.receive()
        assert gone(pids)
        assert runner.process.wait(PATIENCE) == 3


def test_a_host_that_talks_nonsense_is_left() -> None:
    with Runner() as runner:
        assert runner.process.stdin
        runner.process.stdin.write(b"\xff" * 100)
        runner.process.stdin.flush()
        with pytest.raises(Ended):
            runner.receive()
        assert runner.process.wait(PATIENCE) == 1


def test_a_host_that_does_not_read_does_not_stop_the_clock() -> None:
    with Runner(slots=2) as runner:
        runner.load("import os\nos.write(1, b'x' * 1000000)")
        runner.load("import time\ntime.sleep(90)", slot=1)
        runner.start(slot=1, limits={"wall_seconds": 1.0})
        runner.start(slot=0)  # its result is more than a pipe holds, and nobody reads it
        deadline = time.monotonic() + PATIENCE
        while len(runner.below()) > 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(runner.below()) == 3, "the program ran on"
        kinds = {runner.receive()["slot"]: None, runner.receive()["slot"]: None}
        assert set(kinds) == {0, 1}
