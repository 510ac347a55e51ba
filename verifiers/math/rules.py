"""The closed list of rules that can decide a math verdict."""

from __future__ import annotations

from typing import NamedTuple

from .. import _core
from ..verdict import Status, Verdict
from .symbolic.outcome import Decision, Outcome

__all__ = ["RULES", "Rule", "settle"]

_STATUS = {
    "equal": Status.CORRECT,
    "different": Status.WRONG,
    "no_answer": Status.NO_ANSWER,
    "bad_reference": Status.BAD_REFERENCE,
}


class Rule(NamedTuple):
    """A rule, what it makes of an answer, and the sentence that explains it.

    `status` is `None` for the one rule that decides nothing and hands on to computer algebra.
    `example` is a reference and a completion that the rule decides, where two texts can show it.
    """

    name: str
    status: Status | None
    sentence: str
    example: tuple[str, str] | None = None

    @property
    def reward(self) -> float | None:
        """1.0, 0.0, or `None` where the rule could not judge."""
        if self.status is None or not self.status.scored:
            return None
        return 1.0 if self.status is Status.CORRECT else 0.0


#: A reference and a completion for each rule that needs no option and no accident to decide.
_EXAMPLES = {
    "same_text": ("\\dfrac{1}{2}", "\\frac{1}{2}"),
    "number": ("\\frac{3}{4}", "0.75"),
    "rounded": ("\\frac{600}{7}", "85.71"),
    "value": ("\\sqrt{8}", "2\\sqrt{2}"),
    "identity": ("\\tan^2 y + 1", "\\sec^2 y"),
    "equation": ("2x + 4y - 3 = 0", "y = -\\frac{x}{2} + \\frac{3}{4}"),
    "inequality": ("x + y < 1", "2x + 2y < 2"),
    "interval": ("x > 3", "(3, \\infty)"),
    "ordered": ("(1, \\frac{9}{2})", "(1, 4.5)"),
    "unordered": ("1, 2, 3", "3, 1, 2"),
    "labelled": ("x = 1, y = 2", "y = 2, x = 1"),
    "matrix": (
        "\\begin{pmatrix} 1/5 \\\\ 2 \\end{pmatrix}",
        "\\begin{bmatrix} 0.2 \\\\ 2 \\end{bmatrix}",
    ),
    "family": ("x = k\\pi, k \\in \\mathbb{Z}", "x = n\\pi, n \\in \\mathbb{Z}"),
    "quantity": ("12\\text{ m}", "1200\\text{ cm}"),
    "date": ("\\text{January 5, 2024}", "2024-01-05"),
    "words": ("\\text{the east}", "East"),
    "choice": ("ABD", "A, B and D"),
    "symbolic": ("\\int_0^1 2x\\,dx", "1"),
    "different_number": ("42", "43"),
    "different_value": ("\\sqrt{2}", "\\sqrt{3}"),
    "different_formula": ("x + 1", "x - 1"),
    "different_relation": ("x + y = 1", "x + y = 2"),
    "different_members": ("1, 2, 3", "1, 2, 4"),
    "different_count": ("1, 2", "1, 2, 3"),
    "different_bounds": ("[0, 1)", "[0, 1]"),
    "different_label": ("x = 5", "y = 5"),
    "different_unit": ("5 km", "5 kg"),
    "different_words": ("\\text{increasing}", "decreasing"),
    "different_shape": ("5", "(1, 2)"),
    "symbolic_different": ("\\int_0^1 2x\\,dx", "2"),
    "contradiction": ("42", "42 = 43"),
    "unsolved": ("x > \\frac{5}{2}", "2x - 5 > 0"),
    "unevaluated": ("1", "\\int_0^1 2x\\,dx"),
    "unreadable": ("42", "\\boxed{42?}"),
    "different_order": ("(1, 2)", "(2, 1)"),
    "too_large": ("1", "\\boxed{" + "((((" * 20 + "1" + "))))" * 20 + "}"),
    "no_text": ("1", "<think>It is 1.</think>"),
    "unfinished_thinking": ("1", "<think>So \\boxed{1}"),
    "unclosed_answer": ("1", "Hence \\boxed{1"),
    "blank_answer": ("1", "It is 1: \\boxed{}"),
    "taken_back": ("1", "It is \\boxed{1}. No, wait, it is 2."),
    "no_answer_found": ("1", "I cannot solve this one."),
    "bad_reference": ("\\frac{", "\\boxed{1}"),
}

#: In the order of the native core's rule numbers; the last is the pool's own.
RULES: tuple[Rule, ...] = (
    *(
        Rule(name, _STATUS.get(decision), sentence, _EXAMPLES.get(name))
        for name, decision, sentence in _core.RULES
    ),
    Rule("worker_lost", Status.ERROR, "the worker for computer algebra was lost"),
)

_BY_NAME = {rule.name: rule for rule in RULES}

#: What the symbolic tier's decision comes to. Whoever made the answer too hard to prove equal does
#: not earn the reward; whoever lost the worker does not lose it.
_SYMBOLIC = {
    Decision.EQUAL: "symbolic",
    Decision.DIFFERENT: "symbolic_different",
    Decision.UNDECIDED: "not_shown",
    Decision.TIME_LIMIT: "not_shown",
    Decision.TOO_LARGE: "too_large",
    Decision.ANSWER_UNREADABLE: "unreadable",
    Decision.REFERENCE_UNREADABLE: "bad_reference",
    Decision.WORKER_LOST: "worker_lost",
}


def settle(outcome: Outcome, reference: str) -> Rule:
    """Return the rule for an outcome of the symbolic tier.

    A reference that the native engine reads and computer algebra does not is no bad reference: the
    answer was then not shown equal.
    """
    name = _SYMBOLIC[outcome.decision]
    if name == "bad_reference" and _core.read(reference) is not None:
        name = "not_shown"
    return _BY_NAME[name]


def verdict(rule: Rule, *, reason: str | None = None, **facts: object) -> Verdict:
    """Return the verdict that `rule` gives; `facts` are the remaining fields of `Verdict`."""
    assert rule.status is not None, "an undecided pair has no verdict yet"
    return Verdict(
        rule.status,
        rule.reward,
        rule=rule.name,
        reason=reason or rule.sentence,
        **facts,  # type: ignore[arg-type]
    )
