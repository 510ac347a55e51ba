"""The reference trainer end to end, with models that learn nothing: killed, resumed, damaged."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from verifiers.cli import app
from verifiers.trainer.artefacts import StageFolder, read_json, read_json_lines
from verifiers.trainer.pipeline import STAGES
from verifiers.trainer.recipe import load_recipe
from verifiers.trainer.report import findings, stage_table

pytestmark = pytest.mark.timeout(1200)  # generous: it only detects a hang

MICRO = Path(__file__).parent / "micro.toml"
START = 300  # seconds that a stage may take to begin; only to detect a hang


def train(folder: str) -> None:
    """Run the whole recipe, as the command line does; in a process of its own."""
    import torch

    torch.set_num_threads(1)
    app(["train", str(MICRO), "--out", folder, "--resume"], standalone_mode=True)


@pytest.fixture(scope="module")
def processes() -> Iterator[Any]:
    """Starts processes that have the heavy imports done."""
    patch = pytest.MonkeyPatch()
    patch.setenv("HF_HUB_OFFLINE", "1")
    patch.setenv("OMP_NUM_THREADS", "1")
    patch.setenv("TOKENIZERS_PARALLELISM", "false")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["verifiers.trainer.training", "verifiers.trainer.figures"])
    yield context
    patch.undo()


@pytest.fixture(scope="module")
def run(processes: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was killed in every stage, and resumed each time."""
    folder = tmp_path_factory.mktemp("runs") / "killed"
    for stage in STAGES[:-1]:
        process = processes.Process(target=train, args=(str(folder),))
        process.start()
        begun = "model/checkpoint-2/trainer_state.json" if stage == "zero" else ""
        wait_for_work(folder / f"{stage}.partial" / begun, process)
        process.kill()
        process.join()
        assert process.exitcode == -9
        assert not StageFolder(folder, stage).finished
        before = [name for name in STAGES if StageFolder(folder, name).finished]
        assert before == list(STAGES[: STAGES.index(stage)])
    process = processes.Process(target=train, args=(str(folder),))
    process.start()
    process.join()
    assert process.exitcode == 0
    return folder


def wait_for_work(begun: Path, process: Any) -> None:
    """Wait until a stage has begun to write what is named, or fail."""
    deadline = time.monotonic() + START
    while not begun.exists():
        assert process.is_alive(), f"the run ended before {begun}"
        assert time.monotonic() < deadline, f"{begun} did not begin"
        time.sleep(0.002)


def test_a_run_that_was_killed_in_every_stage_finishes(run: Path) -> None:
    assert all(StageFolder(run, stage).finished for stage in STAGES)
    assert not list(run.glob("*.partial"))
    for stage in STAGES:
        StageFolder(run, stage).check()


def test_the_stages_of_a_finished_run_in_json(run: Path) -> None:
    done = CliRunner().invoke(app, ["train", str(MICRO), "--out", str(run), "--resume", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert list(said["stages"]) == list(STAGES)
    assert all(stage["seconds"] > 0 for stage in said["stages"].values())


def test_it_leaves_what_an_uninterrupted_run_leaves(
    run: Path, processes: Any, tmp_path: Path
) -> None:
    process = processes.Process(target=train, args=(str(tmp_path / "whole"),))
    process.start()
    process.join()
    assert process.exitcode == 0
    for stage in STAGES:
        killed, whole = (StageFolder(folder, stage).facts() for folder in (run, tmp_path / "whole"))
        assert killed["files"].keys() == whole["files"].keys(), stage
    killed, whole = (read_json(f / "evaluation/scores.json") for f in (run, tmp_path / "whole"))
    assert killed.keys() == whole.keys()


def test_every_training_has_figures_for_each_step(run: Path) -> None:
    recipe = load_recipe(str(MICRO))
    for model, steps in (
        ("zero/model", recipe.zero.steps),
        ("reasoning/model", recipe.reasoning.steps),
        ("scenarios/model", recipe.scenarios.steps),
        ("distillation/reinforced", recipe.student_reinforcement.steps),
    ):
        rows = list(read_json_lines(run / model / "metrics.jsonl"))
        assert [row["step"] for row in rows] == list(range(1, steps + 1)), model
        assert all(0 <= row["reward_seconds"] < row["step_time"] for row in rows)
        assert all("rewards/reasoning/math_reward/mean" in row for row in rows)
    assert list((run / "tensorboard" / "zero" / "model").glob("events.*"))


def test_rollouts_stand_beside_their_verdicts(run: Path) -> None:
    rows = list(read_json_lines(run / "zero" / "model-rollouts.jsonl"))
    # Killed after a checkpoint at step 2 and gone on from there: nothing twice, nothing missing.
    assert [row["step"] for row in rows] == [step for step in range(4) for _ in range(4)]
    assert rows[0].keys() >= {"step", "prompt", "completion", "reward", "status", "rule", "reason"}
    fates = StageFolder(run, "rejection").facts()["fates"]
    recipe = load_recipe(str(MICRO)).rejection
    assert sum(fates.values()) == recipe.prompts * recipe.samples
    assert len(list(read_json_lines(run / "rejection" / "rollouts.jsonl"))) == sum(fates.values())


def test_general_prompts_come_in_the_last_part_alone(run: Path) -> None:
    rows = list(read_json_lines(run / "scenarios" / "model" / "metrics.jsonl"))
    judged = [row["step"] for row in rows if "rewards/general/helpful/mean" in row]
    assert judged == [2]
    assert StageFolder(run, "scenarios").facts()["general prompts"] == 1


def test_the_preference_models_judge_summary_and_whole(run: Path) -> None:
    from verifiers.trainer.rewards import PreferenceReward

    helpful = PreferenceReward(run / "scenarios/helpful", summary=True, name="helpful")
    harmless = PreferenceReward(run / "scenarios/harmless", summary=False, name="harmless")
    texts = [
        "<think> anna is a guest.</think><answer>hi.</answer>",
        "<think> anna is a fool.</think><answer>hi.</answer>",
        "<think> anna",
    ]
    prompts = ["Q: greet anna for tea\nA:"] * 3
    first, second, third = helpful(texts, prompts=prompts)
    assert first == pytest.approx(second)
    assert third == 0.0
    whole = harmless(texts, prompts=prompts)
    assert whole[0] != pytest.approx(whole[1], abs=1e-9)
    assert all(value is not None and 0 < value < 1 for value in whole)


def test_the_code_stage_ran_or_says_why_not(run: Path) -> None:
    facts = StageFolder(run, "code").facts()
    if "skipped" in facts:
        assert "no sandbox works here" in facts["skipped"]
    else:
        assert facts["pass@1"].keys() == {"base", "reinforced"}
        rows = list(read_json_lines(run / "code" / "base-rollouts.jsonl"))
        assert {row["status"] for row in rows} <= {"correct", "wrong", "no_answer"}


def test_the_report_has_every_finding_and_figure(run: Path) -> None:
    page = (run / "report" / "report.html").read_text(encoding="utf-8")
    for finding in findings([run]):
        assert finding.values != ["not run"], finding.question
    assert len(list((run / "report").glob("*.png"))) == page.count("<img") == 6
    table = stage_table([run])
    assert len(table) == 6 + 2 + 2 * 2 + 2
    for row in table:
        assert row.model in page
    noted = read_json(run / "report" / "findings.json")
    assert noted["machine"]["torch"]
    assert noted["seconds"].keys() >= set(STAGES) - {"report"}


def test_seeds_stand_side_by_side_in_one_report(run: Path, tmp_path: Path) -> None:
    from verifiers.trainer.report import write_report

    write_report([run, run], tmp_path)
    noted = read_json(tmp_path / "findings.json")
    assert noted["seeds"] == [0, 0]
    assert all(len(finding["values"]) == 2 for finding in noted["findings"])


# ---- what is wrong is named ---------------------------------------------------------------------


@pytest.fixture
def copied(run: Path, tmp_path: Path) -> Path:
    """A copy of the run without its last stage, to be damaged."""
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns("tensorboard", "report")
    shutil.copytree(run, copy, ignore=ignored)
    return copy


def command(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["train", *arguments], env={"COLUMNS": "300"})
    return done.exit_code, " ".join(done.output.split())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            "base/model/model.safetensors",
            "base/model/model.safetensors is not what the stage wrote",
        ),
        ("rejection/data.jsonl", "rejection/data.jsonl is not what the stage wrote"),
        ("evaluation/stage.json", "evaluation/stage.json cannot be read"),
        ("recipe.json", "recipe.json cannot be read as JSON"),
    ],
)
def test_a_damaged_artefact_is_named(copied: Path, damage: str, message: str) -> None:
    path = copied / damage
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    code, output = command(str(MICRO), "--out", str(copied), "--resume")
    assert code == 3
    assert message in output
    assert not (copied / "report").exists()


def test_a_missing_artefact_is_named_with_the_stage_to_run(copied: Path) -> None:
    shutil.rmtree(copied / "rejection")
    code, output = command(
        str(MICRO), "--out", str(copied), "--stage", "distillation", "--overwrite"
    )
    assert code == 3
    assert "rejection is missing: run --stage rejection first" in output


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    code, output = command(str(MICRO), "--out", str(tmp_path))
    assert code == 3
    assert "holds files of something else" in output
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_missing_extra_is_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verifiers.cli.train.find_spec", lambda name: None)
    code, output = command(str(MICRO), "--out", str(tmp_path / "x"))
    assert code == 2
    assert "torch, transformers, trl: training needs pip install 'rlvr-verifiers[train]'" in output
    assert not (tmp_path / "x").exists()


def test_finished_stages_are_not_run_over_by_accident(copied: Path) -> None:
    code, output = command(str(MICRO), "--out", str(copied), "--stage", "zero")
    assert code == 3
    assert "is there already: --resume goes on, --overwrite begins anew" in output


def test_one_stage_can_be_run_alone(copied: Path) -> None:
    code, output = command(str(MICRO), "--out", str(copied), "--stage", "report")
    assert code == 0, output
    assert (copied / "report" / "report.html").exists()


def test_another_seed_or_recipe_needs_another_folder(copied: Path) -> None:
    code, output = command(str(MICRO), "--out", str(copied), "--seed", "1", "--resume")
    assert code == 3
    assert "began with a different seed" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tiny", "--out", "x"), "no recipe 'tiny': use qwen, small-gpu, smoke, toy"),
        ((str(MICRO), "--out", "x", "--stage", "one"), "no stage 'one': there are base, zero"),
        ((str(MICRO), "--out", "x", "--resume", "--overwrite"), "give one of them"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, output = command(*arguments)
    assert code == 2
    assert message in output
    assert not (tmp_path / "x").exists()


# ---- the recipes that are too large to run here -------------------------------------------------


@pytest.mark.parametrize("name", ["smoke", "toy", "small-gpu", "qwen"])
def test_the_trainers_take_the_arguments_of_every_recipe(name: str, tmp_path: Path) -> None:
    from rich.console import Console

    from verifiers.trainer.live import Live
    from verifiers.trainer.training import Training

    recipe = load_recipe(name)
    training = Training(recipe, 0, Live(Console()), tmp_path)
    for settings in (
        recipe.zero,
        recipe.reasoning,
        recipe.scenarios,
        recipe.student_reinforcement,
    ):
        arguments = training.reinforcement_arguments(settings, tmp_path)
        assert arguments.use_vllm is (name == "qwen")
        assert arguments.generation_batch_size == settings.batch * settings.accumulate
        assert arguments.generation_batch_size % arguments.num_generations == 0
    for tuning in (recipe.cold_start, recipe.rejection_tuning, recipe.distillation):
        assert training.tuning_arguments(tuning, tmp_path).max_length == recipe.longest
    assert training.preference_arguments(recipe.preference, tmp_path).max_length == recipe.longest


def test_a_checkpoint_that_was_cut_off_is_not_gone_on_from(tmp_path: Path) -> None:
    from verifiers.trainer.training import last_checkpoint

    for step, state in ((2, '{"global_step": 2}'), (10, '{"global_st')):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-2")
    assert not (tmp_path / "checkpoint-10").exists()
    assert last_checkpoint(tmp_path / "nothing") is None


def test_both_parts_of_the_optimizer_go_on_from_their_state() -> None:
    import torch

    from verifiers.trainer.models import new_model, train_tokenizer
    from verifiers.trainer.optimizer import MuonWithAdamW

    recipe = load_recipe(str(MICRO))
    tokenizer = train_tokenizer(["Q: one plus two\nA:<think>"], 60)
    assert not isinstance(recipe.model, str)
    tokens = tokenizer(["one plus two"], return_tensors="pt")["input_ids"]

    def weights(cut: bool) -> list[Any]:
        torch.manual_seed(0)
        model = new_model(recipe.model, tokenizer, 32)
        optimizer = MuonWithAdamW(model, 0.01)
        for step in range(4):
            if cut and step == 2:
                state = optimizer.state_dict()
                optimizer = MuonWithAdamW(model, 0.01)
                optimizer.load_state_dict(state)
            for group in optimizer.param_groups:
                group["lr"] *= 0.9
            model(input_ids=tokens, labels=tokens).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        return [weight.detach().clone() for weight in model.parameters()]

    for one, other in zip(weights(cut=False), weights(cut=True), strict=True):
        assert one.equal(other)
