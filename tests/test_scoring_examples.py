"""The examples of scoring run, and so do the examples in the help and the documents."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from verifiers.cli import app

ROOT = Path(__file__).parent.parent
COMMANDS: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]

#: Commands that print a page for people, and so must be able to print JSON.
WITH_JSON = ("score", "explain", "compare", "metrics", "report", "audit", "doctor")


def run(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def arguments(line: str) -> list[str]:
    """Return the words of a command, up to where it is piped or redirected."""
    words = shlex.split(line)
    return list(itertools.takewhile(lambda word: word not in ("|", "<", ">"), words))


def test_the_async_loop_runs() -> None:
    out = run(ROOT / "examples" / "async_loop.py")
    groups = [line.split()[-8:] for line in out.splitlines()[:2]]
    assert {reward for group in groups for reward in group} == {"0", "1"}


def test_rejection_sampling_keeps_what_is_correct(tmp_path: Path) -> None:
    rollouts, kept = ROOT / "examples" / "rollouts.jsonl", tmp_path / "kept.jsonl"
    out = run(ROOT / "examples" / "rejection_sampling.py", rollouts, kept)
    rows = [json.loads(line) for line in rollouts.read_text().splitlines()]
    right = [row["completion"] for row in rows if row["expected"] == "correct"]
    found = [json.loads(line)["completion"] for line in kept.read_text().splitlines()]
    assert found
    assert all(completion in right for completion in found)
    counted = sum(int(line.split()[0]) for line in out.splitlines()[1:])
    assert counted + len(found) == len(rows)


@pytest.mark.parametrize("name", WITH_JSON)
def test_help_has_examples_that_parse_and_json(name: str) -> None:
    command = COMMANDS[name]
    options = {spelling for parameter in command.params for spelling in parameter.opts}
    assert "--json" in options
    lines = re.findall(r"\[cyan\](.*?)\[/\]", command.help)
    examples = [line for line in lines if f"verifiers {name}" in line]
    assert examples
    for example in examples:
        command.make_context(name, arguments(example.split(f"verifiers {name}", 1)[1]))


@pytest.mark.parametrize("document", ["command-line.md", "report.md", "distributed.md"])
def test_the_commands_in_the_documents_parse(document: str) -> None:
    text = (ROOT / "docs" / document).read_text()
    found = 0
    for block in re.findall(r"```bash\n(.*?)```", text, re.S):
        for line in block.splitlines():
            match = re.search(r"verifiers (\w+) (.*)", line.split("#")[0])
            if match and match[1] in COMMANDS and not line.startswith("pip"):
                COMMANDS[match[1]].make_context(match[1], arguments(match[2]))
                found += 1
    assert found


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("compare rollouts.jsonl -r ma", ["math"]),
        ("adapter v", ["verl"]),
        ("serve --sandbox b", ["bubblewrap"]),
        ("train sm", ["smoke", "small-gpu"]),
    ],
)
def test_a_shell_completes_names(typed: str, offered: list[str]) -> None:
    words = {"COMP_WORDS": f"verifiers {typed}", "COMP_CWORD": str(len(typed.split()))}
    shown = CliRunner().invoke(
        app, prog_name="verifiers", env={"_VERIFIERS_COMPLETE": "complete_bash", **words}
    )
    assert shown.stdout.split() == offered
