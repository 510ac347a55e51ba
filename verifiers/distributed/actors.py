"""A reward that judges on a Ray cluster, for a training loop whose machine is busy."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..reward import Reward, check_column, completion_texts
from ..rollouts import RolloutError
from ..threads import share_cores, usable_cores
from ..verdict import Status, Verdict
from .cluster import connect, node_cpus

__all__ = ["RayReward"]

#: How often completions are sent out: what loses two actors is given up.
TRIES = 2


class RayReward(Reward):
    """Judges as `reward` does, in actors spread over a Ray cluster.

    Made for rewards that run programs: each actor holds the reward and its sandbox for as long as
    this object lives. A batch is cut into chunks, and an actor takes the next one when it is done.
    An actor that is lost is replaced, and its chunk judged again; what loses two actors, or is not
    judged by the deadline, is unscored, with the rule `worker_lost` or `deadline`. If no actor can
    start at all, `RolloutError` says why.

    Args:
        reward: what judges; it is pickled.
        actors: how many; by default as many as the cluster has place for at the first call.
        cpus: of each actor.
        chunk: completions that an actor judges at once; for a reward that compares the completions
            of a group, a multiple of the group.
        deadline: seconds for one call.
        address: of the cluster; see `connect`.
    """

    def __init__(
        self,
        reward: Reward,
        *,
        actors: int | None = None,
        cpus: int = 1,
        chunk: int = 16,
        deadline: float = 300.0,
        address: str | None = None,
    ) -> None:
        for name, value in (("cpus", cpus), ("chunk", chunk), ("deadline", deadline)):
            if not value > 0:
                raise ValueError(f"{name} must be positive, got {value}")
        if actors is not None and actors < 1:
            raise ValueError(f"actors must be at least 1, got {actors}")
        super().__init__(name=reward.__name__, column=reward.column)
        self.needs_reference = reward.needs_reference
        self.reward = reward
        self.actors = actors
        self.cpus = cpus
        self.chunk = chunk
        self.deadline = deadline
        self.address = address
        self._pool: list[Any] = []

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pool": []}  # actors stay with the process that made them

    def verdicts(self, completions: Sequence[Any], **columns: Any) -> list[Verdict]:
        completions = list(completion_texts(completions))
        for name, values in columns.items():
            if _is_column(values):
                check_column(name, values, len(completions))
        verdicts: list[Verdict | None] = [None] * len(completions)
        for start, found in self._judge_chunks(completions, columns):
            verdicts[start : start + len(found)] = found
        return [verdict or self._unscored("deadline") for verdict in verdicts]

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        return self.verdicts(completions, **{self.column or "solution": list(references)})

    def close(self) -> None:
        """End the actors; a later call starts new ones."""
        if self._pool:
            ray = connect(self.address)
            for actor in self._pool:
                ray.kill(actor)
            self._pool = []

    def __enter__(self) -> RayReward:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _judge_chunks(
        self, completions: Sequence[str], columns: Mapping[str, Any]
    ) -> list[tuple[int, list[Verdict]]]:
        """Return the verdicts of each chunk that was judged in time, with where it starts."""
        ray = connect(self.address)
        self._pool = self._pool or self._start(ray)
        end = time.monotonic() + self.deadline
        waiting = [(start, 1) for start in range(0, len(completions), self.chunk)][::-1]
        idle: list[int] = []  # places of actors
        running: dict[Any, tuple[int, int, int]] = {}  # reply -> place of the actor, start, try
        # An actor for which the cluster has no place yet gets no completions: they would wait.
        starting = {actor.ready.remote(): place for place, actor in enumerate(self._pool)}
        lost, there = 0, False  # actors lost at their start; whether any has got further
        done: list[tuple[int, list[Verdict]]] = []
        while (waiting or running) and (left := end - time.monotonic()) > 0:
            while waiting and idle:
                place, (start, tried) = idle.pop(), waiting.pop()
                piece = slice(start, start + self.chunk)
                parts = {n: v[piece] if _is_column(v) else v for n, v in columns.items()}
                reply = self._pool[place].judge.remote(completions[piece], parts)
                running[reply] = (place, start, tried)
            for reply in ray.wait([*starting, *running], timeout=left)[0]:
                begun = reply in starting
                place, start, tried = (starting.pop(reply), 0, 0) if begun else running.pop(reply)
                try:
                    found = ray.get(reply)
                except ray.exceptions.RayTaskError as error:
                    self._cancel(ray, running)
                    raise error.as_instanceof_cause() from error
                except ray.exceptions.RayError as error:
                    self._pool[place] = self._actor(ray)
                    starting[self._pool[place].ready.remote()] = place
                    if begun:
                        lost += 1
                        if lost >= TRIES * len(self._pool) and not there:
                            why = str(error).splitlines()[-1]
                            raise RolloutError(f"no actor can start: {why}") from error
                    elif tried < TRIES:
                        waiting.append((start, tried + 1))
                    else:
                        count = len(completions[start : start + self.chunk])
                        done.append((start, [self._unscored("worker_lost")] * count))
                else:
                    idle.append(place)
                    there = True
                    if not begun:
                        done.append((start, found))
        self._cancel(ray, running)
        return done

    def _cancel(self, ray: Any, running: Mapping[Any, tuple[int, int, int]]) -> None:
        """Replace the actors that still judge: a call under way cannot be ended otherwise."""
        for place, _, _ in running.values():
            ray.kill(self._pool[place])
            self._pool[place] = self._actor(ray)

    def _start(self, ray: Any) -> list[Any]:
        count = self.actors or max(1, sum(cpus // self.cpus for cpus in node_cpus(ray)))
        return [self._actor(ray) for _ in range(count)]

    def _actor(self, ray: Any) -> Any:
        options = {"num_cpus": self.cpus, "scheduling_strategy": "SPREAD"}
        return ray.remote(_RewardActor).options(**options).remote(self.reward, self.cpus)

    def _unscored(self, rule: str) -> Verdict:
        reason = {
            "deadline": f"not judged within {self.deadline:g} s",
            "worker_lost": f"{TRIES} actors were lost while they judged it",
        }[rule]
        return Verdict(Status.ERROR, None, rule=rule, reason=reason)


def _is_column(value: Any) -> bool:
    """Whether `value` holds one item per completion, rather than being a setting of the call."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


class _RewardActor:
    """What an actor does: it holds the reward."""

    def __init__(self, reward: Reward, cpus: int) -> None:
        share_cores(max(1, usable_cores() // cpus))
        self._reward = reward

    def ready(self) -> None:
        """Answer, once the actor is there."""

    def judge(self, completions: list[str], columns: dict[str, Any]) -> list[Verdict]:
        return self._reward.verdicts(completions, **columns)
