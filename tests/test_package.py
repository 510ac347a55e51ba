"""What a user gets: the installed package, its wheel, and what the documents say of it."""

from __future__ import annotations

import ast
import doctest
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest

import verifiers
from verifiers import Status, math_reward

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted(
    path
    for folder in (".", "docs", "examples", "benchmarks", "sandbox")
    for path in (ROOT / folder).glob("*.md")
)
HEAVY = ("docker", "latex2sympy2_extended", "multiprocess", "numpy", "pyarrow", "ray", "rich")
HEAVY += ("sympy", "torch", "transformers", "trl", "typer")


def python(code: str) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---- the package ----------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["import verifiers", "from verifiers import math_reward"])
def test_importing_the_package_imports_nothing_heavy(code: str) -> None:
    loaded = json.loads(python(f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"))
    assert "verifiers" in loaded
    assert not [name for name in HEAVY if name in loaded]


@pytest.mark.parametrize("code", ["from verifiers import math_reward", "import verifiers.answer"])
def test_a_source_without_its_core_says_what_to_do(code: str, tmp_path: Path) -> None:
    source = Path(verifiers.__file__).parent
    shutil.copytree(source, tmp_path / "verifiers", ignore=shutil.ignore_patterns("*.so"))
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"
    done = subprocess.run(  # without site-packages, where an installed core would be found
        [sys.executable, "-I", "-S", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert f"ImportError: no C core in {tmp_path / 'verifiers'}" in done.stderr
    assert "make native" in done.stderr


def test_the_version_is_the_same_everywhere() -> None:
    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    assert declared
    assert verifiers.__version__ == version("rlvr-verifiers") == declared[1]
    assert f"## {verifiers.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_public_names_exist_and_are_sorted() -> None:
    assert list(verifiers.__all__) == sorted(verifiers.__all__)
    for name in verifiers.__all__:
        assert getattr(verifiers, name) is not None


def test_the_sandbox_files_are_installed() -> None:
    installed = files("verifiers._sandbox")
    assert (installed / "README.md").read_text() == (ROOT / "sandbox" / "README.md").read_text()


# ---- the wheel ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel, built from a copy of the sources."""
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("verifiers", "sandbox"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("*.so"))
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, setuptools.build_meta as build; build.build_wheel(sys.argv[1])",
            str(out),
        ],
        cwd=copy,
        env={**os.environ, "CFLAGS": "-O0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.iterdir()
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_one_wheel_serves_every_python(wheel: zipfile.ZipFile) -> None:
    assert wheel.filename
    name = Path(wheel.filename).name
    assert name.startswith(f"rlvr_verifiers-{verifiers.__version__}-cp310-abi3-")


def test_the_wheel_holds_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tracked = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "verifiers").rglob("*")
        if path.suffix in {".py", ".pyi", ".html", ".css", ".js", ".toml", ".typed"}
    }
    sandbox = {
        f"verifiers/_sandbox/{path.relative_to(ROOT / 'sandbox')}"
        for path in (ROOT / "sandbox").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == tracked | sandbox | {"verifiers/_core.abi3.so"}


# ---- the documents --------------------------------------------------------------------------


def test_the_third_line_warns_of_the_other_project() -> None:
    line = README.splitlines()[2]
    for word in ("`rlvr-verifiers`", "PyPI", "same import name", "cannot share an environment"):
        assert word in line


def test_the_readme_has_two_set_up_commands_that_name_what_exists() -> None:
    install, test = re.findall(r"```bash\n(.*?)\n```", README, re.S)
    assert test == "make test"
    assert "\n" not in install
    *_, score = install.split(" && ")
    program, *arguments = shlex.split(score)
    assert program == ".venv/bin/verifiers"
    done = subprocess.run(
        [sys.executable, "-m", "verifiers", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "correct" in done.stdout


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_make_targets_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not target.startswith(("https://", "http://")):
            assert (path.parent / target).exists(), target
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:^|`)make ([a-z]+)", text, re.M):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_the_readme_examples_run() -> None:
    failed, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert tried
    assert not failed


def test_the_trl_example_of_the_readme_uses_what_exists() -> None:
    code = next(
        block for block in re.findall(r"```python\n(.*?)```", README, re.S) if "trl" in block
    )
    compile(code, "README.md", "exec")
    assert sum(bool(line) for line in code.splitlines()) == 5
    for module, name in re.findall(r"^from (verifiers\S*) import (\w+)$", code, re.M):
        assert hasattr(sys.modules[module], name)


def test_the_explanation_in_the_readme_is_real() -> None:
    block = re.search(r"```text\n\$ verifiers (explain .*?)\n(.*?)```", README, re.S)
    assert block
    done = subprocess.run(
        [sys.executable, "-m", "verifiers", *shlex.split(block[1])],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert content(done.stdout) == content(block[2])


def content(output: str) -> list[str]:
    """The lines of an explanation, less the time it took and the space around them."""
    lines = (" ".join(line.split()) for line in output.splitlines())
    return [line for line in lines if line and not line.startswith("time ")]


def test_the_documents_list_every_status() -> None:
    for name in ("README.md", "docs/verdicts.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        listed = re.findall(r"^\| `(\w+)` \| .+ \| .+ \|$", text, re.M)
        assert listed == [status.value for status in Status], name


# ---- the examples ---------------------------------------------------------------------------

LINES = (ROOT / "examples" / "rollouts.jsonl").read_text(encoding="utf-8").splitlines()
ROLLOUTS = [json.loads(line) for line in LINES]


def test_the_rollouts_cover_every_status_of_the_math_reward() -> None:
    assert len(ROLLOUTS) >= 60
    assert {row["expected"] for row in ROLLOUTS} == {
        "correct",
        "wrong",
        "no_answer",
        "bad_reference",
    }


@pytest.mark.parametrize("row", ROLLOUTS, ids=lambda row: row["source"].replace(" ", "-"))
def test_a_rollout_gets_the_status_it_should(row: dict[str, object]) -> None:
    (verdict,) = math_reward.verdicts([row["completion"]], solution=[row["solution"]])
    assert verdict.status == row["expected"], verdict


def test_every_public_name_loads_and_type_checkers_see_the_same() -> None:
    stub = ast.parse((ROOT / "verifiers" / "__init__.pyi").read_text())
    declared = {
        alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert declared == set(verifiers.__all__)
    for name in verifiers.__all__:
        assert getattr(verifiers, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        verifiers.nothing  # noqa: B018
