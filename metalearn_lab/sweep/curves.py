"""The adaptation curves of a sweep: as rows of a table, and sorted into panels."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from textwrap import fill
from typing import Any, NamedTuple

from metalearn_lab.figures.sweep_curves import Curve, Run
from metalearn_lab.sweep.finished_sweep import ChapterRuns, EndedRun, FinishedSweep
from metalearn_lab.sweep.points import SEED

OF_A_CURVE = ("headline", "learner", "kind", "tasks", "step", "mean", "half_width")

MOST_SINGLE = 12
"""With more runs than this a panel shows several of them."""
MOST_PANELS = 24


class CurveGroup(NamedTuple):
    """Curves that belong into one figure.

    Attributes:
        place: of their headline in the chapter, from 1.
        kind: ``"loss"`` or ``"accuracy"``.
    """

    place: int
    kind: str


def curves_table(sweep: FinishedSweep) -> str:
    """Every point of every curve as CSV, in the order of the sweep file."""
    given = list(dict.fromkeys(name for run in sweep.planned for name in run.changed))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["key", "chapter", *given, *OF_A_CURVE])
    for run in sweep.ended:
        record = run.record
        first = [record.key, record.chapter, *(record.parameters.get(name) for name in given)]
        for row in _rows(run):
            table.writerow([*first, *row])
    return text.getvalue()


def _rows(run: EndedRun) -> Iterator[list[Any]]:
    for place, headline in enumerate(run.record.headlines, start=1):
        for learner, each in headline["curves"].items():
            points = zip(each["mean"], each["half_width"], strict=True)
            for step, (mean, half) in enumerate(points):
                yield [place, learner, each["kind"], each["tasks"], step, mean, half]


def curve_groups(chapter: ChapterRuns) -> list[CurveGroup]:
    """The figures that the curves of a chapter need."""
    found = {
        CurveGroup(place, curve["kind"])
        for run in chapter.good
        for place, headline in enumerate(run.record.headlines, start=1)
        for curve in headline["curves"].values()
    }
    return sorted(found)


def panels_of(chapter: ChapterRuns, group: CurveGroup) -> dict[str, list[Run]]:
    """The runs of each panel by its title, those without such curves left out.

    With few runs each has a panel. With more, each value of the parameter that varies most has
    one; repetitions with another seed come into the same panel.
    """
    by = _panel_parameters(chapter)
    panels: dict[str, list[Run]] = {}
    for run in sorted(chapter.good, key=lambda run: _place(chapter, run, by)):
        if curves := _curves(run, group):
            panels.setdefault(panel_title(run, by), []).append(curves)
    return panels


def panel_title(run: EndedRun, names: list[str]) -> str:
    """What sets a panel apart."""
    whole = "\N{NO-BREAK SPACE}"  # a name and its value stay on one line
    said = [f"{name} = {run.planned.parameters[name]}".replace(" ", whole) for name in names]
    return fill(", ".join(said), 32, break_long_words=False) or "all runs"


def _panel_parameters(chapter: ChapterRuns) -> list[str]:
    if len(chapter.planned) <= MOST_SINGLE:
        return chapter.varied
    counts = {name: len(chapter.values_of(name)) for name in chapter.varied if name != SEED}
    fitting = [name for name in counts if counts[name] <= MOST_PANELS]
    return [max(fitting, key=lambda name: counts[name])] if fitting else []


def _place(chapter: ChapterRuns, run: EndedRun, names: list[str]) -> list[int]:
    """Panels come in the order of their values."""
    return [
        [json.dumps(value) for value in chapter.values_of(name)].index(
            json.dumps(run.planned.parameters[name])
        )
        for name in names
    ]


def _curves(run: EndedRun, group: CurveGroup) -> Run:
    headlines = run.record.headlines
    if group.place > len(headlines):
        return {}
    return {
        learner: Curve([*map(float, each["mean"])], [*map(float, each["half_width"])])
        for learner, each in headlines[group.place - 1]["curves"].items()
        if each["kind"] == group.kind
    }
