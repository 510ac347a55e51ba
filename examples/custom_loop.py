"""GRPO by hand, with the same reward: python examples/custom_loop.py

It trains the tiny model of trl_grpo.py on the same sums, and reaches the same reward. Each part is
what TRL's GRPOTrainer does with its defaults (one update per batch, no distance from the start), so
that this file can be read in place of the trainer: a test holds the advantages and the loss of both
against each other on the same batch. Needs: pip install 'rlvr-verifiers[trl]'
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import set_seed
from trl_grpo import sums, tiny_model

from verifiers import math_reward

PROMPTS, GROUP, LONGEST = 8, 32, 2


def advantages(rewards: Sequence[float | None], group: int) -> torch.Tensor:
    """Return how much better each completion is than its group, in standard deviations.

    A completion that we could not judge has no reward: it takes no part in the mean and the
    deviation of its group, and its advantage is 0, so that it moves nothing.
    """
    values = torch.tensor([float("nan") if reward is None else reward for reward in rewards])
    values = values.view(-1, group)
    scored = ~values.isnan()
    count = scored.sum(1, keepdim=True)
    distance = values - values.nanmean(1, keepdim=True)
    variance = distance.nan_to_num().square().sum(1, keepdim=True) / (count - 1)
    return (distance / (variance.sqrt() + 1e-4)).nan_to_num().flatten()


def log_probabilities(model: Any, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return how likely each token after the first is, as logarithms."""
    positions = (mask.cumsum(1) - 1).clamp(min=0)  # the prompts are padded on the left
    logits = model(input_ids=tokens, attention_mask=mask, position_ids=positions).logits[:, :-1]
    return logits.log_softmax(-1).gather(-1, tokens[:, 1:, None]).squeeze(-1)


def policy_loss(
    model: Any,
    prompts: torch.Tensor,
    prompt_mask: torch.Tensor,
    completions: torch.Tensor,
    completion_mask: torch.Tensor,
    advantage: torch.Tensor,
) -> torch.Tensor:
    """Return the loss of one batch: every token counts the same, in whichever completion.

    Args:
        model: the model that wrote the completions.
        prompts, prompt_mask: token ids and 1 where there is one, of shape (completions, longest).
        completions, completion_mask: the same of the completions.
        advantage: one number per completion.
    """
    tokens = torch.cat([prompts, completions], 1)
    mask = torch.cat([prompt_mask, completion_mask], 1)
    now = log_probabilities(model, tokens, mask)[:, -completions.shape[1] :]
    # The model has not moved since it wrote them: this is 1, and only its gradient counts. With
    # several updates per batch it would move away from 1, and be clipped.
    ratio = (now - now.detach()).exp()
    per_token = -ratio * advantage[:, None] * completion_mask
    return per_token.sum() / completion_mask.sum()


def sample(model: Any, tokenizer: Any, prompts: list[Any]) -> tuple[Any, torch.Tensor, Any]:
    """Return the prompts as tokens, the tokens of a completion of each, and where those count."""
    asked = tokenizer.apply_chat_template(
        prompts, add_generation_prompt=True, return_tensors="pt", padding=True, return_dict=True
    )
    with torch.no_grad():
        written = model.generate(
            input_ids=asked["input_ids"],
            attention_mask=asked["attention_mask"],
            do_sample=True,
            top_k=0,
            max_new_tokens=LONGEST,
        )
    completions = written[:, asked["input_ids"].shape[1] :]
    ended = (completions == tokenizer.eos_token_id).int()
    return asked, completions, (ended.cumsum(1) - ended == 0).long()  # the end itself counts


def train(steps: int, seed: int = 0) -> list[float]:
    """Return the mean reward of every step."""
    set_seed(seed)
    model, tokenizer = tiny_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    rows = sums()
    means = []
    for _ in range(steps):
        drawn = torch.randint(len(rows), (PROMPTS,)).repeat_interleave(GROUP).tolist()
        asked, completions, mask = sample(model, tokenizer, [rows[i]["prompt"] for i in drawn])
        texts = tokenizer.batch_decode(completions, skip_special_tokens=True)
        rewards = math_reward(texts, solution=[rows[i]["solution"] for i in drawn])
        loss = policy_loss(
            model,
            asked["input_ids"],
            asked["attention_mask"],
            completions,
            mask,
            advantages(rewards, GROUP),
        )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        scored = [reward for reward in rewards if reward is not None]
        means.append(sum(scored) / len(scored))
    return means


def main() -> None:
    torch.set_num_threads(1)
    means = train(160)
    for end in range(20, len(means) + 1, 20):
        print(f"step {end:>4}  reward {sum(means[end - 20 : end]) / 20:.2f}")


if __name__ == "__main__":
    main()
