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
from metalearn_lab.figures.sweep_values import (
    MOST_BARS,
    Result,
    far_results,
    sweep_values_figure,
)
from metalearn_lab.sweep.counted import counted
from metalearn_lab.sweep.curves import CurveGroup
from metalearn_lab.sweep.finished_sweep import ChapterRuns, EndedRun
from metalearn_lab.sweep.points import SEED
from metalearn_lab.sweep.report_tables import number_text
from metalearn_lab.workbook.headline import HALF_WIDTH
from metalearn_lab.workbook.json_numbers import NOT_FINITE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def curves_picture(panels: Mapping[str, Sequence[Run]], group: CurveGroup) -> str:
    """Small multiples of adaptation curves, with what to read them by."""
    scale = scale_of(panels, group.kind)
    figure = sweep_curves_figure(panels, scale, f"query {group.kind}")
    alt = f"Query {group.kind} against inner step in {counted(len(panels), 'panel')}. "
    caption = "One run a panel, with its 95 % interval over tasks."
    if any(len(runs) > 1 for runs in panels.values()):
        caption = "Thin: each run. Thick: the median of the panel's runs."
    rising = _note(scale.beyond, "curve", "rises out of the picture", "rise out of the picture")
    return _picture(figure, alt + _ranges_text(panels), caption + rising)


def values_pictures(chapter: ChapterRuns) -> list[str]:
    """One picture for each numeric parameter that varies: headline results against it."""
    numeric = [
        name
        for name in chapter.varied
        if all(_finite_number(value) is not None for value in chapter.values_of(name))
    ]
    settings = [name for name in numeric if name != SEED]
    pictures = (_values_picture(chapter, name) for name in settings or numeric)
    return [picture for picture in pictures if picture]


def _values_picture(chapter: ChapterRuns, parameter: str) -> str:
    """Empty if no result varies."""
    results = {name: _results_of_runs(chapter.good, parameter, name) for name in chapter.results}
    drawn = {name: points for name, points in results.items() if len({p.mean for p in points}) > 1}
    if not drawn:
        return ""
    ends = [f"{name}: {_ends_text(points)}." for name, points in drawn.items()]
    alt = " ".join([f"Headline results against {parameter}.", *ends])
    is_over_seeds = SEED in chapter.varied and set(chapter.varied) <= {parameter, SEED}
    line_words = "means, with their 95 % intervals over seeds," if is_over_seeds else "medians"
    most_runs = max(len(points) for points in drawn.values())
    intervals = (
        " with its 95 % interval" if most_runs <= MOST_BARS else "; its interval is in the table"
    )
    far_count = sum(len(far_results(points)) for points in drawn.values())
    not_finite_count = sum(
        str(run.columns.get(name)) in NOT_FINITE for run in chapter.good for name in drawn
    )
    caption = (
        f"One point a run{intervals}. The line joins the {line_words} of the runs of one value."
        + _note(
            far_count,
            "point",
            "that is far above the others is left out",
            "far above the others are left out",
        )
        + _note(not_finite_count, "result", "not finite", "not finite")
    )
    return _picture(
        sweep_values_figure(parameter, drawn, is_over_seeds=is_over_seeds), alt, caption
    )


def _results_of_runs(runs: Sequence[EndedRun], parameter: str, name: str) -> list[Result]:
    return [
        Result(
            float(run.planned.parameters[parameter]),
            mean,
            _finite_number(run.columns.get(name + HALF_WIDTH)) or 0.0,
        )
        for run in runs
        if (mean := _finite_number(run.columns.get(name))) is not None
    ]


def _finite_number(value: Any) -> float | None:
    """The number, if it is one that can be drawn."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def _ends_text(results: Sequence[Result]) -> str:
    """How the result moves from the smallest value of the parameter to the largest."""
    low, high = min(r.x for r in results), max(r.x for r in results)
    first, last = (number_text(median(r.mean for r in results if r.x == x)) for x in (low, high))
    return f"{first} at {low:g}, {last} at {high:g}"


def _ranges_text(panels: Mapping[str, Sequence[Run]]) -> str:
    """Where each learner ends, from its lowest panel to its highest."""
    sentences = []
    for name in dict.fromkeys(name for runs in panels.values() for run in runs for name in run):
        means = [
            median_curve([run[name] for run in runs if name in run]) for runs in panels.values()
        ]
        last = sorted(mean[-1] for mean in means if mean)
        sentences.append(
            f"{label_of(name)} ends at {number_text(last[0])} to {number_text(last[-1])}"
        )
    return "; ".join(sentences) + "."


def _note(count: int, noun: str, of_one: str, of_many: str) -> str:
    """A sentence behind a caption about a number of things; empty if there are none."""
    return f" {counted(count, noun)} {of_one if count == 1 else of_many}." if count else ""


def _picture(figure: Figure, alt: str, caption: str) -> str:
    data, metadata = png_bundle(figure, alt)
    size = metadata["image/png"]
    return (
        f'<figure><div class="wide" role="region" tabindex="0" aria-label="picture">'
        f'<img src="data:image/png;base64,{data["image/png"]}" alt="{escape(alt)}" '
        f'width="{size["width"]}" height="{size["height"]}"></div>\n'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
