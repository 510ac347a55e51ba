"""The reward for following instructions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from .. import _core
from ..answer import MISSING_RULES, Opening, check_opening, missing_answer
from ..graded import graded
from ..reward import Reward, check_column, completion_texts, find_column, text_list
from ..verdict import Status, Verdict
from .constraints import BadConstraint, Constraint, make_constraint

__all__ = ["RULES", "InstructionReward", "instruction_reward"]

#: Every rule that can decide, and the sentence that explains it.
RULES = {
    "all_followed": "every instruction is followed",
    "some_followed": "some instructions are followed",
    "none_followed": "no instruction is followed",
    "bad_reference": "the instructions cannot be read",
    **MISSING_RULES,
}


class InstructionReward(Reward):
    """1.0 where every instruction of the row is followed: the 25 kinds of IFEval.

    The response is what stands between the thinking and the end of the turn; a blank one follows
    none. Telling languages of one script apart needs the extra `language`.

    Args:
        form: `"strict"`, or `"loose"`: an instruction is also followed if the response follows it
            without its first line, its last, or both, and each of these without asterisks.
        partial: whether to reward the share of instructions followed, rather than all or nothing.
        opening: where the opening thinking tag stands; `"prompt"` if the chat template wrote it.
        name: as for every `Reward`.
        column: the column of ids, for each row a list such as `["punctuation:no_comma"]`.
        kwargs_column: the column of parameters, for each row a mapping per instruction; those that
            are `None` are taken to be absent.

    >>> ids = [["keywords:existence", "punctuation:no_comma"]]
    >>> kwargs = [[{"keywords": ["ship"]}, {}]]
    >>> instruction_reward(["A ship!"], instruction_id_list=ids, kwargs=kwargs)
    [1.0]
    >>> instruction_reward.verdicts(["A, B"], instruction_id_list=ids, kwargs=kwargs)[0].reason
    'not followed: keywords:existence, punctuation:no_comma'
    """

    default_name = "instruction_reward"

    def __init__(
        self,
        *,
        form: Literal["strict", "loose"] = "strict",
        partial: bool = False,
        opening: Opening = "completion",
        name: str | None = None,
        column: str = "instruction_id_list",
        kwargs_column: str = "kwargs",
    ) -> None:
        super().__init__(name=name, column=column)
        if form not in ("strict", "loose"):
            raise ValueError(f"form must be 'strict' or 'loose', got {form!r}")
        self.form = form
        self.partial = partial
        self.opening = check_opening(opening)
        self.kwargs_column = kwargs_column

    def verdicts(self, completions: Sequence[Any], **columns: Any) -> list[Verdict]:
        texts = text_list(completion_texts(completions))
        name, ids = find_column(columns, self.column)
        kwargs = columns.get(self.kwargs_column)
        check_column(name, ids, len(texts))
        rows: Sequence[Any] = [None] * len(texts)
        if kwargs is not None:
            rows = check_column(self.kwargs_column, kwargs, len(texts))
        return self.judge(texts, list(zip(ids, rows, strict=True)))

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        """Judge texts against pairs of a list of ids and a list of parameters."""
        return [
            self._judge_one(text, ids, kwargs)
            for text, (ids, kwargs) in zip(text_list(completions), references, strict=True)
        ]

    def _judge_one(self, text: str, ids: Any, kwargs: Any) -> Verdict:
        try:
            constraints = _constraints(ids, kwargs)
        except BadConstraint as error:
            reason = f"{RULES['bad_reference']}: {error}"
            return Verdict(Status.BAD_REFERENCE, None, rule="bad_reference", reason=reason)
        part = _core.final_part(text, opening_in_prompt=self.opening == "prompt")
        if part is None:
            return missing_answer("thinking")
        response = text[slice(*part)]
        if not response.strip():
            return missing_answer("empty")
        forms = _loose_forms(response) if self.form == "loose" else [response]
        failed = [
            constraint.id
            for constraint in constraints
            if not any(constraint.holds(form) for form in forms)
        ]
        share = 1.0 - len(failed) / len(constraints)
        if not failed:
            rule, reason = "all_followed", RULES["all_followed"]
        else:
            rule = "some_followed" if len(failed) < len(constraints) else "none_followed"
            reason = f"not followed: {', '.join(failed)}"
        return graded(
            share if self.partial else float(not failed),
            worst=0.0,
            best=1.0,
            rule=rule,
            reason=reason,
            extracted=response,
            extracted_from="text",
            span=part,
            reference=", ".join(constraint.id for constraint in constraints),
        )


def _constraints(ids: Any, kwargs: Any) -> list[Constraint]:
    """Return the constraints of a row.

    Raises:
        BadConstraint: if one of them cannot be read, or there is none.
    """
    if isinstance(ids, str):
        ids, kwargs = [ids], [kwargs] if isinstance(kwargs, Mapping) else kwargs
    if ids is None or not hasattr(ids, "__len__") or not len(ids):
        raise BadConstraint("there is none")
    rows = [{}] * len(ids) if kwargs is None else kwargs
    if len(rows) != len(ids):
        raise BadConstraint(f"{len(rows)} entries of parameters for {len(ids)} instructions")
    return [make_constraint(name, row or {}) for name, row in zip(ids, rows, strict=True)]


def _loose_forms(response: str) -> list[str]:
    """Return the eight forms of a response, less the blank ones."""
    lines = response.split("\n")
    cuts = ["\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])]
    forms = [response, *cuts]
    return [form for form in (*forms, *(f.replace("*", "") for f in forms)) if form.strip()]


#: The reward with its default options: strict, all or nothing.
instruction_reward = InstructionReward()
