"""A search whose trials are runs of a chapter, and its best settings judged at other seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import torch

from metalearn_lab.atomic_file import write_text
from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
from metalearn_lab.sweep.points import CLASS_SPLITS, SEED, Point, grid_points
from metalearn_lab.sweep.progress import Progress
from metalearn_lab.sweep.results import csv_text, headline_columns, taken_names
from metalearn_lab.sweep.search import Trial, best_so_far, best_trial, search
from metalearn_lab.sweep.search_file import SearchFile, distributions
from metalearn_lab.sweep.sweep_file import Entry
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.folder import notebook_path
from metalearn_lab.workbook.parameters import parameters_of, typed_value

SEARCH_TABLE = "search.csv"
RunAll = Callable[[Sequence[Point]], Progress]
"""Runs what has not run yet, and gives all records."""


class Judged(NamedTuple):
    """The best settings beside the chapter's own, at seeds that the search has not used.

    Attributes:
        best: values of the best settings, one a seed.
        own: of the chapter's own settings, at the same seeds.
        gain: how much better the best ones are, paired; its interval is over seeds.
    """

    best: list[float]
    own: list[float]
    gain: Interval


class Found(NamedTuple):
    """What came out of a search.

    Attributes:
        trials: in their order.
        best: the best of them.
        judged: at other seeds; None without any.
        progress: of all runs.
    """

    trials: list[Trial]
    best: Trial
    judged: Judged | None
    progress: Progress


def search_points(
    file: SearchFile,
    notebooks: Path,
    run: RunAll,
    *,
    trials: int,
    sampler: str,
    seed: int,
    at_once: int,
    judges: int,
) -> Found:
    """Run a search's trials, then the best settings and the chapter's own at other seeds.

    The value of the best trial flatters it: it was chosen because it was the best. So it is judged
    again, with other seeds and other class splits.

    Args:
        file: what to search.
        notebooks: the folder of the chapters.
        run: runs points.
        trials: how many.
        sampler: ``tpe`` or ``random``.
        seed: of the sampler.
        at_once: trials that run together.
        judges: how many other seeds; 0, or 2 and more, which give an interval.

    Raises:
        WorkbookError: the file and the chapter do not fit, every trial failed, or the chapter has
            no such headline value.
    """
    known = parameters_of(notebook_path(file.chapter, notebooks))
    space = distributions(file, known)
    drawn = [name for name in (SEED, *CLASS_SPLITS) if name in known]
    if judges == 1:
        raise WorkbookError("one seed gives no interval: judge at 2 seeds or more, or at 0")
    if judges and not drawn:
        raise WorkbookError(
            f"chapter {file.chapter.name} has no seed, so nothing can be judged at others: give "
            "--judges 0"
        )
    points: dict[str, Point] = {}

    def values_of(chosen: Sequence[Mapping[str, Any]]) -> list[float | None]:
        asked = [_point(file, notebooks, settings) for settings in chosen]
        points.update((point.key, point) for point in asked)
        progress = run(list({point.key: point for point in asked}.values()))
        return [_value(file, point, progress) for point in asked]

    lowest = file.lowest
    tried = search(
        space, values_of, trials=trials, lowest=lowest, sampler=sampler, seed=seed, at_once=at_once
    )
    best = best_trial(tried, lowest)
    if best is None:
        raise WorkbookError("every trial failed, or gave no finite number: see the report")
    judged = None
    if judges:
        first = {n: typed_value(file.fixed.get(n, known[n].default), known[n]) for n in drawn}
        others = [{n: first[n] + 1 + i for n in drawn} for i in range(judges)]
        values = [values_of([each | dict(s) for each in others]) for s in (best.settings, {})]
        if None in (*values[0], *values[1]):
            raise WorkbookError("a run at another seed failed: see the report")
        chosen, own = ([v for v in each if v is not None] for each in values)
        sign = -1 if lowest else 1
        gains = [sign * (a - b) for a, b in zip(chosen, own, strict=True)]
        judged = Judged(chosen, own, interval_over_tasks(torch.tensor(gains, dtype=torch.float64)))
    return Found(tried, best, judged, run(list(points.values())))


def _point(file: SearchFile, notebooks: Path, settings: Mapping[str, Any]) -> Point:
    grid = {name: [value] for name, value in (file.fixed | dict(settings)).items()}
    [point] = grid_points([Entry(file.chapter, grid)], notebooks)
    return point


def _value(file: SearchFile, point: Point, progress: Progress) -> float | None:
    """The headline value of a run; None if the run failed."""
    record = progress.records[point.key]
    if record.error is not None:
        return None
    columns = headline_columns(record, taken_names([point]))
    if file.value not in columns:
        raise WorkbookError(
            f"{file.path}: chapter {file.chapter.name} has no headline value '{file.value}'. Its "
            f"values are: {', '.join(columns) or 'none'}"
        )
    value = columns[file.value]
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise WorkbookError(f"{file.path}: '{file.value}' is {value!r}, and no number")
    return float(value)


def write_trials(found: Found, file: SearchFile, folder: Path) -> None:
    """The trials as ``search.csv``: number, value, the best so far, then the settings."""
    names = list(file.space)
    best = best_so_far(found.trials, file.lowest)
    rows = [
        [number, value, sofar, *(settings[name] for name in names)]
        for number, ((settings, value), sofar) in enumerate(
            zip(found.trials, best, strict=True), start=1
        )
    ]
    write_text(folder / SEARCH_TABLE, csv_text(["trial", file.value, "best_so_far", *names], rows))


def in_words(found: Found, file: SearchFile) -> str:
    """The best settings, and how they fare at other seeds."""
    chosen = " ".join(f"{name}={value}" for name, value in found.best.settings.items())
    lines = [f"best of {len(found.trials)}: {file.value} {found.best.value:.4g} with {chosen}"]
    if found.judged:
        best, own, gain = found.judged
        lines.append(
            f"at {len(best)} other seeds: {fmean(best):.4g}, the chapter's own settings "
            f"{fmean(own):.4g}; better by {gain.mean.item():.4g} ± {gain.half_width.item():.2g} "
            "(95 %, over seeds)"
        )
    return "\n".join(lines)
