"""The pictures of a sweep's report, as HTML with their alternative text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from statistics import median
from typing import TYPE_CHECKING, Any

from metalearn_lab.figures.style import label_of, png_bundle
from metalearn_lab.figures.sweep_curves import (
    Run,
    median_curve,
    scale_of,
    sweep_curves_figure,
)
from metalearn_lab.figures.sweep_values import MOST_BARS, Result, far, sweep_values_figure
from metalearn_lab.sweep.counted import counted
from metalearn_lab.sweep.curves import CurveGroup
from metalearn_lab.sweep.finished_sweep import ChapterRuns, EndedRun
from metalearn_lab.sweep.points import SEED
from metalearn_lab.sweep.report_tables import number
from metalearn_lab.workbook.headline import HALF_WIDTH
from metalearn_lab.workbook.json_numbers import NOT_FINITE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def curves_picture(panels: Mapping[str, Sequence[Run]], group: CurveGroup) -> str:
    """Small multiples of adaptation curves, with what to read them by."""
    scale = scale_of(panels, group.kind)
    figure = sweep_curves_figure(panels, scale, f"query {group.kind}")
    several = any(len(runs) > 1 for runs in panels.values())
    drawn = (
        "Thin: each run. Thick: the median of the panel's runs."
        if several
        else "One run a panel, with its 95 % interval over tasks."
    )
    alt = f"Query {group.kind} against inner step in {counted(len(panels), 'panel')}. "
    return _picture(figure, alt + _ranges(panels), " ".join([drawn, *_rising(scale.beyond)]))


def values_pictures(chapter: ChapterRuns) -> list[str]:
    """One picture for each numeric parameter that varies: headline results against it."""
    names = [name for name in chapter.varied if _is_numeric(chapter.values_of(name))]
    settings = [name for name in names if name != SEED]
    return [
        picture
        for name in settings or names
        if (picture := _values_picture(chapter, name)) is not None
    ]


def _values_picture(chapter: ChapterRuns, parameter: str) -> str | None:
    results = {name: _results(chapter.good, parameter, name) for name in chapter.results}
    drawn = {name: found for name, found in results.items() if len({r.mean for r in found}) > 1}
    if not drawn:
        return None
    alt = f"Headline results against {parameter}. " + " ".join(
        f"{name}: {_ends(found)}." for name, found in drawn.items()
    )
    most = max(len(found) for found in drawn.values())
    bars = " with its 95 % interval" if most <= MOST_BARS else "; its interval is in the table"
    caption = f"One point a run{bars}. The line joins the medians of the runs of one value."
    out = sum(len(far(found)) for found in drawn.values())
    gone = sum(str(run.columns.get(name)) in NOT_FINITE for run in chapter.good for name in drawn)
    notes = [*_left_out(out), *([f"{counted(gone, 'result')} not finite."] if gone else [])]
    return _picture(sweep_values_figure(parameter, drawn), alt, " ".join([caption, *notes]))


def _results(runs: Sequence[EndedRun], parameter: str, name: str) -> list[Result]:
    found = []
    for run in runs:
        mean = _finite(run.columns.get(name))
        if mean is not None:
            half = _finite(run.columns.get(name + HALF_WIDTH)) or 0.0
            found.append(Result(float(run.planned.parameters[parameter]), mean, half))
    return found


def _finite(value: Any) -> float | None:
    """The number, if it is one that can be drawn."""
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if numeric and math.isfinite(value) else None


def _is_numeric(values: Sequence[Any]) -> bool:
    return all(_finite(value) is not None for value in values)


def _ends(results: Sequence[Result]) -> str:
    """How the result moves from the smallest value of the parameter to the largest."""
    low, high = min(r.x for r in results), max(r.x for r in results)
    first, last = (number(median(r.mean for r in results if r.x == x)) for x in (low, high))
    return f"{first} at {low:g}, {last} at {high:g}"


def _ranges(panels: Mapping[str, Sequence[Run]]) -> str:
    """Where each learner ends, from its lowest panel to its highest."""
    said = []
    for name in dict.fromkeys(name for runs in panels.values() for run in runs for name in run):
        means = [
            median_curve([run[name] for run in runs if name in run]) for runs in panels.values()
        ]
        last = sorted(mean[-1] for mean in means if mean)
        said.append(f"{label_of(name)} ends at {number(last[0])} to {number(last[-1])}")
    return "; ".join(said) + "."


def _left_out(points: int) -> list[str]:
    if not points:
        return []
    far_above = "that is far above the others is" if points == 1 else "far above the others are"
    return [f"{counted(points, 'point')} {far_above} left out."]


def _rising(curves: int) -> list[str]:
    if not curves:
        return []
    return [f"{counted(curves, 'curve')} {'rises' if curves == 1 else 'rise'} out of the picture."]


def _picture(figure: Figure, alt: str, caption: str) -> str:
    data, metadata = png_bundle(figure, alt)
    size = metadata["image/png"]
    return (
        f'<figure><div class="wide" role="region" tabindex="0" aria-label="picture">'
        f'<img src="data:image/png;base64,{data["image/png"]}" alt="{escape(alt)}" '
        f'width="{size["width"]}" height="{size["height"]}"></div>\n'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
