"""Judging off the event loop: order, batches, groups, back-pressure, deadlines, faults."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from sample_rewards import LastWord, length

from verifiers import AsyncScorer, Status, math_reward
from verifiers.verdict import Verdict

HANG = 60  # seconds; only to notice what never comes


def run(main: Callable[[], Awaitable[Any]]) -> Any:
    async def bounded() -> Any:
        return await asyncio.wait_for(main(), HANG)

    return asyncio.run(bounded())


class Gate(LastWord):
    """Judges only once it is opened, and notes every call."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()
        self.begun = threading.Semaphore(0)
        self.calls: list[int] = []

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        self.calls.append(len(completions))
        self.begun.release()
        assert self.opened.wait(HANG)
        return super().judge(completions, references)


async def begun(gate: Gate, calls: int = 1) -> None:
    for _ in range(calls):
        assert await asyncio.to_thread(gate.begun.acquire, timeout=HANG)


def test_verdicts_belong_to_their_tickets() -> None:
    async def main() -> list[float | None]:
        async with AsyncScorer(math_reward, batch_size=7) as scorer:
            tickets = [
                await scorer.submit(f"\\boxed{{{number}}}", solution=str(number - number % 2))
                for number in range(500)
            ]
            return [(await ticket).reward for ticket in reversed(tickets)][::-1]

    assert run(main) == [float(number % 2 == 0) for number in range(500)]


def test_it_judges_while_the_loop_goes_on() -> None:
    gate = Gate()

    async def main() -> str:
        async with AsyncScorer(gate) as scorer:
            ticket = await scorer.submit("is 4", solution="4")
            await begun(gate)
            gate.opened.set()  # the loop still runs while the reward waits
            return str((await ticket).status)

    assert run(main) == "correct"


def test_what_waits_is_judged_together() -> None:
    gate = Gate()

    async def main() -> None:
        async with AsyncScorer(gate, workers=1, batch_size=4) as scorer:
            tickets = [await scorer.submit("is 4", solution="4")]
            await begun(gate)
            tickets += [await scorer.submit("is 4", solution="4") for _ in range(6)]
            tickets += [await scorer.submit("is 4", solution="4", other=1) for _ in range(2)]
            gate.opened.set()
            assert all(verdict.correct for verdict in await asyncio.gather(*tickets))

    run(main)
    assert gate.calls == [1, 4, 2, 2]


def test_a_group_is_judged_by_itself_in_one_call() -> None:
    gate = Gate()
    gate.opened.set()

    async def main() -> list[str]:
        async with AsyncScorer(gate, workers=1, batch_size=2) as scorer:
            ticket = await scorer.submit_group(["is 4", "is 5", "is 4"], solution=["4"] * 3)
            with pytest.raises(ValueError, match="solution has 1 entries for 2 completions"):
                await scorer.submit_group(["a", "b"], solution=["4"])
            return [str(verdict.status) for verdict in await ticket]

    assert run(main) == ["correct", "wrong", "correct"]
    assert gate.calls == [3]


def test_a_full_queue_makes_submit_wait() -> None:
    gate = Gate()

    async def main() -> None:
        async with AsyncScorer(gate, workers=1, queue_size=2) as scorer:
            tickets = [await scorer.submit("is 4", solution="4") for _ in range(2)]
            third = asyncio.create_task(scorer.submit("is 4", solution="4"))
            await begun(gate)
            assert not third.done()
            gate.opened.set()
            assert (await (await third)).correct
            await asyncio.gather(*tickets)

    run(main)


def test_what_is_not_judged_by_the_deadline_is_unscored_and_later_ones_are_judged() -> None:
    gate = Gate()

    async def main() -> tuple[Verdict, Verdict]:
        async with AsyncScorer(gate, workers=1, deadline=0.2) as scorer:
            late = await (await scorer.submit("is 4", solution="4"))
            scorer.deadline = HANG
            after = await scorer.submit("is 4", solution="4")
            await begun(gate, 2)  # in another thread, the first being lost
            gate.opened.set()
            return late, await after

    late, after = run(main)
    assert (late.status, late.reward, late.rule) == (Status.ERROR, None, "deadline")
    assert late.reason == "not judged within 0.2 s"
    assert after.correct


def test_a_reward_that_never_returns_costs_a_bounded_number_of_threads() -> None:
    gate = Gate()

    async def main() -> list[str]:
        before = threading.active_count()
        async with AsyncScorer(gate, workers=1, batch_size=1, deadline=0.05) as scorer:
            rules = []
            for _ in range(12):
                rules.append((await (await scorer.submit("is 4", solution="4"))).rule)
            assert threading.active_count() - before <= 4
        return rules

    assert run(main) == ["deadline"] * 12
    gate.opened.set()


def test_malformed_input_raises_for_its_own_ticket_alone() -> None:
    gate = Gate()

    async def main() -> list[Any]:
        async with AsyncScorer(gate, workers=1) as scorer:
            tickets = [await scorer.submit("is 4", solution="4")]
            await begun(gate)
            for reference in ("4", ["not", "text"], "4"):
                tickets.append(await scorer.submit("is 4", solution=reference))
            gate.opened.set()
            return await asyncio.gather(*tickets, return_exceptions=True)

    first, second, faulty, last = run(main)
    assert first.correct
    assert second.correct
    assert last.correct
    assert isinstance(faulty, TypeError)


def test_what_a_reward_raises_reaches_the_ticket() -> None:
    def broken(completions: Any, **columns: Any) -> list[float]:
        raise RuntimeError("this reward is broken")

    async def main() -> None:
        async with AsyncScorer(broken) as scorer:
            with pytest.raises(RuntimeError, match="this reward is broken"):
                await (await scorer.submit("4"))

    run(main)


def test_a_plain_function_judges() -> None:
    async def main() -> float | None:
        async with AsyncScorer(length) as scorer:
            return (await (await scorer.submit("01234"))).reward

    assert run(main) == 0.5


def test_leaving_waits_and_leaving_by_an_exception_does_not() -> None:
    async def wait() -> bool:
        async with AsyncScorer(math_reward) as scorer:
            ticket = await scorer.submit("4", solution="4")
        return ticket.done()

    assert run(wait)
    gate = Gate()

    tickets: list[asyncio.Future[Verdict]] = []

    async def fail() -> None:
        async with AsyncScorer(gate, workers=1) as scorer:
            tickets.append(await scorer.submit("is 4", solution="4"))
            await begun(gate)
            raise KeyError("the sampler failed")

    async def leave() -> bool:
        with pytest.raises(KeyError):
            await fail()
        await asyncio.sleep(0)
        return tickets[0].cancelled()

    assert run(leave)
    gate.opened.set()


def test_it_is_used_within_async_with() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="async with"):
            await AsyncScorer(math_reward).submit("4", solution="4")

    run(main)


@pytest.mark.parametrize(
    "options", [{"workers": 0}, {"batch_size": 0}, {"queue_size": -1}, {"deadline": 0}]
)
def test_what_it_refuses(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be positive"):
        AsyncScorer(math_reward, **options)
    with pytest.raises(TypeError, match="must be a Reward or a function"):
        AsyncScorer("math")  # type: ignore[arg-type]
