"""Rule-based rewards and verifiers for reinforcement learning of reasoning models."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

#: The public names by the module that holds them: each is loaded when it is first used, so that
#: `import verifiers` costs nothing. `__init__.pyi` lists the same for type checkers.
_NAMES = {
    "async_scorer": ("AsyncScorer",),
    "auditing": ("audit",),
    "choice": ("ChoiceReward", "choice_reward"),
    "code": ("CodeReward", "code_reward"),
    "completion": ("Completion",),
    "compose": ("best_of", "clip", "curriculum", "weighted", "when"),
    "format": (
        "FormatReward",
        "ReasoningStepsReward",
        "TagCountReward",
        "format_reward",
        "reasoning_steps_reward",
        "tag_count_reward",
    ),
    "instructions": ("InstructionReward", "instruction_reward"),
    "language": ("LanguageReward", "language_reward"),
    "length": (
        "CosineLengthReward",
        "KimiLengthReward",
        "LengthReward",
        "OverlongPenalty",
        "length_reward",
        "overlong_penalty",
    ),
    "math": ("MathReward", "math_reward"),
    "repetition": ("LoopPenalty", "RepetitionPenalty", "loop_penalty", "repetition_penalty"),
    "reward": ("Reward",),
    "schema": ("SchemaReward", "schema_reward"),
    "schemes": ("Scheme",),
    "text": (
        "ExactReward",
        "F1Reward",
        "NumericReward",
        "exact_reward",
        "f1_reward",
        "numeric_reward",
    ),
    "tool_calls": ("ToolCallReward", "tool_call_reward"),
    "verdict": ("Status", "Verdict"),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    elif name in _NAMES:
        value = import_module(f".{name}", __name__)
    elif name == "_core":
        value = _load_core()
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def _load_core() -> Any:
    try:
        return import_module("._core", __name__)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"no C core in {__path__[0]}: if that is the source, start Python from another "
            "directory, where the installed package is found, or build the core in place with "
            "`make native`"
        ) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
