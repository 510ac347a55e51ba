"""Scoring on a local Ray cluster of two nodes, one of them killed on the way."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from ray.cluster_utils import Cluster
from sample_rewards import LastWord

from verifiers import MathReward
from verifiers.distributed import RayReward, RayScoring, shards
from verifiers.distributed.cluster import connect
from verifiers.rollouts import RolloutError
from verifiers.score_file import Scoring

ROWS = 3000


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A head without processors, and two nodes of one each.

    The folder that it is used from holds another `verifiers`, as a checkout without its C core
    would be; Ray's workers look there first.
    """
    (tmp_path / "checkout" / "verifiers").mkdir(parents=True)
    (tmp_path / "checkout" / "verifiers" / "__init__.py").write_text("raise ImportError('not me')")
    monkeypatch.chdir(tmp_path / "checkout")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    made.workers = [made.add_node(num_cpus=1) for _ in range(2)]
    made.wait_for_nodes()
    ray = connect(made.address)
    yield made
    ray.shutdown()
    made.shutdown()


def write(path: Path, count: int = ROWS) -> Path:
    with path.open("w") as file:
        for number in range(count):
            row = {
                "id": number,
                "source": f"set-{number % 3}",
                "completion": f"so $\\boxed{{{number % 7}}}$",
                "solution": str(number % 5),
            }
            file.write(json.dumps(row) + "\n")
    return path


class Counting(LastWord):
    """Takes its time, and leaves a mark for every call."""

    def __init__(self, folder: Path) -> None:
        super().__init__(pause=0.02)
        self.folder = folder

    def judge(self, completions: Any, references: Any) -> Any:
        os.environ["SAMPLE_LOG"] = str(self.folder / f"node-{os.getpid()}")
        return super().judge(completions, references)


def test_a_node_killed_on_the_way_loses_and_doubles_no_row(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD_BYTES", 10_000)
    source, out = write(tmp_path / "in.jsonl"), tmp_path / "out.parquet"
    killed = False
    with RayScoring(Counting(tmp_path), str(source), str(out)) as scoring:
        for _ in scoring.run():
            done, total = scoring.progress()
            assert total is not None
            assert total > 20
            if not killed and done > 5:
                cluster.remove_node(cluster.workers[0], allow_graceful=False)
                killed = True
    assert killed
    assert len(list(tmp_path.glob("node-*"))) >= 2  # both nodes had a share in it
    assert not list(tmp_path.glob("*.partial"))
    whole = tmp_path / "whole.parquet"
    with Scoring(LastWord(), str(source), str(whole)) as expected:
        for _ in expected.run():
            pass
    found = pq.read_table(out)
    assert found.column("id").to_pylist() == list(range(ROWS))
    assert found.equals(pq.read_table(whole))
    assert scoring.summary.overall == expected.summary.overall
    assert scoring.summary.sources == expected.summary.sources


def test_a_ray_reward_judges_as_the_reward_does_and_survives_a_lost_node(cluster: Cluster) -> None:
    completions = [f"\\boxed{{{number % 7}}}" for number in range(200)]
    solution = [str(number % 5) for number in range(200)]
    with RayReward(MathReward(), chunk=16) as reward:
        expected = MathReward()(completions, solution=solution)
        assert reward(completions, solution=solution) == expected
        cluster.remove_node(cluster.workers[0], allow_graceful=False)
        assert reward(completions, solution=solution) == expected
        with pytest.raises(TypeError, match="no reference column"):
            reward(completions)


class NotHere(MathReward):
    """Can be read in the process that made it alone, as one whose module workers lack."""

    def __reduce__(self) -> Any:
        return only_in, (os.getpid(),)


def only_in(process: int) -> MathReward:
    if os.getpid() != process:
        raise ModuleNotFoundError("no module named my_rewards")
    return MathReward()


def test_actors_that_have_no_place_or_cannot_start(cluster: Cluster) -> None:
    completions, solution = ["so \\boxed{4}"] * 60, ["4"] * 60
    with RayReward(MathReward(), actors=5, chunk=4) as reward:  # for two of them there is a place
        assert reward(completions, solution=solution) == [1.0] * 60
    with (
        RayReward(NotHere(), actors=2) as reward,
        pytest.raises(RolloutError, match=r"no actor can start: .*no module named my_rewards"),
    ):
        reward(completions, solution=solution)
