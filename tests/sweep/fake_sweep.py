"""The folder of a sweep as `sweep` leaves it, made up in no time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.sweep.points import Point
from metalearn_lab.sweep.run_folder import write_plan
from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.facts import collect_facts, fact_bundle
from metalearn_lab.workbook.headline import HEADLINE_MIME, headline_bundle
from metalearn_lab.workbook.record import Record, write_record

FIXED = {"unseen_tasks": 200, "device": "cpu"}
LEARNERS = {"maml": 0.9, "fine_tuning": 0.3, "reptile": 0.6}
CLAIM = "MAML is ahead of <b>all</b> others"
NASTY = 'ValueError: <script>alert("1 & 2")</script>'


def fake_sweep(
    folder: Path,
    grid: Mapping[str, Sequence[Any]],
    *,
    failed: Sequence[int] = (),
    waiting: Sequence[int] = (),
    diverged: Sequence[int] = (),
    turned: Sequence[int] = (),
) -> list[Point]:
    """Write plan, records, pages and notebooks of chapter 00 over a grid.

    Args:
        folder: a new one.
        grid: the values of each parameter.
        failed: places of points that failed.
        waiting: places of points that have not run yet.
        diverged: places of points whose numbers are infinite.
        turned: places of points whose finding is False.
    """
    points = [_point(place, dict(zip(grid, v, strict=True))) for place, v in _product(grid)]
    for place, point in enumerate(points):
        if place not in waiting:
            _write_run(folder, point, place in failed, place in diverged, place, turned)
    folder.mkdir(exist_ok=True)
    write_plan(folder, points)
    return points


def _product(grid: Mapping[str, Sequence[Any]]) -> enumerate[tuple[Any, ...]]:
    return enumerate(itertools.product(*grid.values()))


def _point(place: int, changed: dict[str, Any]) -> Point:
    parameters = {**changed, **FIXED}
    return Point(CHAPTERS[0], Path("00_start_here.ipynb"), parameters, changed, f"{place:012x}")


def fact(turned: bool) -> dict[str, Any]:
    """A finding, or what is left of it where it has turned round."""
    [found] = collect_facts(
        {
            "cells": [
                {"outputs": [fact_bundle("finding", CLAIM, -2 if turned else 1, above=0)._asdict()]}
            ]
        }
    )
    return found


def _write_run(
    folder: Path,
    point: Point,
    failed: bool,
    diverged: bool,
    place: int,
    turned: Sequence[int],
) -> None:
    home = folder / "runs" / point.name
    home.mkdir(parents=True)
    files = [f"{point.chapter.name}.{ending}" for ending in ("html", "ipynb")]
    for file in files[failed:]:
        (home / file).write_text("x")
    record = Record(
        key=point.key,
        chapter=point.chapter.name,
        title=point.chapter.title,
        parameters=point.parameters,
        changed=point.changed,
        error=NASTY if failed else None,
        started="2026-11-22T15:00:00+00:00",
        seconds=40.0 + place,
        headlines=[] if failed else [_headline(point, diverged, place)],
        facts=[] if failed else [fact(turned=place in turned)],
        versions={"python": "3.11.7", "torch": "2.13.0"},
        device="CPU: 2 cores",
        files=files[failed:],
    )
    write_record(home / "run.json", record)


def _headline(point: Point, diverged: bool, place: int) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(place)
    curves = {
        name: _curves(rate, point.parameters, diverged, generator)
        for name, rate in LEARNERS.items()
    }
    bundle = headline_bundle(
        "MAML is ahead.",
        {
            **{name: interval_over_tasks(curves[name].loss[:, 1]) for name in ("maml", "reptile")},
            "ahead": "maml" if place % 2 else 'a < b & "c"',
            "tasks": 20,
            "unseen_tasks": 200,
        },
        curves,
    )
    found: dict[str, Any] = bundle[HEADLINE_MIME]
    return found


def _curves(
    rate: float, parameters: Mapping[str, Any], diverged: bool, generator: torch.Generator
) -> AdaptationCurves:
    """Losses that fall by the rate, lower with more shots and iterations."""
    help_ = math.log10(float(parameters.get("iterations", 1000))) + float(
        parameters.get("shots", 5)
    )
    steps = torch.arange(6.0)
    noise = torch.rand((20, 6), generator=generator) + 0.5
    loss = noise * 4 * torch.exp(-rate * steps * help_ / 8)
    return AdaptationCurves(loss * 10.0 ** (steps * 8) if diverged else loss, None)
