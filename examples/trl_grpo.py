"""Train a model with TRL's GRPO on the math reward.

    python examples/trl_grpo.py            # a tiny untrained model, built here, on one CPU core
    python examples/trl_grpo.py MODEL      # a model of yours, by path or name

The tiny model knows two dozen words and learns sums of one digit: the reward rises from near 0 to
about 0.9 in under a minute. Needs: pip install 'rlvr-verifiers[trl]'
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any

import torch
from datasets import Dataset
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, set_seed
from trl import GRPOConfig, GRPOTrainer

from verifiers import math_reward

ANSWERS = [rf"\boxed{{{number}}}" for number in range(10)]
WORDS = ["<pad>", "<eos>", "<user>", "<assistant>", "<other>", "+", "=", *"0123456789", *ANSWERS]
TEMPLATE = (
    "{% for message in messages %}<{{ message.role }}> {{ message.content }} {% endfor %}"
    "{% if add_generation_prompt %}<assistant> {% endif %}"
)


def sums() -> Dataset:
    """Return every sum of two digits that is a digit, as chat prompts with a solution column."""
    pairs = [(a, b) for a in range(10) for b in range(10 - a)]
    return Dataset.from_dict(
        {
            "prompt": [[{"role": "user", "content": f"{a} + {b} ="}] for a, b in pairs],
            "solution": [str(a + b) for a, b in pairs],
        }
    )


def tiny_model() -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """Return a two-layer Llama with random weights, and a tokenizer with one token per word."""
    words = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="<other>"))
    words.pre_tokenizer = pre_tokenizers.Split(Regex(r"\s+"), "removed")
    words.decoder = decoders.WordPiece(prefix="", cleanup=False)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="<pad>",
        eos_token="<eos>",
        unk_token="<other>",
        padding_side="left",
        chat_template=TEMPLATE,
    )
    config = LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=64,
        initializer_range=0.08,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    return LlamaForCausalLM(config), tokenizer


def trainer(
    model: Any, tokenizer: Any, data: Dataset, rewards: Any = math_reward, **options: Any
) -> GRPOTrainer:
    """Return a GRPO trainer; its only reward is `math_reward` unless told otherwise."""
    settings = {
        "per_device_train_batch_size": 256,
        "num_generations": 32,
        "max_completion_length": 2,
        "learning_rate": 1e-3,
        "lr_scheduler_type": "constant",
        "logging_steps": 20,
        "save_strategy": "no",
        "report_to": "none",
        "use_cpu": True,
    }
    return GRPOTrainer(
        model=model,
        processing_class=tokenizer,
        reward_funcs=rewards,
        train_dataset=data,
        args=GRPOConfig(**{**settings, **options}),
    )


def main(names: list[str]) -> None:
    set_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {"output_dir": folder, "max_steps": 160}
        if names:
            options |= {
                "use_cpu": False,
                "per_device_train_batch_size": 16,
                "num_generations": 8,
                "learning_rate": 1e-6,
                "max_completion_length": 512,
            }
            model, tokenizer = names[0], None
        else:
            torch.set_num_threads(1)  # so small a model only loses by more
            model, tokenizer = tiny_model()
        run = trainer(model, tokenizer, sums(), **options)
        run.train()
    for entry in run.state.log_history:
        if "rewards/math_reward/mean" in entry:
            print(f"step {entry['step']:>4}  reward {entry['rewards/math_reward/mean']:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
