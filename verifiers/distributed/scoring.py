"""A data set scored on a Ray cluster, shard by shard."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from ..reward import Reward
from ..rollouts import Position, RolloutError, check_output, open_reader
from ..rollouts.batch import Problem
from ..rollouts.columns import SAMPLE_ROWS, ColumnError, Layout, find_layout
from ..rollouts.pool import has_sandbox
from ..rollouts.scorer import BatchScorer, hidden_column
from ..rollouts.summary import Summary
from ..threads import share_cores, usable_cores
from .cluster import connect, node_cpus
from .shards import Shard, ShardResult, cut, input_files, read_result, score_shard

__all__ = ["RayScoring"]


@dataclass
class RayScoring:
    """One run over one data set, used as `Scoring` is: `with` it, and loop over `run()`.

    Ray Data hands shards to a pool of actors, each of which holds the reward, and with it its
    sandbox, from shard to shard. A shard is written into `OUT.partial/`, which every machine must
    see; at the end all become one file. What was written stays if the run stops, and `resume=True`
    goes on with the shards that are missing.

    Args:
        reward: what judges; it is pickled.
        source: a file, or a folder of files, that every machine sees.
        out: the Parquet file to write.
        address: of the cluster; see `connect`.
        actors: how many; by default as many as the cluster has place for.
        cpus: of each actor; by default one, and all of a node for a reward with a sandbox.
        reward_name, completion_column, reference_column, source_column, prefix, resume, overwrite,
        on_problem: as for `Scoring`.

    Raises:
        ValueError: if these do not fit together, or not the run to go on with.
        ColumnError: if the columns are not there, or the added ones are in the way.
        RolloutError: if something is not installed, cannot be read or written.
    """

    reward: Reward
    source: str
    out: str
    address: str | None = None
    actors: int | None = None
    cpus: int | None = None
    reward_name: str = ""
    completion_column: str | None = None
    reference_column: str | None = None
    source_column: str | None = None
    prefix: str = ""
    resume: bool = False
    overwrite: bool = False
    on_problem: Callable[[Problem], None] = lambda problem: None
    finished: bool = field(default=False, init=False)
    summary: Summary = field(default_factory=Summary, init=False)

    def __post_init__(self) -> None:
        if not self.out.endswith(".parquet"):
            raise ValueError(f"--engine ray writes Parquet: name {self.out!r} .parquet")
        if self.source == "-":
            raise ValueError("--engine ray cannot read standard input: name a file or a folder")
        check_output(self.out)
        self._folder = Path(f"{self.out}.partial")
        self._shards = cut(input_files(self.source))
        self.layout = self._find_layout()
        self._settings = {
            "reward": self.reward_name,
            "prefix": self.prefix,
            "layout": msgspec.to_builtins(self.layout),
            "shards": msgspec.to_builtins(self._shards),
        }
        self._open_folder()
        self._done: dict[int, ShardResult] = {}
        self._started = time.perf_counter()

    def _find_layout(self) -> Layout:
        for path in dict.fromkeys(shard.path for shard in self._shards):
            reader = open_reader(path)
            try:
                batch = reader.read(SAMPLE_ROWS)
            finally:
                reader.close()
            if batch is None or not batch.starts:
                continue
            layout = find_layout(
                batch,
                completion=self.completion_column,
                reference=self.reference_column or self.reward.column,
                source=self.source_column,
            )
            if layout.reference is None and self.reward.needs_reference:
                raise ColumnError(
                    "no reference column: name yours with --reference-column; columns present: "
                    f"{', '.join(batch.names())}"
                )
            hidden = hidden_column(list(batch.rows()[0]), self.prefix)
            if hidden:
                raise ColumnError(f"there is a column {hidden!r} already: name ours with --prefix")
            return layout
        raise RolloutError(f"{self.source} holds no rows that can be read")

    def _open_folder(self) -> None:
        """Find what an earlier run left, or begin."""
        record = self._folder / "run.json"
        if record.exists() and not self.overwrite:
            if not self.resume:
                raise ValueError(
                    f"{self.out} is unfinished: go on with --resume, or begin anew with --overwrite"
                )
            before = json.loads(record.read_text())
            for name, value in self._settings.items():
                if before.get(name) != value:
                    raise ValueError(
                        f"the {name} of the unfinished run is not that of this one: go on with the "
                        "same, or begin anew with --overwrite"
                    )
            return
        if self.resume and Path(self.out).exists():
            raise ValueError(f"{self.out} is finished: to score again, leave out --resume")
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        record.write_text(json.dumps(self._settings))

    @property
    def name(self) -> str:
        """What is read, for messages."""
        return self.source

    @property
    def reader(self) -> RayScoring:
        """What tells the progress: the run itself."""
        return self

    @property
    def resumable(self) -> bool:
        """Whether an unfinished run was left to go on with."""
        return self._folder.exists()

    def progress(self) -> tuple[int, int | None]:
        """Return how many shards are done, and of how many."""
        return len(self._done), len(self._shards)

    def __enter__(self) -> RayScoring:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing: what was written stays."""

    def run(self) -> Iterator[Summary]:
        """Score the data set, and yield the summary after every shard.

        Raises:
            Exception: what Ray raises if the reward does.
        """
        for shard in self._shards:
            self._note(shard)
        missing = [shard for shard in self._shards if shard.number not in self._done]
        if missing:
            for number in self._score(missing):
                self._note(self._shards[number])
                yield self.summary
        from .join import join

        join([shard.output(self._folder) for shard in self._shards], self.out)
        self._finish()
        yield self.summary

    def _note(self, shard: Shard) -> None:
        result = read_result(shard, self._folder)
        if result is None:
            return
        self._done[shard.number] = result
        self.summary.merge(result.summary)
        self.summary.seconds = time.perf_counter() - self._started

    def _score(self, missing: list[Shard]) -> Iterator[int]:
        """Have the shards scored, and yield the number of each that is done."""
        ray = connect(self.address)
        import ray.data as data

        # Only now: importing it sets its own level, and each run of it is reported there.
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        nodes = node_cpus(ray)
        cpus = self.cpus or (min(nodes) if has_sandbox(self.reward) else 1)
        places = max(1, sum(node // cpus for node in nodes))
        data.DataContext.get_current().enable_progress_bars = False
        scorer = BatchScorer(self.reward, self.layout, self.prefix, output="parquet")
        numbers = [{"number": shard.number} for shard in missing]
        scored = data.from_items(numbers, override_num_blocks=len(numbers)).map_batches(
            _ShardActor,
            fn_constructor_args=(scorer, self._shards, str(self._folder.resolve()), cpus),
            batch_size=1,
            compute=data.ActorPoolStrategy(
                size=min(self.actors or places, places, len(missing)),
                max_tasks_in_flight_per_actor=2,
            ),
            num_cpus=cpus,
        )
        for row in scored.iter_rows():
            yield int(row["number"])

    def _finish(self) -> None:
        """Number the rows as they stand in their files, report the malformed, and clean up."""
        whole = Summary(seconds=time.perf_counter() - self._started)
        path, first = "", 0
        for shard in self._shards:
            if shard.path != path:
                path, first = shard.path, 0
            result = self._done[shard.number]
            for index, slow in enumerate(result.summary.slowest):
                result.summary.slowest[index] = msgspec.structs.replace(slow, row=slow.row + first)
            whole.merge(result.summary)
            for row, message in result.problems:
                where = "" if path == self.source else f"{path}: "
                self.on_problem(Problem(row + first, where + message, _NOWHERE))
            first += result.rows
        self.summary = whole
        shutil.rmtree(self._folder)
        self.finished = True


#: Where a malformed row starts is known to its shard alone.
_NOWHERE = Position()


class _ShardActor:
    """What an actor does: it holds the reward, and scores one shard after another."""

    def __init__(self, scorer: BatchScorer, shards: list[Shard], folder: str, cpus: int) -> None:
        share_cores(max(1, usable_cores() // cpus))
        self._scorer, self._shards, self._folder = scorer, shards, Path(folder)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        for number in batch["number"]:
            shard = self._shards[int(number)]
            if read_result(shard, self._folder) is None:  # not done by an actor that was lost
                score_shard(shard, self._scorer, self._folder)
        return batch
