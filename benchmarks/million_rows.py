"""A file of a million math rollouts through `verifiers score`: rate, memory, and a kill half-way.

    python benchmarks/million_rows.py [--rows 1000000] [--folder DIRECTORY]

Makes its own file, scores it with the command line, and samples the memory of all processes on the
way. Then it scores the file again, kills that run with SIGKILL half-way, resumes it, and compares
the two outputs byte by byte. The rate of the same reward called in this process, on rows that are
in memory already, stands beside.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import table, timed, write

from verifiers import MathReward

PACKAGES = ("rlvr-verifiers", "msgspec")

#: Rows that the reward is given in this process.
SAMPLE = 100_000

PAUSE = 0.1


def make_file(path: Path, rows: int) -> None:
    """Write rollouts with chains of thought of 100 to 1500 characters, three in five right."""
    draw = random.Random(0)
    with path.open("w") as file:
        for number in range(rows):
            a, b = draw.randint(10, 999), draw.randint(10, 999)
            answer = a * b if draw.random() < 0.6 else a * b + draw.randint(1, 9)
            steps = "".join(
                f"Step {step}: {a} times {b % 10**step} is {a * (b % 10**step)}. "
                for step in range(1, draw.randint(3, 30))
            )
            shape = draw.choice(["\\frac{%d}{1}", "%d", "%d.0"]) % answer
            row = {
                "id": number,
                "source": draw.choice(["easy", "hard", "olympiad"]),
                "prompt": f"What is {a} times {b}?",
                "completion": f"<think>\n{steps}\n</think>\nThe product is $\\boxed{{{shape}}}$.",
                "solution": str(a * b),
            }
            file.write(json.dumps(row) + "\n")


def in_process(path: Path) -> dict[str, float]:
    """Return rows per second of the reward alone, on rows in memory."""
    completions, solutions = [], []
    with path.open() as file:
        for line, _ in zip(file, range(SAMPLE), strict=False):
            row = json.loads(line)
            completions.append(row["completion"])
            solutions.append(row["solution"])
    rates = {}
    for threads in (1, len(os.sched_getaffinity(0))):
        reward = MathReward(threads=threads)
        for name, call in (("rewards", reward), ("verdicts", reward.verdicts)):
            runs = [timed(call, completions, solution=solutions)[1] for _ in range(3)]
            label = f"{name}, {threads} thread{'s' if threads > 1 else ''}"
            rates[label] = len(completions) / min(runs)
    return rates


def children(parent: int) -> list[int]:
    """Return the processes that any thread of `parent` started."""
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def resident(pid: int) -> float:
    """Return the MiB that a process holds, what it shares divided among those that share it."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def start(source: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "verifiers", "score", str(source), "--out", str(out)]
    return subprocess.Popen(
        [*command, "--json", *options], stdout=subprocess.PIPE, text=True, cwd=source.parent
    )


def watch(process: subprocess.Popen[str], out: Path) -> list[tuple[float, int, float, float]]:
    """Return samples until it ends: seconds, bytes written, MiB of the caller, of its workers."""
    samples, began = [], time.perf_counter()
    while process.poll() is None:
        try:
            own = resident(process.pid)
            workers = sum(resident(pid) for pid in children(process.pid))
            written = out.stat().st_size
            samples.append((time.perf_counter() - began, written, own, workers))
        except OSError:  # not yet there, or just gone
            pass
        time.sleep(PAUSE)
    return samples


def digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", help="where the files go; by default a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        source, whole, resumed = (folder / f for f in ("in.jsonl", "whole.jsonl", "resumed.jsonl"))
        print("making the file", file=sys.stderr)
        make_file(source, options.rows)

        print("in this process", file=sys.stderr)
        alone = in_process(source)

        print("one process, then one per core", file=sys.stderr)
        reports: dict[str, dict[str, Any]] = {}
        process = start(source, folder / "one.jsonl", "--processes", "1")
        reports["one process"] = json.loads(process.communicate()[0])
        process = start(source, whole)
        samples = watch(process, whole)
        reports["a process per core"] = json.loads(process.communicate()[0])

        print("killed half-way, and resumed", file=sys.stderr)
        process = start(source, resumed)
        while not resumed.exists() or resumed.stat().st_size < whole.stat().st_size / 2:
            assert process.poll() is None, "it ended before it was half done"
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kept = sum(1 for _ in resumed.open("rb"))
        report = json.loads(start(source, resumed, "--resume").communicate()[0])
        same = digest(resumed) == digest(whole) == digest(folder / "one.jsonl")
        assert report["rows"] == options.rows
        size = source.stat().st_size

    marks = (0.1, 0.25, 0.5, 0.75, 1.0)
    memory = []
    for mark in marks:
        wanted = mark * samples[-1][1]
        found = next(s for s in samples if s[1] >= wanted)
        memory.append({"share": mark, "caller, MiB": found[2], "workers, MiB": found[3]})
    lines = [f"{options.rows:,} rows, {size / 2**20:,.0f} MiB, JSON lines in and out.", ""]
    lines += table(
        ["", "rows/s"],
        [
            *(
                [f"`verifiers score`, {name}", f"{report['rows_per_second']:,.0f}"]
                for name, report in reports.items()
            ),
            *([f"in memory, {name}", f"{rate:,.0f}"] for name, rate in alone.items()),
        ],
    )
    lines += ["Memory (proportional set size) while a process per core was scoring:", ""]
    lines += table(
        ["of the output", "caller, MiB", "workers, MiB"],
        [
            [f"{row['share']:.0%}", f"{row['caller, MiB']:.0f}", f"{row['workers, MiB']:.0f}"]
            for row in memory
        ],
    )
    lines += [
        f"At most {max(own for _, _, own, _ in samples):.0f} MiB in the caller and "
        f"{max(workers for *_, workers in samples):.0f} MiB in all workers.",
        "",
        f"Killed with SIGKILL after {kept:,} rows and resumed: the output is "
        f"{'the same, byte by byte' if same else 'NOT the same'}.",
    ]
    data = {
        "rows": options.rows,
        "MiB": size / 2**20,
        "rows per second": {n: r["rows_per_second"] for n, r in reports.items()},
        "rows per second in memory": alone,
        "memory": memory,
        "killed after rows": kept,
        "same output": same,
    }
    write("million_rows", sys.argv[1:], data, lines, PACKAGES)
    if not same:
        sys.exit("the resumed run wrote something else")


if __name__ == "__main__":
    main()
