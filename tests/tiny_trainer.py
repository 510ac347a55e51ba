"""The tiny model of examples/trl_grpo.py behind a real GRPOTrainer, for every test that trains."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

UNREADABLE = "\\frac{"


def load_examples(*names: str) -> list[ModuleType]:
    """Import examples by name; none of them may ask a model hub for anything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.syspath_prepend(str(Path(__file__).parent.parent / "examples"))
        return [importlib.import_module(name) for name in names]


def train_two_steps(folder: Path, rewards: Sequence[Any], *, unreadable: bool = False) -> Any:
    """Return a trainer after two steps over eight prompts.

    Args:
        folder: where it may write.
        rewards: its `reward_funcs`.
        unreadable: whether nobody can read the reference of the first prompt, `0 + 0`.
    """
    (example,) = load_examples("trl_grpo")
    import torch
    from datasets import concatenate_datasets
    from transformers import set_seed

    torch.set_num_threads(1)
    set_seed(0)
    rows = example.sums().select(range(8))
    if unreadable:
        broken = rows.select([0]).map(lambda row: {"solution": UNREADABLE})
        rows = concatenate_datasets([broken, rows.select(range(1, 8))])
    model, tokenizer = example.tiny_model()
    before = [weights.clone() for weights in model.parameters()]
    trainer = example.trainer(
        model,
        tokenizer,
        rows,
        rewards,
        output_dir=str(folder),
        max_steps=2,
        logging_steps=1,
        generation_batch_size=256,
        disable_tqdm=True,
    )
    trainer.train()
    assert any(
        not weights.equal(old) for weights, old in zip(model.parameters(), before, strict=True)
    ), "no weight changed"
    return trainer


def two_tokens(completion_ids: Sequence[Sequence[int]], **columns: Any) -> list[float]:
    """A reward function that takes nothing but what TRL passes by keyword."""
    return [float(len(ids) == 2) for ids in completion_ids]
