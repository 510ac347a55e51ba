"""The hand-written loop of examples/custom_loop.py against TRL: same numbers, same reward."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_trainer import load_examples

pytestmark = pytest.mark.timeout(1200)  # generous: it only detects a hang

STEPS = 60


@pytest.fixture(scope="module")
def examples() -> list[Any]:
    """The two examples as modules: the loop by hand, and TRL's."""
    import torch

    torch.set_num_threads(1)
    return list(load_examples("custom_loop", "trl_grpo"))


def train_with_trl(trl: Any, folder: Path, steps: int) -> Any:
    """TRL's trainer on the tiny model, after some steps."""
    from transformers import PrinterCallback, set_seed

    set_seed(0)
    model, tokenizer = trl.tiny_model()
    trainer = trl.trainer(
        model,
        tokenizer,
        trl.sums(),
        output_dir=str(folder),
        max_steps=steps,
        logging_steps=1,
        disable_tqdm=True,
        bf16=False,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return trainer


@pytest.fixture(scope="module")
def trainer(examples: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """TRL's trainer after one step, when completions still end early or late."""
    return train_with_trl(examples[1], tmp_path_factory.mktemp("grpo"), 1)


@pytest.fixture(scope="module")
def batch(trainer: Any) -> dict[str, Any]:
    """A batch with advantages, as TRL's trainer makes it; completions of different lengths."""
    trainer.model.train()
    rows = [row for row in list(trainer.train_dataset)[:8] for _ in range(32)]
    made: dict[str, Any] = trainer._generate_and_score_completions(rows)
    assert made["completion_mask"].sum(1).unique().numel() > 1
    return made


def test_the_advantages_are_those_of_trl(
    examples: list[Any], trainer: Any, batch: dict[str, Any]
) -> None:
    loop, _ = examples
    logged = list(trainer._logs["rewards"]["math_reward"])
    rewards = [None if reward != reward else reward for reward in logged[-256:]]
    assert len(set(rewards)) == 2
    ours = loop.advantages(rewards, 32)
    assert ours.tolist() == pytest.approx(batch["advantages"].tolist(), abs=1e-5)


def test_the_loss_and_its_gradient_are_those_of_trl(
    examples: list[Any], trainer: Any, batch: dict[str, Any]
) -> None:
    loop, _ = examples
    model = trainer.model
    model.train()
    trainer.current_gradient_accumulation_steps = 1
    losses, gradients = [], []
    for make in (
        lambda: trainer.compute_loss(model, batch),
        lambda: loop.policy_loss(
            model,
            batch["prompt_ids"],
            batch["prompt_mask"],
            batch["completion_ids"],
            batch["completion_mask"],
            batch["advantages"],
        ),
    ):
        model.zero_grad()
        loss = make()
        loss.backward()
        losses.append(loss.item())
        gradients.append([weight.grad.clone() for weight in model.parameters()])
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
    assert any(one.abs().max() > 1e-6 for one in gradients[0])
    for one, other in zip(*gradients, strict=True):
        assert one.allclose(other, rtol=1e-3, atol=1e-6)


def test_an_unjudged_completion_takes_no_part_in_its_group(examples: list[Any]) -> None:
    loop, _ = examples
    found = loop.advantages([1.0, None, 0.0, 1.0], 4)
    assert found[1] == 0
    without = loop.advantages([1.0, 0.0, 1.0], 3)
    assert found[[0, 2, 3]].tolist() == pytest.approx(without.tolist())
    assert loop.advantages([None, None], 2).tolist() == [0, 0]
    assert loop.advantages([1.0, None], 2).tolist() == [0, 0]
    assert loop.advantages([1.0, 1.0], 2).tolist() == [0, 0]


def test_both_learn_the_same(examples: list[Any], tmp_path: Path) -> None:
    loop, trl = examples
    ours = loop.train(STEPS)
    logged = train_with_trl(trl, tmp_path, STEPS).state.log_history
    theirs = [float(row["reward"]) for row in logged if "reward" in row]
    assert len(ours) == len(theirs) == STEPS
    before = sum(theirs[:5] + ours[:5]) / 10
    last_ours, last_theirs = (sum(means[-10:]) / 10 for means in (ours, theirs))
    assert min(last_ours, last_theirs) > before + 0.2
    # Two seeds of one of them are up to this far apart.
    assert abs(last_ours - last_theirs) < 0.15
