"""Rewards made of rewards: a sum, a gate, a clip, a curriculum, the best of several.

A composition is a `Reward` like any other: it is called alike, pickles, is safe in threads, and has
`.verdicts`. Its parts are rewards, or plain functions `f(completions, **columns)`; a part that
stands in it several times is judged once per call.
"""

from __future__ import annotations

import inspect
import math
import numbers
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from .resolve import FunctionReward
from .reward import Reward
from .verdict import Status, Verdict

__all__ = [
    "BestOf",
    "Clip",
    "CompositeVerdict",
    "Composition",
    "Curriculum",
    "Weighted",
    "When",
    "best_of",
    "clip",
    "curriculum",
    "weighted",
    "when",
]

Part: TypeAlias = Reward | Callable[..., Sequence[float | None]]

#: What an unscored part does: it makes the whole unscored, or the others alone count.
Unscored = Literal["withhold", "ignore"]

#: A weight per part for every step: a function, or a table from the first step of each phase.
Schedule: TypeAlias = Callable[[int], Sequence[float]] | Mapping[int, Sequence[float]]


@dataclass(frozen=True, slots=True)
class CompositeVerdict(Verdict):
    """The verdict of a composition, and those of its parts.

    What was extracted is that of the part that decided, or else of the first that extracted
    anything. The rule is `weighted`, `when`, `clip`, `curriculum` or `best_of`; `unscored_part`
    where a part kept the whole from a number, `not_finite` where a sum is none.

    Attributes:
        parts: the verdict of every part, by its name.
    """

    parts: Mapping[str, Verdict] = field(default_factory=dict, hash=False)


class Composition(Reward):
    """What all compositions share: parts with different names, judged once per call and logged.

    If the caller passes `log_metric`, as TRL does, the mean of every part over what it scored is
    logged as `rewards/<composition>/<part>/mean`.

    Raises:
        ValueError: if there is no part, or two have one name.
        TypeError: if a part is no reward and no function.
    """

    rule: str

    def __init__(self, parts: Sequence[Part], *, name: str | None) -> None:
        self.parts = _named(parts)
        self.needs_reference = any(part.needs_reference for part in self.parts.values())
        super().__init__(name=name or self._expression())

    def verdicts(self, completions: Sequence[Any], **columns: Any) -> list[Verdict]:
        if not hasattr(completions, "__len__"):
            completions = list(completions)
        found = self._judge(_Call(completions, columns))
        log_metric = columns.get("log_metric")
        if log_metric is not None:
            for path, mean in _means(f"rewards/{self.__name__}", found):
                log_metric(f"{path}/mean", mean)
        return list(found)

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        return self.verdicts(completions, solution=references)

    def _judge(self, call: _Call) -> list[CompositeVerdict]:
        combine = self._combiner(call.columns)
        columns = [call.verdicts(part) for part in self.parts.values()]
        return [
            combine(dict(zip(self.parts, row, strict=True))) for row in zip(*columns, strict=True)
        ]

    @abstractmethod
    def _combiner(
        self, columns: Mapping[str, Any]
    ) -> Callable[[dict[str, Verdict]], CompositeVerdict]:
        """Return what makes one verdict of the parts', for this call."""

    def _expression(self) -> str:
        """Return a name that says what it is made of."""
        return f"{self.rule}({','.join(self.parts)})"

    def _verdict(
        self,
        parts: dict[str, Verdict],
        status: Status,
        reward: float,
        reason: str,
        decided: Verdict | None = None,
    ) -> CompositeVerdict:
        return _composite(self.rule, parts, status, reward, reason, decided)


def weighted(
    *parts: Part | Mapping[Part, float],
    unscored: Unscored = "withhold",
    name: str | None = None,
) -> Weighted:
    """Return the sum of several rewards, each times its weight.

    Args:
        parts: rewards, summed as they are; or one mapping from reward to weight. A part of weight
            0 is judged and logged, but neither counts nor withholds.
        unscored: `"withhold"` makes the whole unscored where any part is; `"ignore"` sums the
            others, and is unscored only where all parts are.
        name: what it is logged as; by default the sum, written out.

    Raises:
        ValueError: if there is no part, two have one name, or no weight differs from 0.
        TypeError: if a part is no reward and no function, or a weight no number.

    >>> from verifiers import math_reward
    >>> def short(completions, **columns):
    ...     return [float(len(text) < 20) for text in completions]
    >>> reward = weighted({math_reward: 1.0, short: 0.5})
    >>> reward(["so \\\\boxed{4}", "I think that \\\\boxed{4}", "4?"], solution=["4", "4", "4"])
    [1.5, 1.0, 0.5]
    >>> reward.verdicts(["\\\\boxed{5}"], solution=["4"])[0].reason
    'math_reward 0 + 0.5 × short 1 = 0.5'
    """
    if len(parts) == 1 and isinstance(parts[0], Mapping):
        return Weighted(
            list(parts[0]), weights=list(parts[0].values()), unscored=unscored, name=name
        )
    return Weighted(parts, weights=[1.0] * len(parts), unscored=unscored, name=name)  # type: ignore[arg-type]


class Weighted(Composition):
    """See `weighted`."""

    rule = "weighted"

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        weights: Sequence[float],
        unscored: Unscored = "withhold",
        name: str | None = None,
    ) -> None:
        self.weights = _checked_weights(weights, len(parts), "weights") if parts else ()
        self.unscored = _checked_unscored(unscored)
        super().__init__(parts, name=name)

    def _weights(self, columns: Mapping[str, Any]) -> tuple[float, ...]:
        """Return the weights for this call."""
        return self.weights

    def _combiner(
        self, columns: Mapping[str, Any]
    ) -> Callable[[dict[str, Verdict]], CompositeVerdict]:
        weights = self._weights(columns)

        def combine(parts: dict[str, Verdict]) -> CompositeVerdict:
            counted = {
                part: weight for part, weight in zip(parts, weights, strict=True) if weight != 0
            }
            missing = [part for part in counted if not parts[part].scored]
            if missing and (self.unscored == "withhold" or len(missing) == len(counted)):
                return _withheld(parts, missing[0])
            terms = [(name, weight, parts[name]) for name, weight in counted.items()]
            scored = [term for term in terms if term[2].scored]
            reward = sum(weight * (found.reward or 0.0) for _, weight, found in scored)
            reason = f"{' + '.join(_term(*term) for term in scored)} = {reward:g}"
            reason += "".join(f"; {part} is unscored and ignored" for part in missing)
            if not math.isfinite(reward):
                return _composite("not_finite", parts, Status.ERROR, None, reason)
            return self._verdict(parts, _status([term[2] for term in scored]), reward, reason)

        return combine

    def _expression(self) -> str:
        text = ""
        for (name, part), weight in zip(self.parts.items(), self.weights, strict=True):
            factor = "" if abs(weight) == 1 else f"{abs(weight)!r}*"
            nested = type(part) is Weighted and len(self.parts) > 1
            text += "-" if weight < 0 else "+" if text else ""
            text += factor + (f"({name})" if nested else name)
        return text


def curriculum(
    *parts: Part,
    weights: Schedule,
    step: int | None = None,
    unscored: Unscored = "withhold",
    name: str | None = None,
) -> Curriculum:
    """Return a weighted sum whose weights change with the step of the training.

    Args:
        parts: the rewards.
        weights: a function from the step to one weight per part, or a table
            `{first step: weights}`, in which each row holds until the next. A table pickles; so
            does a function of a module, but no lambda.
        step: the step, for a trainer that passes no `trainer_state`; set the attribute `step` as
            training goes on. What is set goes before `trainer_state.global_step`.
        unscored, name: as for `weighted`.

    Raises:
        ValueError: as `weighted`; also if a row of the table has not one weight per part, or the
            table does not start at step 0.
        TypeError: when called, if nothing says the step.

    >>> from verifiers import math_reward
    >>> def short(completions, **columns):
    ...     return [float(len(text) < 20) for text in completions]
    >>> reward = curriculum(math_reward, short, weights={0: (1, 1), 500: (1, 0.1)}, step=0)
    >>> reward(["\\\\boxed{4}"], solution=["4"])
    [2.0]
    >>> reward.step = 900
    >>> reward(["\\\\boxed{4}"], solution=["4"])
    [1.1]
    """
    return Curriculum(parts, schedule=weights, step=step, unscored=unscored, name=name)


class Curriculum(Weighted):
    """See `curriculum`."""

    rule = "curriculum"

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        schedule: Schedule,
        step: int | None = None,
        unscored: Unscored = "withhold",
        name: str | None = None,
    ) -> None:
        if isinstance(schedule, Mapping):
            schedule = {
                first: _checked_weights(row, len(parts), f"weights[{first!r}]")
                for first, row in sorted(schedule.items(), key=_first_step)
            }
            if next(iter(schedule), None) != 0:
                raise ValueError("weights must start at step 0")
        elif not callable(schedule):
            raise TypeError(
                "weights must be a function of the step or a table {first step: weights}, "
                f"got {type(schedule).__name__}"
            )
        super().__init__(parts, weights=[1.0] * len(parts), unscored=unscored, name=name)
        self.schedule = schedule
        self.step = step

    def _weights(self, columns: Mapping[str, Any]) -> tuple[float, ...]:
        step: Any = self.step
        if step is None:
            step = getattr(columns.get("trainer_state"), "global_step", None)
        if step is None:
            raise TypeError(
                f"{self.__name__} does not know the step: pass trainer_state, or set its step"
            )
        if not _checked_number(step, "the step") >= 0:
            raise ValueError(f"the step must not be negative, got {step}")
        if isinstance(self.schedule, Mapping):
            return tuple(self.schedule[max(first for first in self.schedule if first <= step)])
        return _checked_weights(self.schedule(step), len(self.parts), f"weights({step})")

    def _expression(self) -> str:
        return Composition._expression(self)


def when(correct: Part, then: Part, *, otherwise: float = 0.0, name: str | None = None) -> When:
    """Return a reward that counts only where another one finds the completion correct.

    Args:
        correct: the gate; open where its status is `correct` (for a function: where it returns 1).
        then: what counts where the gate is open. It is given the whole batch, so that a reward
            that compares the completions of a group sees all of them.
        otherwise: the reward where the gate is closed.
        name: what it is logged as.

    It is unscored where the gate is, and where the gate is open and `then` is unscored.

    >>> from verifiers import math_reward
    >>> def short(completions, **columns):
    ...     return [10 / len(text) for text in completions]
    >>> reward = when(math_reward, short)
    >>> reward(["I get \\\\boxed{4}, yes", "I get \\\\boxed{5}, yes"], solution=["4", "4"])
    [0.5, 0.0]
    """
    return When(correct, then, otherwise=otherwise, name=name)


class When(Composition):
    """See `when`."""

    rule = "when"

    def __init__(
        self, correct: Part, then: Part, *, otherwise: float = 0.0, name: str | None = None
    ) -> None:
        self.otherwise = _checked_number(otherwise, "otherwise")
        super().__init__((correct, then), name=name)

    def _combiner(
        self, columns: Mapping[str, Any]
    ) -> Callable[[dict[str, Verdict]], CompositeVerdict]:
        gate, then = self.parts

        def combine(parts: dict[str, Verdict]) -> CompositeVerdict:
            opened, chosen = parts[gate], parts[then]
            if not opened.scored:
                return _withheld(parts, gate)
            if not opened.correct:
                reason = f"{gate} is {opened.status}, so {then} does not count"
                return self._verdict(parts, opened.status, self.otherwise, reason, opened)
            if chosen.reward is None:
                return _withheld(parts, then)
            reason = f"{gate} is correct, so {then} counts: {chosen.reward:g}"
            return self._verdict(parts, chosen.status, chosen.reward, reason, opened)

        return combine

    def _expression(self) -> str:
        text = ",".join(self.parts)
        return f"when({text},{self.otherwise!r})" if self.otherwise else f"when({text})"


def clip(reward: Part, low: float, high: float, *, name: str | None = None) -> Clip:
    """Return a reward kept within bounds.

    Args:
        reward: what is clipped; its status stays.
        low, high: the bounds; `-math.inf` and `math.inf` leave a side open.
        name: what it is logged as.

    Raises:
        ValueError: unless `low` is at most `high`.

    >>> def growing(completions, **columns):
    ...     return [len(text) / 4 for text in completions]
    >>> clip(growing, 0.5, 1.0)(["a", "abc", "abcdef"])
    [0.5, 0.75, 1.0]
    """
    return Clip(reward, low, high, name=name)


class Clip(Composition):
    """See `clip`."""

    rule = "clip"

    def __init__(self, reward: Part, low: float, high: float, *, name: str | None = None) -> None:
        if not low <= high:
            raise ValueError(f"low must be at most high, got {low} and {high}")
        self.low, self.high = float(low), float(high)
        super().__init__((reward,), name=name)

    def _combiner(
        self, columns: Mapping[str, Any]
    ) -> Callable[[dict[str, Verdict]], CompositeVerdict]:
        (name,) = self.parts

        def combine(parts: dict[str, Verdict]) -> CompositeVerdict:
            found = parts[name]
            if found.reward is None:
                return _withheld(parts, name)
            kept = min(max(found.reward, self.low), self.high)
            reason = f"{name} {found.reward:g}"
            reason += " is within the bounds" if kept == found.reward else f" clipped to {kept:g}"
            return self._verdict(parts, found.status, kept, reason, found)

        return combine

    def _expression(self) -> str:
        return f"clip({','.join(self.parts)},{self.low:g},{self.high:g})"


def best_of(*parts: Part, unscored: Unscored = "withhold", name: str | None = None) -> BestOf:
    """Return the highest of several rewards.

    Args:
        parts: the rewards; the first of equal ones decides.
        unscored: `"withhold"` makes the whole unscored where any part is, because that part might
            have been the best; `"ignore"` takes the best of the others.
        name: what it is logged as.

    >>> from verifiers import MathReward
    >>> reward = best_of(MathReward(column="a", name="a"), MathReward(column="b", name="b"))
    >>> reward(["\\\\boxed{2}", "\\\\boxed{3}", "\\\\boxed{4}"], a=["2"] * 3, b=["3"] * 3)
    [1.0, 1.0, 0.0]
    """
    return BestOf(parts, unscored=unscored, name=name)


class BestOf(Composition):
    """See `best_of`."""

    rule = "best_of"

    def __init__(
        self, parts: Sequence[Part], *, unscored: Unscored = "withhold", name: str | None = None
    ) -> None:
        self.unscored = _checked_unscored(unscored)
        super().__init__(parts, name=name)

    def _combiner(
        self, columns: Mapping[str, Any]
    ) -> Callable[[dict[str, Verdict]], CompositeVerdict]:
        def combine(parts: dict[str, Verdict]) -> CompositeVerdict:
            missing = [part for part, found in parts.items() if not found.scored]
            if missing and (self.unscored == "withhold" or len(missing) == len(parts)):
                return _withheld(parts, missing[0])
            rewards = {
                part: found.reward for part, found in parts.items() if found.reward is not None
            }
            best = max(rewards, key=rewards.__getitem__)
            reason = f"{best} is the best: {rewards[best]:g}"
            reason += "".join(f"; {part} is unscored and ignored" for part in missing)
            return self._verdict(parts, parts[best].status, rewards[best], reason, parts[best])

        return combine


class _Call:
    """One call of a composition, in which every distinct part is judged once."""

    def __init__(self, completions: Sequence[Any], columns: Mapping[str, Any]) -> None:
        self.completions, self.columns = completions, columns
        self._judged: dict[int, Sequence[Verdict]] = {}

    def verdicts(self, part: Reward) -> Sequence[Verdict]:
        key = id(part.function if isinstance(part, FunctionReward) else part)
        if key not in self._judged:
            if isinstance(part, Composition):
                self._judged[key] = part._judge(self)
            else:
                found = part.verdicts(self.completions, **self.columns)
                self._judged[key] = [_finite(part, verdict) for verdict in found]
        return self._judged[key]


def _finite(part: Reward, found: Verdict) -> Verdict:
    """Return `found`, or a fault of the part if its reward is not a number one can add."""
    if found.reward is None or math.isfinite(found.reward):
        return found
    reason = f"{part.__name__} returned {found.reward}"
    return replace(found, status=Status.ERROR, reward=None, rule="not_finite", reason=reason)


def _named(parts: Sequence[Part]) -> dict[str, Reward]:
    """Return the parts by name, functions as rewards."""
    if not parts:
        raise ValueError("a composition needs at least one part")
    named: dict[str, Reward] = {}
    for index, part in enumerate(parts):
        if not isinstance(part, Reward):
            if isinstance(part, type) or not callable(part):
                got = (
                    f"the class {part.__name__}" if isinstance(part, type) else type(part).__name__
                )
                raise TypeError(f"parts[{index}] must be a reward or a function, got {got}")
            if inspect.iscoroutinefunction(part):
                raise TypeError(f"parts[{index}] is an async function, which cannot be composed")
            part = FunctionReward(part)
        if part.__name__ in named:
            raise ValueError(
                f"two parts are named {part.__name__!r}: give one a name of its own "
                "(name= of a reward, __name__ of a function)"
            )
        named[part.__name__] = part
    return named


def _composite(
    rule: str,
    parts: dict[str, Verdict],
    status: Status,
    reward: float | None,
    reason: str,
    decided: Verdict | None = None,
) -> CompositeVerdict:
    if decided is None:
        found = parts.values()
        decided = next((verdict for verdict in found if verdict.extracted is not None), None)
    shown = decided or next(iter(parts.values()))
    return CompositeVerdict(
        status,
        reward,
        rule=rule,
        reason=reason,
        extracted=shown.extracted,
        extracted_from=shown.extracted_from,
        span=shown.span,
        reference=shown.reference,
        seconds=sum(verdict.seconds for verdict in parts.values()),
        parts=parts,
    )


def _withheld(parts: dict[str, Verdict], name: str) -> CompositeVerdict:
    """Return the unscored verdict that the unscored part `name` leads to."""
    missing = parts[name]
    reason = f"{name} is unscored: {missing.reason}"
    return _composite("unscored_part", parts, missing.status, None, reason, missing)


def _status(verdicts: Sequence[Verdict]) -> Status:
    """Return `correct` where every part is, `wrong` where none has anything right."""
    statuses = {verdict.status for verdict in verdicts}
    if len(statuses) == 1:
        return statuses.pop()
    return Status.WRONG if statuses == {Status.WRONG, Status.NO_ANSWER} else Status.PARTIAL


def _term(name: str, weight: float, found: Verdict) -> str:
    return f"{name} {found.reward:g}" if weight == 1 else f"{weight:g} × {name} {found.reward:g}"


def _means(path: str, verdicts: Sequence[Verdict]) -> Iterator[tuple[str, float]]:
    """Give the mean of every part over what it scored, under the path of its names."""
    composites = [found for found in verdicts if isinstance(found, CompositeVerdict)]
    for name in composites[0].parts if composites else ():
        column = [found.parts[name] for found in composites]
        rewards = [found.reward for found in column if found.reward is not None]
        if rewards:
            yield f"{path}/{name}", sum(rewards) / len(rewards)
        yield from _means(f"{path}/{name}", column)


def _first_step(row: tuple[Any, Any]) -> float:
    if isinstance(row[0], bool) or not isinstance(row[0], numbers.Real):
        raise TypeError(f"weights start at steps, which are numbers, got {row[0]!r}")
    return float(row[0])


def _checked_weights(weights: Sequence[float], count: int, where: str) -> tuple[float, ...]:
    if isinstance(weights, (str, bytes, Mapping)) or not hasattr(weights, "__len__"):
        raise TypeError(f"{where} must be a list with one weight per part, got {weights!r}")
    if len(weights) != count:
        raise ValueError(f"{where} has {len(weights)} weights for {count} parts")
    checked = tuple(_checked_number(value, f"{where}[{i}]") for i, value in enumerate(weights))
    if not any(checked):
        raise ValueError(f"{where} are all 0, so nothing would count")
    return checked


def _checked_number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{where} must be a number, got {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"{where} must be finite, got {value}")
    return float(value)


def _checked_unscored(unscored: Unscored) -> Unscored:
    if unscored not in ("withhold", "ignore"):
        raise ValueError(f"unscored must be 'withhold' or 'ignore', got {unscored!r}")
    return unscored
