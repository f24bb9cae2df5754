"""Settings that were run with several seeds: the mean of each result over them."""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import torch

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.sweep.finished_sweep import ChapterRuns, EndedRun, FinishedSweep
from metalearn_lab.sweep.points import SEED
from metalearn_lab.sweep.results import csv_text


class Setting(NamedTuple):
    """One choice of all parameters but the seed.

    Attributes:
        parameters: those that vary in the sweep.
        seed_count: how many runs with different seeds ended.
        means: of each numeric result that all of them have: its mean over the seeds, and the
            half-width of the 95 % interval of that mean over seeds.
    """

    parameters: dict[str, Any]
    seed_count: int
    means: dict[str, tuple[float, float]]

    @property
    def words(self) -> str:
        """The parameters for a reader."""
        return ", ".join(f"{name} = {value}" for name, value in self.parameters.items())


def over_seeds(chapter: ChapterRuns) -> list[Setting]:
    """The settings of a chapter that ran with two seeds or more, in the order of the plan."""
    runs_of: dict[str, list[EndedRun]] = {}
    for run in chapter.good:
        varied = {name: run.planned.parameters[name] for name in chapter.varied if name != SEED}
        runs_of.setdefault(json.dumps(varied), []).append(run)
    return [
        Setting(json.loads(varied), len(runs), _means(chapter, runs))
        for varied, runs in runs_of.items()
        if len(runs) > 1
    ]


def _means(chapter: ChapterRuns, runs: list[EndedRun]) -> dict[str, tuple[float, float]]:
    means: dict[str, tuple[float, float]] = {}
    for name in chapter.results:
        values = [run.columns.get(name) for run in runs]
        if all(isinstance(value, float) and math.isfinite(value) for value in values):
            interval = interval_over_tasks(torch.tensor(values, dtype=torch.float64))
            means[name] = interval.mean.item(), interval.half_width.item()
    return means


def seeds_csv(sweep: FinishedSweep) -> str:
    """Every mean over seeds as CSV: chapter, setting as JSON, result, mean, half-width, seeds."""
    rows = (
        [chapter.name, json.dumps(setting.parameters), name, mean, half_width, setting.seed_count]
        for chapter in sweep.chapters
        for setting in over_seeds(chapter)
        for name, (mean, half_width) in setting.means.items()
    )
    return csv_text(["chapter", "setting", "result", "mean", "half_width", "seeds"], rows)
