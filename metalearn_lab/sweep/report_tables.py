"""The tables of a sweep's report, as HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from metalearn_lab.figures.style import label_of
from metalearn_lab.figures.sweep_curves import Curve, Run, median_curve
from metalearn_lab.sweep.finished_sweep import ChapterRuns, EndedRun
from metalearn_lab.workbook.headline import HALF_WIDTH


def failures_table(chapters: Iterable[ChapterRuns]) -> str:
    """Each failed run with its error and what there is of its notebook."""
    rows = [
        [_links(run), _words(chapter, run), escape(run.record.error or "")]
        for chapter in chapters
        for run in chapter.ended
        if run.record.status != "ok"
    ]
    caption = "The runs that failed; a notebook shows how far it came"
    return _table("Failures", caption, ["Run", "Which", "Error"], rows)


def results_table(chapter: ChapterRuns) -> str:
    """The runs that did not fail: varied parameters, then headline values with half-widths."""
    names = chapter.results
    rows = [
        [
            _links(run),
            *(_text(run.planned.parameters[name]) for name in chapter.varied),
            *(escape(with_interval(run.columns, name)) for name in names),
        ]
        for run in chapter.good
    ]
    caption = "Headline results; ± is the half-width of a 95 % interval over tasks"
    return _table(
        f"Results of chapter {chapter.title}", caption, ["Run", *chapter.varied, *names], rows
    )


def panels_table(panels: Mapping[str, Sequence[Run]], label: str) -> str:
    """Where the curves of each panel start, what one step does, and where they end."""
    rows = [
        [escape(title), escape(label_of(name)), str(len(curves)), *_steps(curves)]
        for title, runs in panels.items()
        for name in dict.fromkeys(name for run in runs for name in run)
        if (curves := [run[name] for run in runs if name in run])
    ]
    columns = ["Panel", "Learner", "Runs", "Before adapting", "After one step", "After the last"]
    caption = "The same curves in numbers; of several runs, the median"
    return _table(label, caption, columns, rows)


def with_interval(columns: Mapping[str, Any], name: str) -> str:
    """A headline value for a reader, with its half-width if it has one."""
    if name not in columns:
        return ""
    said = number(columns[name])
    half = columns.get(name + HALF_WIDTH)
    if half is None:
        return said
    return f"{said} ± {number(half, digits=2)}" if str(half) != "nan" else f"{said}, no interval"


def number(value: Any, digits: int = 4) -> str:
    """A number short enough for a table; anything else as it is."""
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    return str(value)


def _steps(curves: Sequence[Curve]) -> list[str]:
    middle = median_curve(curves)
    half = curves[0].half_width if len(curves) == 1 else None
    return [_at(middle, half, step) for step in (0, 1, len(middle) - 1)]


def _at(mean: Sequence[float], half: Sequence[float] | None, step: int) -> str:
    if step >= len(mean):
        return ""
    width = "" if half is None or math.isnan(half[step]) else f" ± {number(half[step], digits=2)}"
    return number(mean[step]) + width


def _words(chapter: ChapterRuns, run: EndedRun) -> str:
    said = [f"{name} = {run.planned.parameters[name]}" for name in chapter.varied]
    return escape(": ".join([chapter.title, ", ".join(said)]) if said else chapter.title)


def _text(value: Any) -> str:
    return escape(str(value))


def _links(run: EndedRun) -> str:
    """The run's key, with links to its page and notebook."""
    key = escape(run.record.key)
    kinds = {"html": "page", "ipynb": "notebook"}
    links = [
        f'<a href="{escape(link)}" aria-label="{kind} of run {key}">{kind}</a>'
        for link in run.links
        if (kind := kinds.get(link.rpartition(".")[2]))
    ]
    return " ".join([f"<code>{key}</code>", *(links or ["no notebook"])])


def _table(label: str, caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that scrolls by itself; cells are HTML, column names are text."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "\n".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    return f"""<div class="wide" role="region" tabindex="0" aria-label="{escape(label)}">
<table>
<caption>{escape(caption)}</caption>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>
</div>"""
