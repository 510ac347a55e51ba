"""The command line, run as people run it: as a process, with files, pipes, signals, terminals."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from verifiers.cli import app

TESTS = Path(__file__).parent
COMMAND = [sys.executable, "-m", "verifiers"]
REWARD = ("--reward", "sample_rewards:last_word")
SLOW = ("--reward", "sample_rewards:slow", "--batch-size", "20")
ADDED = ["reward", "status", "extracted", "extracted_from", "rule", "reason"]
HANG = 60  # seconds; only to notice a command that never returns


#: What could change how a command looks, or how fast it starts, where the tests run.
UNSET = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONDONTWRITEBYTECODE")


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
    return {**kept, "PYTHONPATH": path, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **changes}


def run(*arguments: object, stdin: bytes = b"", **changes: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=HANG,
        env=environment(**changes),
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def summary(*arguments: object, code: int = 0, **options: Any) -> dict[str, Any]:
    done = run("score", *arguments, "--json", **options)
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rollout(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "source": f"set-{number % 3}",
        "completion": f"step by step, the answer is {number % 7}",
        "answer": str(number % 5),
        "tokens": [number, number + 1],
    }


def write_jsonl(path: Path, rows: list[Any]) -> Path:
    data = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(data.encode()) if path.suffix == ".gz" else data.encode())
    return path


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    return [json.loads(line) for line in data.splitlines()]


@pytest.fixture
def rollouts(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "rollouts.jsonl", [rollout(number) for number in range(100)])


# ---- score: rows in, rows out ---------------------------------------------------------------


def test_every_row_keeps_its_columns_and_gains_six(rollouts: Path, tmp_path: Path) -> None:
    out = tmp_path / "scored.jsonl"
    assert run("score", rollouts, *REWARD, "--out", out).returncode == 0
    rows = read(out)
    assert [{k: row[k] for k in rollout(0)} for row in rows] == read(rollouts)
    assert list(rows[0]) == [*rollout(0), *ADDED]
    assert {name: rows[0][name] for name in ADDED} == {
        "reward": 1.0,
        "status": "correct",
        "extracted": "0",
        "extracted_from": "whole",
        "rule": "word",
        "reason": "the same word",
    }
    assert {path.name for path in tmp_path.iterdir()} == {"rollouts.jsonl", "scored.jsonl"}


@pytest.mark.parametrize(
    "value",
    [
        "123456789012345678901234567890",
        "0.1234567890123456789",
        "1.0e400",
        "-0.0",
        "1E5",
        '"\\ud83d\\ude00"',
        '"é \\u00e9 😀 \\/ \\u0000"',
        '"\\ud800"',
        "NaN",
        "[-Infinity, {}]",
    ],
)
def test_a_column_that_is_not_judged_comes_out_as_it_went_in(tmp_path: Path, value: str) -> None:
    line = f'{{"completion":"it is 4","answer":"4","extra":{value}}}'
    done = run("score", "-", *REWARD, "--out", "-", stdin=line.encode())
    assert done.returncode == 0, done.stderr
    written = done.stdout
    strict = not any(word in value for word in ("NaN", "Infinity", "d800"))
    assert f'"extra":{value}' in written if strict else json.loads(written)["reward"] == 1.0
    if not strict:
        assert repr(json.loads(written)["extra"]) == repr(json.loads(value))


def test_a_completion_may_hold_any_unicode(tmp_path: Path) -> None:
    line = b'{"completion":"it is \\ud800\\u0000x","answer":"\\ud800\\u0000x"}\n'
    done = run("score", "-", *REWARD, "--out", "-", stdin=line)
    row = json.loads(done.stdout)
    assert (row["status"], row["extracted"]) == ("correct", "\ud800\x00x")


def test_pipes(rollouts: Path) -> None:
    done = run("score", "-", *REWARD, "--out", "-", stdin=rollouts.read_bytes())
    assert done.returncode == 0
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 100
    assert "100 rows" in done.stderr
    assert "mean reward" in done.stderr


def test_a_reader_that_has_had_enough_is_no_error_message(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [rollout(number) for number in range(5000)])
    command = " ".join([*COMMAND, "score", str(source), *REWARD, "--out", "-"])
    done = subprocess.run(
        f"{command} | head -n 1", shell=True, capture_output=True, timeout=HANG, env=environment()
    )
    assert json.loads(done.stdout)["id"] == 0
    assert b"Traceback" not in done.stderr


FORMATS = [".jsonl", ".jsonl.gz", ".parquet"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (".jsonl", ".parquet"),
        (".parquet", ".jsonl"),
        (".parquet", ".parquet"),
        (".jsonl.gz", ".jsonl.gz"),
    ],
)
def test_every_format_to_every_format(
    rollouts: Path, tmp_path: Path, before: str, after: str
) -> None:
    source, out = tmp_path / f"in{before}", tmp_path / f"out{after}"
    if before == ".parquet":
        pq.write_table(pa.Table.from_pylist(read(rollouts)), source, row_group_size=30)
    else:
        write_jsonl(source, read(rollouts))
    report = summary(source, *REWARD, "--out", out, "--batch-size", "7")
    assert report["rows"] == 100
    rows = read(out)
    assert [{k: row[k] for k in rollout(0)} for row in rows] == read(rollouts)
    assert [row["reward"] for row in rows] == [float(n % 7 == n % 5) for n in range(100)]
    assert list(rows[0]) == [*rollout(0), *ADDED]


def test_parquet_keeps_types_and_metadata(tmp_path: Path) -> None:
    table = pa.table(
        {
            "completion": pa.array(["is 4", "is 5"]).dictionary_encode(),
            "answer": pa.array(["4", "4"], pa.large_string()),
            "when": pa.array([0, 1], pa.timestamp("us", "UTC")),
            "small": pa.array([1, 2], pa.int8()),
        }
    ).replace_schema_metadata({"who": "us"})
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(table, source)
    summary(source, *REWARD, "--out", out)
    after = pq.read_table(out)
    assert after.select(table.column_names).equals(pq.read_table(source))
    assert after.schema.metadata[b"who"] == b"us"
    assert after.schema.field("reward").type == pa.float64()
    assert after.column("status").to_pylist() == ["correct", "wrong"]


def test_json_lines_that_fit_no_table_say_so(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [{**rollout(0), "x": 1}, {**rollout(1), "x": "a"}])
    done = run("score", source, *REWARD, "--out", tmp_path / "a.parquet")
    assert done.returncode == 4
    assert "column 'x'" in done.stderr
    assert "write .jsonl instead" in done.stderr
    assert not (tmp_path / "a.parquet.progress").exists()


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_file_is_no_error(tmp_path: Path, content: str) -> None:
    source, out = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    source.write_text(content)
    report = summary(source, *REWARD, "--out", out)
    assert (report["rows"], report["mean_reward"], out.read_text()) == (0, None, "")


def test_an_empty_table_is_no_error(tmp_path: Path) -> None:
    source, out = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(pa.table({"completion": pa.array([], pa.string())}), source)
    assert summary(source, *REWARD, "--out", out)["rows"] == 0
    assert pq.read_table(out).num_rows == 0


# ---- score: finding the columns -------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "completion", "reference", "source"),
    [
        ({"completion": "a", "solution": "a"}, "completion", "solution", None),
        ({"response": "a", "ground_truth": "a"}, "response", "ground_truth", None),
        ({"gold": "a", "pred": "a", "label": True, "source": "s"}, "pred", "gold", "source"),
        ({"outputs": ["a"], "answers": "a", "dataset": "d"}, "outputs", "answers", "dataset"),
        (
            {"generation": "a", "answer": 3, "data_source": "d"},
            "generation",
            "answer",
            "data_source",
        ),
        ({"text": "a", "completion": None, "target": "a"}, "text", "target", None),
        (
            {"messages": [{"role": "assistant", "content": "a"}], "gold": "a"},
            "messages",
            "gold",
            None,
        ),
    ],
)
def test_the_usual_columns_are_found(
    row: dict[str, Any], completion: str, reference: str, source: str | None
) -> None:
    report = summary("-", *REWARD, stdin=json.dumps(row).encode())
    assert report["columns"] == {
        "completion": completion,
        "reference": reference,
        "source": source,
    }
    assert report["rows"] == 1


def test_columns_by_option() -> None:
    row = {"completion": "no", "answer": "no", "mine": "so 4", "yours": "4", "from": "here"}
    options = ["--completion-column", "mine", "--reference-column", "yours"]
    report = summary(
        "-", *REWARD, *options, "--source-column", "from", stdin=json.dumps(row).encode()
    )
    assert report["statuses"] == {"correct": 1}
    assert report["sources"]["here"]["completions"] == 1


@pytest.mark.parametrize(
    ("row", "options", "message"),
    [
        ({"prompt": "a", "answer": "b"}, [], "--completion-column"),
        ({"completion": "a", "answer": "b"}, ["--completion-column", "x"], "no column 'x'"),
        ({"completion": "a", "answer": "b"}, ["--reference-column", "x"], "no column 'x'"),
        ({"completion": "a", "prompt": "b"}, [], "no reference column"),
    ],
)
def test_a_missing_column_is_a_wrong_command(
    tmp_path: Path, row: dict[str, Any], options: list[str], message: str
) -> None:
    out = tmp_path / "before.jsonl"
    out.write_text("precious")
    done = run("score", "-", *REWARD, *options, "--out", out, stdin=json.dumps(row).encode())
    assert done.returncode == 2
    assert message in done.stderr
    assert "columns present: " in done.stderr
    assert out.read_text() == "precious"


def test_chat_messages(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "it is 4"}]
    rows = [{"completion": chat, "answer": "4"}, {"completion": chat[:1], "answer": "4"}]
    source = write_jsonl(tmp_path / "a.jsonl", rows)
    assert summary(source, *REWARD)["statuses"] == {"correct": 1, "no_answer": 1}
    table = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist(rows), table)
    assert summary(table, *REWARD)["statuses"] == {"correct": 1, "no_answer": 1}


@pytest.mark.parametrize("after", [".jsonl", ".parquet"])
@pytest.mark.parametrize("before", [".jsonl", ".parquet"])
def test_several_completions_in_one_row(tmp_path: Path, before: str, after: str) -> None:
    rows = [
        {"completions": ["is 4", "is 5", ""], "answer": "4"},
        {"completions": [], "answer": "4"},
        {"completions": ["is 6"], "answer": "6"},
    ]
    source, out = tmp_path / f"a{before}", tmp_path / f"b{after}"
    if before == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), source)
    else:
        write_jsonl(source, rows)
    report = summary(source, *REWARD, "--out", out)
    assert (report["rows"], report["completions"]) == (3, 4)
    assert [row["reward"] for row in read(out)] == [[1.0, 0.0, 0.0], [], [1.0]]
    assert read(out)[0]["status"] == ["correct", "wrong", "no_answer"]


def test_a_group_of_conversations() -> None:
    turns = [[{"role": "assistant", "content": text}] for text in ("is 4", "is 5")]
    row = {"completion": turns, "answer": "4"}
    done = run("score", "-", *REWARD, "--out", "-", stdin=json.dumps(row).encode())
    assert json.loads(done.stdout)["reward"] == [1.0, 0.0]


def test_columns_that_are_there_already(rollouts: Path, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [{**rollout(0), "reward": 0.25}])
    out = tmp_path / "b.jsonl"
    done = run("score", source, *REWARD, "--out", out)
    assert done.returncode == 2
    assert "'reward'" in done.stderr
    assert "--prefix" in done.stderr
    assert not out.exists()
    assert summary(source, *REWARD)["rows"] == 1  # nothing is written, so nothing is in the way
    assert run("score", source, *REWARD, "--out", out, "--prefix", "new_").returncode == 0
    assert (read(out)[0]["reward"], read(out)[0]["new_reward"]) == (0.25, 1.0)


def test_scoring_our_own_output_again_replaces_the_verdict(rollouts: Path, tmp_path: Path) -> None:
    for ending in (".jsonl", ".parquet"):
        once, twice = tmp_path / f"once{ending}", tmp_path / f"twice{ending}"
        summary(rollouts, "--reward", "sample_rewards:length", "--out", once)
        summary(once, *REWARD, "--out", twice)
        assert [row["rule"] for row in read(twice)] == ["word"] * 100
        assert list(read(twice)[0]) == [*rollout(0), *ADDED]


# ---- score: malformed rows ------------------------------------------------------------------

MALFORMED = [
    ("not json", "not JSON"),
    ('{"completion": "cut', "not JSON"),
    ("[1, 2]", "expected object, got array"),
    ('"text"', "expected object, got str"),
    ('{"answer": "4"}', "no readable 'completion'"),
    ('{"completion": "4"}', "no readable 'answer'"),
    ('{"completion": null, "answer": "4"}', "no readable 'completion'"),
    ('{"completion": 3, "answer": "4"}', "completion must be text"),
    ('{"completion": [{"no": 1}], "answer": "4"}', "completion[0] must be a chat message"),
    ('{"completion": ["a", 3], "answer": "4"}', "completion must be text"),
    ('{"completion": "4", "answer": {"a": 1}}', "must be text, got dict"),
    ('{"completion": "4", "answer": "4", "reward": 1}', "has a column 'reward' already"),
    ('{"a":' * 100_000, "nested too deep"),
]


def test_a_malformed_line_is_named_and_loses_no_other(tmp_path: Path) -> None:
    lines = [json.dumps(rollout(0))]
    for line, _ in MALFORMED:
        lines += [line, "", json.dumps(rollout(len(lines)))]
    source, out = write_jsonl(tmp_path / "a.jsonl", lines), tmp_path / "b.jsonl"
    done = run("score", source, *REWARD, "--out", out)
    assert done.returncode == 1
    for index, (_, message) in enumerate(MALFORMED):
        assert re.search(f"a.jsonl:{2 + 3 * index}: .*{re.escape(message)}", done.stderr), message
    assert len(read(out)) == len(MALFORMED) + 1
    assert f"{len(MALFORMED)} malformed" in done.stdout


def test_bytes_that_are_not_text_are_malformed_only_where_they_are_read(tmp_path: Path) -> None:
    source, out = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    lines = [b'{"completion":"4","answer":"4"}', b'{"completion":"\xff","answer":"4"}']
    source.write_bytes(b"\n".join(lines))
    done = run("score", source, *REWARD, "--out", out)
    assert done.returncode == 1
    assert "a.jsonl:2: no readable 'completion'" in done.stderr


def test_many_malformed_lines_are_counted(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [rollout(0), *["{"] * 1000])
    done = run("score", source, *REWARD)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 21
    assert "980 more" in done.stderr


def test_malformed_rows_of_a_table(tmp_path: Path) -> None:
    source = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({"completion": ["is 4", None, "is 4"], "answer": ["4", "4", None]}), source
    )
    done = run("score", source, *REWARD)
    assert done.returncode == 1
    assert "a.parquet:2: no readable 'completion'" in done.stderr
    assert "a.parquet:3: " in done.stderr
    assert "must be text, got NoneType" in done.stderr


@pytest.mark.parametrize("after", [".jsonl", ".parquet"])
def test_strict_stops_and_can_go_on_without(tmp_path: Path, after: str) -> None:
    lines = [rollout(0), rollout(1), "{", rollout(3), {"completion": 3, "answer": "3"}, rollout(5)]
    source, out = write_jsonl(tmp_path / "a.jsonl", lines), tmp_path / f"b{after}"
    done = run("score", source, *REWARD, "--out", out, "--strict")
    assert done.returncode == 3
    assert "a.jsonl:3: not JSON" in done.stderr
    assert "a.jsonl:5" not in done.stderr
    done = run("score", source, *REWARD, "--out", out, "--resume")
    assert done.returncode == 1
    assert [row["id"] for row in read(out)] == [0, 1, 3, 5]


def test_a_cut_archive_keeps_what_could_be_read(tmp_path: Path) -> None:
    source, out = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl"
    whole = gzip.compress(b"".join(json.dumps(rollout(n)).encode() + b"\n" for n in range(20_000)))
    source.write_bytes(whole[: len(whole) // 2])
    done = run("score", source, *REWARD, "--out", out)
    assert done.returncode == 4
    assert "not whole" in done.stderr
    assert len(read(out)) > 1000


# ---- score: stopping and going on -----------------------------------------------------------


def start(*arguments: object, log: Path) -> subprocess.Popen[bytes]:
    log.write_text("")
    return subprocess.Popen(
        [*COMMAND, "score", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(SAMPLE_LOG=str(log)),
    )


def strike(process: subprocess.Popen[bytes], number: int, log: Path, batches: int) -> bytes:
    """Send a signal once so many batches were judged; returns what went to standard error."""
    deadline = time.monotonic() + HANG
    while log.read_text().count("\n") < batches and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(number)
    _, complaint = process.communicate(timeout=HANG)
    return complaint


@pytest.mark.parametrize(
    ("after", "number"),
    [*((ending, signal.SIGINT) for ending in FORMATS), (".jsonl", signal.SIGTERM)],
)
def test_an_interrupted_run_keeps_its_rows_and_goes_on(
    tmp_path: Path, after: str, number: int
) -> None:
    rows = [*[rollout(n) for n in range(150)], "{", *[rollout(n) for n in range(150, 300)]]
    source = write_jsonl(tmp_path / "a.jsonl", rows)
    whole, out, log = tmp_path / f"whole{after}", tmp_path / f"out{after}", tmp_path / "log"
    uninterrupted = summary(source, *REWARD, "--out", whole, code=1)
    process = start(source, *SLOW, "--out", out, log=log)
    complaint = strike(process, number, log, batches=3)
    assert process.returncode == 130
    assert b"--resume" in complaint
    kept = pq.read_table(f"{out}.partial").to_pylist() if after == ".parquet" else read(out)
    assert 20 <= len(kept) < 300
    assert kept == read(whole)[: len(kept)]
    report = summary(source, *SLOW, "--out", out, "--resume", code=1, SAMPLE_LOG=str(log))
    assert read(out) == read(whole)
    for name in ("rows", "malformed", "statuses", "sources", "mean_reward"):
        assert report[name] == uninterrupted[name]
    assert {path.name for path in tmp_path.iterdir()} == {"a.jsonl", "log", whole.name, out.name}


@pytest.mark.parametrize("after", FORMATS)
def test_a_killed_run_goes_on_without_losing_or_doubling_a_row(tmp_path: Path, after: str) -> None:
    source = tmp_path / "a.parquet"
    pq.write_table(
        pa.Table.from_pylist([rollout(n) for n in range(300)]), source, row_group_size=70
    )
    whole, out, log = tmp_path / f"whole{after}", tmp_path / f"out{after}", tmp_path / "log"
    summary(source, *REWARD, "--out", whole)
    for batches in (9, 5):
        process = start(source, *SLOW, "--out", out, "--resume", log=log)
        strike(process, signal.SIGKILL, log, batches)
        assert process.returncode == -signal.SIGKILL
        if after == ".parquet":
            (tmp_path / "out.parquet.partial" / "part-00000.parquet").write_bytes(b"PAR1 cut")
        else:
            with out.open("ab") as file:
                file.write(b'{"id": 7, "completion": "cut in the mi')
    report = summary(source, *SLOW, "--out", out, "--resume", SAMPLE_LOG=str(log))
    assert report["rows"] == 300
    assert read(out) == read(whole)


def test_a_pipe_interrupted_still_makes_a_readable_table(tmp_path: Path) -> None:
    out, log = tmp_path / "out.parquet", tmp_path / "log"
    log.write_text("")
    process = subprocess.Popen(
        [*COMMAND, "score", "-", *SLOW, "--out", str(out)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(SAMPLE_LOG=str(log)),
    )
    assert process.stdin is not None
    for number in range(60):
        process.stdin.write(json.dumps(rollout(number)).encode() + b"\n")
    process.stdin.flush()
    deadline = time.monotonic() + HANG
    while log.read_text().count("\n") < 3 and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.2)  # now it waits for the next line
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=HANG)
    assert process.returncode == 130
    assert [row["id"] for row in read(out)] == list(range(60))
    assert {path.name for path in tmp_path.iterdir()} == {"log", "out.parquet"}


def test_what_resume_refuses(rollouts: Path, tmp_path: Path) -> None:
    out, log = tmp_path / "out.jsonl", tmp_path / "log"
    process = start(rollouts, *SLOW, "--out", out, log=log)
    strike(process, signal.SIGINT, log, batches=2)
    kept = out.read_bytes()

    def refused(*arguments: object, because: str) -> None:
        done = run("score", *arguments, stdin=rollouts.read_bytes())
        assert done.returncode == 2
        assert because in done.stderr
        assert out.read_bytes() == kept

    same = (rollouts, *SLOW, "--out", out)
    refused(*same, because="unfinished: go on with --resume")
    refused("-", *SLOW, "--out", out, because="unfinished")
    refused(rollouts, *REWARD, "--out", out, "--resume", because="the reward is not that")
    refused(*same, "--prefix", "x_", "--resume", because="the prefix is not that")
    refused("-", *SLOW, "--out", out, "--resume", because="standard input cannot be read again")
    refused(rollouts, *SLOW, "--resume", because="name it with --out")
    with rollouts.open("a") as file:
        file.write(json.dumps(rollout(100)) + "\n")
    refused(*same, "--resume", because="the file that is read is not that")
    assert summary(*same, "--overwrite", SAMPLE_LOG=str(log))["rows"] == 101
    kept = out.read_bytes()
    refused(*same, "--resume", because="it is finished")
    refused(out, *SLOW, "--out", out, because="is the file that is read")


def test_resume_where_nothing_was_begun_begins(rollouts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert summary(rollouts, *REWARD, "--out", out, "--resume")["rows"] == 100
    assert summary(rollouts, *REWARD, "--out", out)["rows"] == 100  # a finished file is replaced
    assert len(read(out)) == 100


def test_limit(rollouts: Path, tmp_path: Path) -> None:
    table = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist(read(rollouts)), table)
    for source in (rollouts, table):
        out = tmp_path / "out.jsonl"
        assert (
            summary(source, *REWARD, "--out", out, "--limit", 33, "--batch-size", 10)["rows"] == 33
        )
        assert [row["id"] for row in read(out)] == list(range(33))


# ---- score: memory --------------------------------------------------------------------------


def peak_memory(*arguments: object) -> int:
    """Run a command and return the most memory it held, in MiB."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdout=subprocess.DEVNULL, env=environment()
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss // 1024


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, ending: str) -> None:
    peaks = []
    for count in (20_000, 200_000):
        rows = [{**rollout(number % 1000), "prompt": "why? " * 60} for number in range(1000)]
        source = tmp_path / f"{count}{ending}"
        if ending == ".parquet":
            table = pa.Table.from_pylist(rows)
            with pq.ParquetWriter(source, table.schema, use_dictionary=False) as writer:
                for _ in range(count // 10_000):
                    writer.write_table(pa.concat_tables([table] * 10))
        else:
            data = "".join(json.dumps(row) + "\n" for row in rows)
            with source.open("w") as file:
                for _ in range(count // 1000):
                    file.write(data)
        peaks.append(peak_memory("score", source, *REWARD, "--out", tmp_path / f"out{ending}"))
    assert peaks[1] - peaks[0] < (120 if ending == ".parquet" else 20)


# ---- score: rewards -------------------------------------------------------------------------


def test_a_plain_function_is_a_reward() -> None:
    lines = b'{"completion": "0123456789"}\n{"completion": "01234"}\n{"completion": ""}\n'
    done = run("score", "-", "--reward", "sample_rewards:length", "--out", "-", stdin=lines)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["reward"] for row in rows] == [1.0, 0.5, None]
    assert [row["status"] for row in rows] == ["correct", "partial", "error"]


def test_a_class_takes_threads_and_an_object_does_not(rollouts: Path) -> None:
    assert summary(rollouts, "-r", "sample_rewards:LastWord", "--threads", 2)["rows"] == 100
    done = run("score", rollouts, *REWARD, "--threads", "2")
    assert done.returncode == 2
    assert "threads cannot be set" in done.stderr


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nothing", "no reward named 'nothing'"),
        ("no_such_module:reward", "there is no module 'no_such_module'"),
        ("sample_rewards:nothing", "has no 'nothing'"),
        ("sample_rewards:os", "must be a Reward"),
    ],
)
def test_a_reward_that_is_not_there(rollouts: Path, spec: str, message: str) -> None:
    done = run("score", rollouts, "--reward", spec)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_reward_of_the_current_directory(rollouts: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def half(completions, **_): return [0.5] * len(completions)")
    done = subprocess.run(
        [*COMMAND, "score", rollouts, "-r", "mine:half", "--json"],
        capture_output=True,
        cwd=tmp_path,
        env=environment(),
        timeout=HANG,
    )
    assert json.loads(done.stdout)["mean_reward"] == 0.5


def test_a_reward_that_raises_stops_the_run_and_says_where(rollouts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = run("score", rollouts, "-r", "sample_rewards:broken", "--out", out)
    assert done.returncode == 4
    assert "this reward is broken" in done.stderr
    assert "sample_rewards.py" in done.stderr


def test_without_pyarrow_the_install_command_is_given(rollouts: Path, tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'pyarrow'\", name='pyarrow')"
    )
    path = os.pathsep.join([str(tmp_path), str(TESTS)])
    done = run("score", rollouts, *REWARD, "--out", tmp_path / "out.parquet", PYTHONPATH=path)
    assert done.returncode == 2
    assert "pip install 'rlvr-verifiers[parquet]'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl: No such file"),
        (["rollouts.txt"], "name it .jsonl"),
        (["-", "--out", "x.csv"], "name it .jsonl"),
        (["-", "--out", "no/such/folder/x.jsonl"], "there is no folder"),
        (["-", "--out", "-", "--json"], "--json and --out -"),
        (["-", "--batch-size", "0"], "--batch-size"),
        (["-", "--no-such-option"], "--no-such-option"),
        ([], ""),
    ],
)
def test_wrong_commands(arguments: list[str], message: str) -> None:
    done = run("score", *arguments, *(REWARD if arguments else ()), stdin=b"")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


# ---- the math reward, which is the default --------------------------------------------------


def test_math_is_the_reward_unless_told_otherwise(tmp_path: Path) -> None:
    rows = [
        {"completion": "so \\boxed{\\frac12}", "solution": "1/2"},
        {"completion": [{"role": "assistant", "content": "x \\boxed{0.5}"}], "solution": "0.5"},
        {"completion": "\\boxed{1/3}", "solution": "1/2"},
        {"completion": "<think>\\boxed{1/2}", "solution": "1/2"},
        {"completion": ["\\boxed{2}", "\\boxed{3}"], "solution": 3},
        {"completion": "\\boxed{1}", "solution": "\\frac{"},
        {"completion": "\\boxed{1}", "solution": None},
        {"completion": "\\boxed{1}", "solution": ["1", "one"]},
    ]
    source, out = write_jsonl(tmp_path / "a.jsonl", rows), tmp_path / "b.jsonl"
    report = summary(source, "--out", out, "--threads", 2)
    rewards = [1.0, 1.0, 0.0, 0.0, [0.0, 1.0], None, None, 1.0]
    assert [row["reward"] for row in read(out)] == rewards
    assert (report["unscored"], report["malformed"]) == (2, 0)
    assert [read(out)[index]["extracted"] for index in (0, 3)] == ["\\frac12", None]


def test_explain_shows_both_sides_as_they_were_read() -> None:
    done = run("explain", "\\frac{1}{2}", "so \\boxed{0.5}")
    assert done.returncode == 0
    assert done.stdout.count("read as") == 2
    verdict = json.loads(run("explain", "\\frac{1}{2}", "0.5", "--json").stdout)
    assert verdict["reference_read"]
    assert verdict["answer_read"]


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_interrupt_in_the_middle_of_algebra_leaves_no_process(tmp_path: Path) -> None:
    hard = "\\int_0^{%d} \\frac{\\sin(x)^{%d}}{1+x^2+x^5} dx"
    rows = [
        {"completion": f"\\boxed{{{hard % (n, n + 1)}}}", "answer": hard % (n, n + 2)}
        for n in range(1, 50)
    ]
    source = write_jsonl(tmp_path / "a.jsonl", rows)
    process = subprocess.Popen(
        [*COMMAND, "score", str(source)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    deadline = time.monotonic() + HANG
    while not (workers := children(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert workers
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=HANG) == 130
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(alive, workers))


# ---- the summary ----------------------------------------------------------------------------


def test_the_summary_adds_up(tmp_path: Path) -> None:
    rows = [
        {"completion": "is 4", "answer": "4", "source": "a"},
        {"completion": "is 5", "answer": "4", "source": "a"},
        {"completion": "", "answer": "4", "source": "b"},
        {"completion": "a much longer text that ends with 4", "answer": "unreadable"},
    ]
    report = summary("-", *REWARD, stdin="\n".join(map(json.dumps, rows)).encode())
    assert report["statuses"] == {"correct": 1, "wrong": 1, "no_answer": 1, "bad_reference": 1}
    assert report["mean_reward"] == pytest.approx(1 / 3)
    assert report["unscored"] == 1
    assert report["sources"]["a"]["mean_reward"] == 0.5
    assert report["sources"]["(none)"]["mean_reward"] is None
    assert [slow["row"] for slow in report["slowest"]] == [1, 2, 3, 4]
    assert report["complete"] is True
    assert report["rows_per_second"] > 0


def test_more_sources_than_fit(tmp_path: Path) -> None:
    rows = [{**rollout(n), "source": f"source {n}"} for n in range(1500)]
    done = run("score", write_jsonl(tmp_path / "a.jsonl", rows), *REWARD)
    assert "… and 981 more" in done.stdout
    assert "(other)" in done.stdout


def terminal(*arguments: object, columns: int = 80, **changes: str) -> str:
    """Run a command in a terminal and return everything it wrote there."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environment(COLUMNS=str(columns), **changes),
    )
    os.close(follower)
    written = b""
    deadline = time.monotonic() + HANG
    while time.monotonic() < deadline:
        if select.select([leader], [], [], 0.1)[0]:
            try:
                written += os.read(leader, 65536)
            except OSError:  # the other side is closed
                break
        elif process.poll() is not None:
            break
    process.wait(timeout=HANG)
    os.close(leader)
    return written.decode()


ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def test_colour_and_a_bar_on_a_terminal_only(rollouts: Path, tmp_path: Path) -> None:
    piped = run("score", rollouts, *REWARD)
    assert "\x1b" not in piped.stdout + piped.stderr
    assert piped.stderr == ""
    shown = terminal("score", rollouts, *SLOW, SAMPLE_LOG=str(tmp_path / "log"))
    assert "\x1b[32m" in shown
    assert "━" in shown
    plain = terminal("score", rollouts, *REWARD, NO_COLOR="1")
    assert "\x1b[32m" not in plain


@pytest.mark.parametrize("columns", [80, 120])
def test_nothing_is_wider_than_the_terminal(tmp_path: Path, columns: int) -> None:
    rows = [{**rollout(n), "source": "a data set with a rather long name " * 3} for n in range(9)]
    rows += [{**rows[0], "completion": "x" * 300}, {**rows[0], "completion": ""}]
    rows += [{**rows[0], "answer": "unreadable"}]
    source = write_jsonl(tmp_path / "a.jsonl", rows)
    shown = ESCAPES.sub("", terminal("score", source, *REWARD, columns=columns))
    assert max(map(len, re.split(r"[\r\n]+", shown))) <= columns
    for word in ("correct", "no_answer", "bad_reference", "mean reward", "unscored", "slowest"):
        assert word in shown


def test_what_a_model_wrote_cannot_command_the_terminal(tmp_path: Path) -> None:
    attack = "\x1b]0;owned\x07\x1b[2J\x9b31m[bold]"
    row = {"completion": attack, "answer": attack, "source": attack}
    source = write_jsonl(tmp_path / "a.jsonl", [row, "{"])
    shown = terminal("score", source, *REWARD) + terminal("explain", attack, attack, *REWARD)
    assert "\x1b]0;" not in shown
    assert "\x1b[2J" not in shown
    assert "\x9b" not in shown
    assert "[bold]" in shown


# ---- explain, doctor, help ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "answer", "status", "code"),
    [
        ("4", "so it is 4", "correct", 0),
        ("-5", "-5", "correct", 0),
        ("4", "so it is 5", "wrong", 1),
        ("4", "", "no_answer", 1),
        ("unreadable", "4", "bad_reference", 3),
    ],
)
def test_explain(reference: str, answer: str, status: str, code: int) -> None:
    done = run("explain", reference, answer, *REWARD)
    assert done.returncode == code, done.stderr
    assert status.replace("_", " ") in done.stdout


def test_explain_reads_a_pipe_and_writes_json() -> None:
    done = run("explain", "4", "-", *REWARD, "--json", stdin=b"so it is 4")
    assert done.returncode == 0
    verdict = json.loads(done.stdout)
    assert (verdict["status"], verdict["extracted"], verdict["span"]) == ("correct", "4", [9, 10])


def test_explain_shows_the_neighbourhood_of_the_answer() -> None:
    text = "far away " * 1000 + "near the answer: 4"
    shown = terminal("explain", "4", text, *REWARD)
    assert re.search(r"\x1b\[1;4;32m4", shown)
    assert "… " in shown
    assert len(ESCAPES.sub("", shown)) < 2000


def test_doctor(tmp_path: Path) -> None:
    done = run("doctor")
    for name in ("C core", "python", "cores", "symbolic tier", "Docker", "extra parquet"):
        assert name in done.stdout
    checks = json.loads(run("doctor", "--json").stdout)
    assert all(check["remedy"] for check in checks if check["state"] != "ok")
    assert [check for check in checks if check["state"] == "bad"] == []
    assert done.returncode == 0


def test_doctor_knows_the_other_verifiers(tmp_path: Path) -> None:
    other = tmp_path / "verifiers-0.2.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: verifiers\nVersion: 0.2.0\n")
    done = run("doctor", "--json", PYTHONPATH=str(tmp_path))
    conflict = [check for check in json.loads(done.stdout) if check["name"] == "name conflict"]
    assert done.returncode == 1
    assert "'verifiers' 0.2.0" in conflict[0]["detail"]
    assert "pip uninstall" in conflict[0]["remedy"]


def test_doctor_does_not_wait_for_a_docker_that_never_answers() -> None:
    import socket

    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        address = f"tcp://127.0.0.1:{deaf.getsockname()[1]}"
        checks = json.loads(run("doctor", "--json", DOCKER_HOST=address).stdout)
    docker = next(check for check in checks if check["name"] == "Docker")
    assert docker["state"] == "missing"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([], ["score", "explain", "doctor", "--version"]),
        (["score"], ["Examples", "Exit codes", "--resume", "130"]),
        (["explain"], ["Examples", "Exit codes", "\\boxed{0.5}"]),
        (["doctor"], ["Exit codes", "--json"]),
    ],
)
def test_help(command: list[str], words: list[str]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    for word in words:
        assert word in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    for word, found in getattr(command, "commands", {"": None}).items():
        if found is None:
            yield name, command
        else:
            yield from commands(found, f"{name} {word}".strip())


def test_every_command_has_examples_exit_codes_and_json() -> None:
    found = dict(commands(typer.main.get_command(app)))
    assert {"score", "serve", "sandbox build", "train"} <= set(found)
    for name, command in found.items():
        assert f"[cyan]verifiers {name} " in f"{command.help}".replace("[/]", " "), name
        assert "Exit codes" in command.epilog, name
        assert any("--json" in option.opts for option in command.params), name


def test_the_commands_of_the_image_in_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Docker: what an engine does with them is tested with the sandboxes."""
    from verifiers.sandboxes import engine, image

    monkeypatch.setattr(engine, "connect", lambda: None)
    monkeypatch.setattr(image, "build_image", lambda *_, **__: image.Built("v:1", ("go",), 7))
    monkeypatch.setattr(engine, "remove_leftovers", lambda _: 2)
    monkeypatch.setattr(image, "remove_other_images", lambda _: ["v:0"])
    built = CliRunner().invoke(app, ["sandbox", "build", "--json"]).stdout
    assert json.loads(built) == {"tag": "v:1", "added_languages": ["go"], "bytes": 7}
    removed = CliRunner().invoke(app, ["sandbox", "clean", "--json"]).stdout
    assert json.loads(removed) == {"containers": 2, "images": ["v:0"]}


def test_version() -> None:
    assert re.fullmatch(r"rlvr-verifiers \d+\.\d+\.\d+\S*\n", run("--version").stdout)


def test_the_command_line_starts_light() -> None:
    heavy = ("sympy", "docker", "torch", "pyarrow", "numpy", "latex2sympy2_extended")
    code = f"import sys, verifiers.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=HANG)
    assert done.stdout == b"[]\n"
