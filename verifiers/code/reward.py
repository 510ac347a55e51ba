"""The reward for programs that pass their tests."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from ..answer import Opening, check_opening
from ..reward import (
    REFERENCE_COLUMNS,
    Reward,
    check_column,
    completion_texts,
    find_column,
    text_list,
)
from ..sandboxes import Sandbox
from ..verdict import Verdict
from .checkers import Checker, make_checker
from .extract import Found, check_language, find_program
from .formats import ROW_COLUMNS, TEST_COLUMNS, read_tests
from .judge import Steps, judge_program
from .running import Stop, run, run_async
from .settings import Scoring, Settings
from .shared import shared_sandbox
from .tests import BadTests, TestSuite
from .verdict import CodeVerdict, code_verdict

__all__ = ["CodeReward", "code_reward"]


class CodeReward(Reward):
    """1.0 where the program of a completion passes all its tests, else 0.0.

    Programs run in a sandbox, which is started at the first call and shared by all rewards of the
    process. What they should answer never enters it. Equal programs with equal tests are run once.

    Args:
        language: what programs are written in, where the tests do not say: `"python"`, `"cpp"`,
            `"c"`, `"javascript"`, `"bash"`, ...; `"any"` goes by the label of the last fence.
        scoring: `"all"` rewards a program that passes every test; `"fraction"` the share of tests
            passed, `"weighted"` the share of their weight.
        run_all: whether to run all tests although one failed, so that the verdict tells of each;
            the other scorings do.
        checker: what makes output right, where the tests do not say: `"tokens"`, `"exact"`,
            `"floats"`, `"unordered"`, or one of `verifiers.code.checkers`.
        time_limit: processor seconds for a test, where the tests do not say.
        time_factor: what a limit that the tests do say is multiplied by.
        total_time_limit: processor seconds for all tests of a program; a slower one is wrong.
        memory_limit_bytes: memory for a test, where the tests do not say.
        output_limit_bytes: standard output of a test.
        batch_time_limit: seconds for a call, without the first start of the sandbox; what is not
            judged by then is unscored.
        fence: `"optional"` takes the whole answer for the program if it holds no code fence.
        opening: where the opening thinking tag stands; `"prompt"` if the chat template wrote it.
        sandbox: `"auto"` takes the best that works here, or name one: `"docker"`, `"bubblewrap"`,
            `"landlock"`; or a `Sandbox` of your own, with which the reward does not pickle.
        unsafe: whether `"auto"` may run programs as plain processes where no sandbox works.
        name: as for every `Reward`.
        column: the column of tests; by default `tests`, `test_cases`, `verification_info`,
            `input_output` or `in_outs`, the columns of HumanEval, MBPP, LiveCodeBench and
            CodeContests, or one where references usually are.

    Raises:
        ValueError: if an option is not as described.

    >>> reward = CodeReward()
    >>> reward.verdicts(["I cannot do this."], tests=[["assert add(1, 2) == 3"]])[0].rule
    'no_program'
    """

    default_name = "code_reward"

    def __init__(
        self,
        *,
        language: str = "python",
        scoring: Scoring = "all",
        run_all: bool = False,
        checker: Checker | str | Mapping[str, Any] = "tokens",
        time_limit: float = 10.0,
        time_factor: float = 1.0,
        total_time_limit: float = 120.0,
        memory_limit_bytes: int = 512 << 20,
        output_limit_bytes: int = 4 << 20,
        batch_time_limit: float = 600.0,
        fence: Literal["required", "optional"] = "required",
        opening: Opening = "completion",
        sandbox: str | Sandbox = "auto",
        unsafe: bool = False,
        name: str | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__(name=name, column=column)
        if scoring not in ("all", "fraction", "weighted"):
            raise ValueError(f"scoring must be 'all', 'fraction' or 'weighted', got {scoring!r}")
        if fence not in ("required", "optional"):
            raise ValueError(f"fence must be 'required' or 'optional', got {fence!r}")
        limits = {
            "time_limit": time_limit,
            "time_factor": time_factor,
            "total_time_limit": total_time_limit,
            "memory_limit_bytes": memory_limit_bytes,
            "output_limit_bytes": output_limit_bytes,
            "batch_time_limit": batch_time_limit,
        }
        for option, value in limits.items():
            if not value > 0:
                raise ValueError(f"{option} must be positive, got {value}")
        self.language = None if language == "any" else check_language(language)
        self.batch_time_limit = batch_time_limit
        self.fence = fence
        self.opening = check_opening(opening)
        self.sandbox = sandbox
        self.unsafe = unsafe
        self.settings = Settings(
            scoring=scoring,
            run_all=run_all,
            checker=make_checker(checker),
            time_limit=time_limit,
            time_factor=time_factor,
            total_time_limit=total_time_limit,
            memory_limit_bytes=memory_limit_bytes,
            output_limit_bytes=output_limit_bytes,
        )

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        """Judge `completions[i]` by the tests in `references[i]`, equal pairs once."""
        batch = _Batch(self, completions, references)
        if not batch.programs:
            return batch.verdicts([])
        sandbox = self._open()
        stop = Stop(self.batch_time_limit)
        return batch.verdicts(run(sandbox, batch.judgements(stop), stop))

    async def score_async(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Return what calling the reward does, without blocking the event loop.

        Generation goes on meanwhile: `task = asyncio.create_task(reward.score_async(...))`.
        Cancelling the task leaves out what has not begun.
        """
        return [verdict.reward for verdict in await self.verdicts_async(completions, **columns)]

    async def verdicts_async(self, completions: Sequence[Any], **columns: Any) -> list[Verdict]:
        """Return what `verdicts` does, without blocking the event loop."""
        texts = completion_texts(completions)
        references = self.references(len(texts), columns)
        batch = await asyncio.to_thread(_Batch, self, texts, references)
        if not batch.programs:
            return batch.verdicts([])
        sandbox = await asyncio.to_thread(self._open)
        stop = Stop(self.batch_time_limit)
        return batch.verdicts(await run_async(sandbox, batch.judgements(stop), stop))

    def _open(self) -> Sandbox:
        if isinstance(self.sandbox, Sandbox):
            return self.sandbox
        return shared_sandbox(self.sandbox, unsafe=self.unsafe)

    def references(self, count: int, columns: Mapping[str, Any]) -> Sequence[Any]:
        """Return the tests of each row: one column, or the columns of a data set together.

        Raises:
            TypeError: if there are none, or a column is not one entry per completion.
            ValueError: if the length of a column is not `count`.
        """
        names = (self.column,) if self.column else _present(columns)
        if not names:
            raise TypeError(
                f"no tests: pass one of {', '.join(TEST_COLUMNS)}, the columns of HumanEval, MBPP, "
                f"LiveCodeBench or CodeContests, one of {', '.join(REFERENCE_COLUMNS)}, or name "
                f"yours with column=; columns present: {', '.join(columns) or 'none'}"
            )
        values = {}
        for name in names:
            values[name] = check_column(name, find_column(columns, name)[1], count)
        if len(values) == 1 and names[0] not in ROW_COLUMNS:
            return values[names[0]]
        return [{name: column[i] for name, column in values.items()} for i in range(count)]


def _present(columns: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that hold the tests."""
    for name in TEST_COLUMNS:
        if columns.get(name) is not None:
            return (name,)
    for name, row in ROW_COLUMNS.items():
        if columns.get(name) is not None:
            return tuple(other for other in row if columns.get(other) is not None)
    try:
        return (find_column(columns)[0],)
    except TypeError:
        return ()


class _Batch:
    """Completions and their tests, as far as they can be told without running anything.

    Attributes:
        programs: every different program with different tests, once.
    """

    def __init__(
        self, reward: CodeReward, completions: Sequence[str], references: Sequence[Any]
    ) -> None:
        self.reward = reward
        self.programs: list[tuple[Found, TestSuite]] = []
        self._rows: list[CodeVerdict | tuple[Found, int]] = []
        suites: dict[Hashable, TestSuite | BadTests] = {}
        known: dict[Hashable, int] = {}
        for text, reference in zip(text_list(completions), references, strict=True):
            key = _key(reference)
            if key not in suites:
                suites[key] = _read(reference)
            suite = suites[key]
            if isinstance(suite, BadTests):
                self._rows.append(code_verdict("bad_reference", str(suite)))
                continue
            found = self._find(text, suite)
            if isinstance(found, CodeVerdict):
                self._rows.append(found)
                continue
            same = (key, found.language, found.source)
            if same not in known:
                known[same] = len(self.programs)
                self.programs.append((found, suite))
            self._rows.append((found, known[same]))

    def _find(self, text: str, suite: TestSuite) -> Found | CodeVerdict:
        language = check_language(suite.language) if suite.language else self.reward.language
        if language is None and suite.kind == "script":
            language = "python"  # as the scripts, which can judge no program in another
        found = find_program(text, language, opening=self.reward.opening, fence=self.reward.fence)
        if isinstance(found, CodeVerdict):
            return replace(found, reference=_summary(suite))
        return found

    def judgements(self, stop: Stop) -> list[Steps]:
        """Return what judges each of `programs`."""
        settings = self.reward.settings
        return [judge_program(found, suite, settings, stop) for found, suite in self.programs]

    def verdicts(self, judged: Sequence[CodeVerdict]) -> list[Verdict]:
        """Return a verdict for each completion, given those on `programs`."""
        return [
            row if isinstance(row, CodeVerdict) else self._filled(*row, judged[row[1]])
            for row in self._rows
        ]

    def _filled(self, found: Found, index: int, verdict: CodeVerdict) -> CodeVerdict:
        return replace(
            verdict,
            extracted=found.source,
            extracted_from=found.origin,
            span=found.span,
            language=found.language,
            reference=_summary(self.programs[index][1]),
        )


def _read(reference: Any) -> TestSuite | BadTests:
    try:
        return read_tests(reference)
    except BadTests as error:
        return error


def _key(reference: Any) -> Hashable:
    """Return something that is equal only for equal tests."""
    if isinstance(reference, str):
        return reference
    try:
        return pickle.dumps(reference, pickle.HIGHEST_PROTOCOL)
    except Exception:  # then they are equal only to themselves
        return id(reference)


def _summary(suite: TestSuite) -> str:
    count = len(suite.tests)
    return f"{count} {suite.kind} test{'s' if count > 1 else ''}"


#: The reward with its default options.
code_reward = CodeReward()
