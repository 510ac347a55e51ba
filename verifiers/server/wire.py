"""What crosses the wire: the requests and replies, with the checks that their types imply."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from ..verdict import Verdict
from .refusal import Refusal

__all__ = [
    "OpenRLHFReply",
    "OpenRLHFRequest",
    "ProgramResult",
    "RunCodeReply",
    "RunCodeRequest",
    "ScoreReply",
    "ScoreRequest",
    "decode",
]

T = TypeVar("T")


class ScoreRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A batch of completions, text or chat messages, and the columns that belong to them."""

    completions: list[str | list[dict[str, Any]] | dict[str, Any]]
    columns: dict[str, list[Any]] = {}
    verdicts: bool = False


class ScoreReply(msgspec.Struct, omit_defaults=True):
    """One reward per completion, `null` where it could not be judged; verdicts if asked for."""

    reward: str
    rewards: list[float | None]
    verdicts: list[Verdict] | None = None


class OpenRLHFRequest(msgspec.Struct):
    """What OpenRLHF posts: each query is its prompt and the response."""

    query: list[str]
    prompts: list[str]
    labels: list[Any]


class OpenRLHFReply(msgspec.Struct):
    """What OpenRLHF takes: numbers alone."""

    rewards: list[float]
    scores: list[float]
    extra_logs: dict[str, list[float]]


class RunCodeRequest(msgspec.Struct):
    """A program to run, as SandboxFusion takes it."""

    code: str
    language: str
    compile_timeout: float = 10.0
    run_timeout: float = 10.0
    memory_limit_MB: int = -1
    stdin: str | None = None
    files: dict[str, str | None] = {}
    fetch_files: list[str] = []


class ProgramResult(msgspec.Struct):
    """What came of the compiler or of the program."""

    status: str  # Finished, TimeLimitExceeded or Error
    execution_time: float | None = None
    return_code: int | None = None
    stdout: str | None = None
    stderr: str | None = None


class RunCodeReply(msgspec.Struct):
    """What came of a program, as SandboxFusion says it."""

    status: str  # Success, Failed or SandboxError
    message: str = ""
    compile_result: ProgramResult | None = None
    run_result: ProgramResult | None = None
    executor_pod_name: str | None = None
    files: dict[str, str] = {}


def decode(body: bytes, kind: type[T]) -> T:
    """Return the JSON body as a `kind`.

    Raises:
        Refusal: if it is not JSON, or not of that shape; the detail says where.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(422, f"the body is not as it should be: {error}") from error
    except RecursionError as error:
        raise Refusal(422, "the body is not as it should be: it is nested too deeply") from error
