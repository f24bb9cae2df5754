"""Share the tasks of an outer step out to more and more ranks: when does it stop being faster?"""

from __future__ import annotations

from collections.abc import Mapping

from metalearn_lab.experiments.sharding_time import Network, ShardingTime
from metalearn_lab.explorers.controls import choice, log_slider, stops_slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.sharding import ShardingAt, sharding_scene

RANKS = tuple(2**i for i in range(11))
TASKS = tuple(2**i for i in range(3, 13))

NETWORKS = {
    "Ethernet, 10 Gbit/s": Network(latency=0.05, per_number=4 / 1.25e6),
    "InfiniBand, 400 Gbit/s": Network(latency=0.005, per_number=4 / 50e6),
    "NVLink, 450 GB/s": Network(latency=0.005, per_number=4 / 450e6),
}
"""Line rates as they are named, and a typical latency of a message."""


class ShardingExplorer(Explorer):
    """Controls for ranks, tasks, their time, the fixed part, the weights and the network.

    Args:
        step: what the controls begin with, as it was measured.
        network: what the measured network is called.
        networks: others to choose from.

    Raises:
        ValueError: a number of tasks that the control has not.
    """

    def __init__(
        self, step: ShardingTime, network: str, networks: Mapping[str, Network] = NETWORKS
    ) -> None:
        if step.tasks not in TASKS:
            raise ValueError(f"the tasks must be one of {TASKS}, got {step.tasks}")
        self.networks = {network: step.network, **networks}
        self.scene = sharding_scene(RANKS)
        super().__init__(
            {
                "ranks": stops_slider("ranks P", RANKS, 2),
                "tasks": stops_slider("meta-batch B", TASKS, step.tasks),
                "work": log_slider("ms a task w", max(step.work, 1e-3), -3, 3, 0.1),
                "fixed": log_slider("fixed ms s", max(step.fixed, 0.1), -1, 3, 0.1),
                "weights": log_slider("weights W", step.weights, 3, 9, 0.1),
                "network": choice("network", list(self.networks), network),
            }
        )

    def view(
        self, *, ranks: int, tasks: int, work: float, fixed: float, weights: float, network: str
    ) -> View:
        """What P ranks make of it, beside one rank and the best number of them."""
        step = ShardingTime(tasks, work, fixed, weights, self.networks[network])
        best = min((p for p in RANKS if p <= tasks), key=step.milliseconds)
        table = Table(
            f"An outer step of {tasks:,} tasks: milliseconds by what they go into",
            ("", "ranks", "own tasks", "fixed", "messages", "the step", "speed-up", "efficiency"),
            [
                ["alone", *_cells(step, 1)],
                ["your P", *_cells(step, ranks)],
                ["fastest", *_cells(step, best)],
            ],
        )
        alt = (
            f"Speed-up and time against the ranks for {tasks:,} tasks of {work:.3g} ms, a fixed "
            f"part of {fixed:.3g} ms and {weights:,.0f} weights over {network}: P = {ranks:,} is "
            f"{step.speed_up(ranks):.3g} times as fast as one rank. Amdahl's ceiling is "
            f"{step.ceiling:.3g}; the fastest is P = {best:,}, {step.speed_up(best):.3g} times."
        )
        return picture_view(
            self.scene.bundle(ShardingAt(step, ranks), alt), table, _note(step, ranks)
        )


def _cells(step: ShardingTime, ranks: int) -> list[str]:
    milliseconds = (
        step.own_tasks(ranks),
        step.fixed,
        step.network.all_reduce(ranks, step.weights),
        step.milliseconds(ranks),
    )
    return [
        f"{ranks:,}",
        *(f"{number:,.4g}" for number in milliseconds),
        f"{step.speed_up(ranks):.3g}",
        f"{step.speed_up(ranks) / ranks:.0%}",
    ]


def _note(step: ShardingTime, ranks: int) -> str:
    if ranks > step.tasks:
        return f"There are no {ranks:,} equal shards of {step.tasks:,} tasks: this is refused."
    if step.speed_up(ranks) < 1:
        return "Slower than one rank: the messages take longer than what is saved."
    if ranks > step.best_ranks:
        return f"Beyond about {step.best_ranks:,.0f} ranks another one costs more than it saves."
    return f"Another rank still pays, up to about {step.best_ranks:,.0f}."
