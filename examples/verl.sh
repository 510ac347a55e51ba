#!/usr/bin/env bash
# GRPO with verl 0.9 on the math reward: examples/verl.sh MODEL TRAIN.parquet TEST.parquet
# The files have verl's columns: prompt, data_source, reward_model.ground_truth. Needs
# GPUs, eight or as many as $GPUS says, and verl with vLLM: pip install 'verl[verl-core,vllm]'.
set -euo pipefail
model=$1 train=$2 test=$3

verifiers adapter verl --reward math > reward.py

python -m verl.trainer.main_ppo \
    algorithm.adv_estimator=grpo \
    actor_rollout_ref.model.path="$model" \
    actor_rollout_ref.actor.use_dynamic_bsz=True \
    actor_rollout_ref.rollout.name=vllm \
    actor_rollout_ref.rollout.n=16 \
    data.train_files="$train" \
    data.val_files="$test" \
    reward.custom_reward_function.path="$PWD/reward.py" \
    reward.custom_reward_function.name=compute_score \
    trainer.logger=console \
    trainer.n_gpus_per_node="${GPUS:-8}"

# verl's own rewards for code, with the programs run by: verifiers serve --sandbox auto
#   reward.sandbox_fusion.url="http://x:$VERIFIERS_TOKEN@host:8000/run_code"
