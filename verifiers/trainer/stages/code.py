"""Beside the pipeline: reinforcement learning on small programs, rewarded by running their tests.

It needs a sandbox; where none works, the stage says so and leaves that as its artefact.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from ...code import CodeReward
from ...code.shared import shared_sandbox
from ...compose import weighted
from ...format import FormatReward
from ...metrics import mean_at_k
from ...sandboxes import SandboxUnavailable
from ..artefacts import write_json_lines
from ..programs import draw_program, draw_programs
from ..rewards import verdict_row
from ..run import Run

PURPOSE = "reinforcement learning on programs, rewarded by their tests"
NEEDS = ("base",)


def run(run: Run) -> dict[str, Any]:
    settings = run.recipe.code
    if settings is None or run.recipe.family is None:
        return {"skipped": "the recipe has no table code, or no generated tasks"}
    try:
        sandbox = shared_sandbox("auto")
    except SandboxUnavailable as error:
        run.live.say(f"  left out: no sandbox works here: {error}")
        return {"skipped": f"no sandbox works here: {error}"}

    random = Random(f"{run.seed} code")
    tasks = [draw_program(random) for _ in range(run.prompts(settings))]
    rows = [{"prompt": task.prompt, "tests": task.tests} for task in tasks]
    judge = CodeReward(sandbox=sandbox)
    reward = weighted(judge, FormatReward("think"), name="code")
    run.reinforce(run.base(), reward, settings, rows=rows)

    held_out = draw_programs(run.recipe.evaluation.requests, Random("held-out code"))
    scores = {}
    for name, model in {"base": run.base(), "reinforced": run.out / "model"}.items():
        scores[name] = measure(run, name, model, held_out, judge)
    return {"sandbox": sandbox.name, "pass@1": scores}


def measure(
    run: Run, name: str, model: Path | str, tasks: list[Any], judge: CodeReward
) -> dict[str, float]:
    """Return pass@1 on held-out tasks, and write what was judged."""
    settings = run.recipe.evaluation
    k = settings.samples
    written = run.sample(
        model,
        [task.prompt for task in tasks],
        samples=k,
        temperature=settings.temperature,
        top_p=settings.top_p,
    )
    judged = [
        judge.verdicts(texts, tests=[task.tests] * k)
        for task, texts in zip(tasks, written, strict=True)
    ]
    write_json_lines(
        run.out / f"{name}-rollouts.jsonl",
        (
            {"prompt": task.prompt, "completion": text, **verdict_row(verdict)}
            for task, texts, verdicts in zip(tasks, written, judged, strict=True)
            for text, verdict in zip(texts, verdicts, strict=True)
        ),
    )
    found = mean_at_k(judged, k)
    return {"value": found.value, "low": found.low, "high": found.high}
