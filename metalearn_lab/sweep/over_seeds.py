"""Settings that were run with several seeds: the mean of each result over them."""

from __future__ import annotations

import json
import math
from statistics import median
from typing import Any, NamedTuple

import torch

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.figures.sweep_curves import FAR_RATIO
from metalearn_lab.sweep.finished_sweep import ChapterRuns, EndedRun, FinishedSweep
from metalearn_lab.sweep.points import SEED
from metalearn_lab.sweep.results import csv_text


class SeedMean(NamedTuple):
    """The mean of one result over the seeds of a setting.

    Attributes:
        mean: of the runs that are not left out.
        half_width: of the 95 % interval of that mean over seeds; NaN of a single run.
        left_out: how many runs are: those that are not finite, or more than ten times as large as
            most of the chapter's runs are.
    """

    mean: float
    half_width: float
    left_out: int


class Setting(NamedTuple):
    """One choice of all parameters but the seed.

    Attributes:
        parameters: those that vary in the sweep.
        seed_count: how many runs with different seeds ended.
        means: of each numeric result.
    """

    parameters: dict[str, Any]
    seed_count: int
    means: dict[str, SeedMean]

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
    limits = {name: _largest_usual(chapter.good, name) for name in chapter.results}
    return [
        Setting(json.loads(varied), len(runs), _means(runs, limits))
        for varied, runs in runs_of.items()
        if len(runs) > 1
    ]


def _largest_usual(runs: list[EndedRun], name: str) -> float:
    """What is larger than this is far from most of the runs."""
    return FAR_RATIO * median([abs(value) for value in _numbers(runs, name)] or [0.0]) or math.inf


def _numbers(runs: list[EndedRun], name: str) -> list[float]:
    """The finite values of a result."""
    values = [run.columns.get(name) for run in runs]
    plain = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    return [float(value) for value in plain if math.isfinite(value)]


def _means(runs: list[EndedRun], limits: dict[str, float]) -> dict[str, SeedMean]:
    means: dict[str, SeedMean] = {}
    for name, limit in limits.items():
        usual = [value for value in _numbers(runs, name) if abs(value) <= limit]
        left_out = sum(name in run.columns for run in runs) - len(usual)
        if len(usual) > 1:
            interval = interval_over_tasks(torch.tensor(usual, dtype=torch.float64))
            means[name] = SeedMean(interval.mean.item(), interval.half_width.item(), left_out)
        elif usual:
            means[name] = SeedMean(usual[0], math.nan, left_out)
    return means


def seeds_csv(sweep: FinishedSweep) -> str:
    """Every mean over seeds as CSV; ``setting`` is JSON, ``seeds`` counts those left out too."""
    rows = (
        [chapter.name, json.dumps(setting.parameters), name, *mean, setting.seed_count]
        for chapter in sweep.chapters
        for setting in over_seeds(chapter)
        for name, mean in setting.means.items()
    )
    columns = ["chapter", "setting", "result", "mean", "half_width", "left_out", "seeds"]
    return csv_text(columns, rows)
