"""The adaptation curves of a sweep: as rows of a table, and sorted into panels."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill
from typing import Any, NamedTuple

from metalearn_lab.figures.sweep_curves import Curve, Run
from metalearn_lab.sweep.finished_sweep import ChapterRuns, EndedRun, FinishedSweep
from metalearn_lab.sweep.points import SEED
from metalearn_lab.sweep.results import csv_text
from metalearn_lab.workbook.record import Record

CURVE_COLUMNS = ("headline", "learner", "kind", "tasks", "step", "mean", "half_width")

MOST_SINGLE = 12
"""With more runs than this a panel shows several of them."""
MOST_PANELS = 24


class CurveGroup(NamedTuple):
    """Curves that belong into one figure.

    Attributes:
        headline_number: of their headline in the chapter, from 1.
        kind: ``"loss"`` or ``"accuracy"``.
    """

    headline_number: int
    kind: str


def curves_csv(sweep: FinishedSweep) -> str:
    """Every point of every curve as CSV, in the order of the sweep file."""
    changed_names = list(dict.fromkeys(name for run in sweep.planned for name in run.changed))
    rows = (
        [
            record.key,
            record.chapter,
            *(record.parameters.get(name) for name in changed_names),
            *point,
        ]
        for record in (run.record for run in sweep.ended)
        for point in _rows_of_curves(record)
    )
    return csv_text(["key", "chapter", *changed_names, *CURVE_COLUMNS], rows)


def _rows_of_curves(record: Record) -> Iterator[list[Any]]:
    """The values of `CURVE_COLUMNS` for each point."""
    for headline_number, headline in enumerate(record.headlines, start=1):
        for learner, curve in headline["curves"].items():
            points = zip(curve["mean"], curve["half_width"], strict=True)
            for step, (mean, half_width) in enumerate(points):
                yield [
                    headline_number,
                    learner,
                    curve["kind"],
                    curve["tasks"],
                    step,
                    mean,
                    half_width,
                ]


def curve_groups(chapter: ChapterRuns) -> list[CurveGroup]:
    """The figures that the curves of a chapter need."""
    groups = {
        CurveGroup(headline_number, curve["kind"])
        for run in chapter.good
        for headline_number, headline in enumerate(run.record.headlines, start=1)
        for curve in headline["curves"].values()
    }
    return sorted(groups)


def panels_of(chapter: ChapterRuns, group: CurveGroup) -> dict[str, list[Run]]:
    """The runs of each panel by its title, those without such curves left out.

    With few runs each has a panel. With more, each value of the parameter that varies most has
    one; repetitions with another seed come into the same panel. Panels come in the order of their
    values.
    """
    values_of = {name: chapter.values_of(name) for name in _panel_parameters(chapter)}

    def value_indices(run: EndedRun) -> list[int]:
        return [values.index(run.planned.parameters[name]) for name, values in values_of.items()]

    panels: dict[str, list[Run]] = {}
    for run in sorted(chapter.good, key=value_indices):
        if curves := _curves_of_run(run, group):
            panels.setdefault(_panel_title(run, list(values_of)), []).append(curves)
    return panels


def _panel_title(run: EndedRun, names: list[str]) -> str:
    """What sets a panel apart."""
    no_break_space = "\N{NO-BREAK SPACE}"  # a name and its value stay on one line
    settings = [
        f"{name} = {run.planned.parameters[name]}".replace(" ", no_break_space) for name in names
    ]
    return fill(", ".join(settings), 32, break_long_words=False) or "all runs"


def _panel_parameters(chapter: ChapterRuns) -> list[str]:
    if len(chapter.planned) <= MOST_SINGLE:
        return chapter.varied
    counts = {name: len(chapter.values_of(name)) for name in chapter.varied if name != SEED}
    fitting = [name for name in counts if counts[name] <= MOST_PANELS]
    return [max(fitting, key=lambda name: counts[name])] if fitting else []


def _curves_of_run(run: EndedRun, group: CurveGroup) -> Run:
    return {
        learner: Curve([*map(float, curve["mean"])], [*map(float, curve["half_width"])])
        for headline in run.record.headlines[group.headline_number - 1 : group.headline_number]
        for learner, curve in headline["curves"].items()
        if curve["kind"] == group.kind
    }
