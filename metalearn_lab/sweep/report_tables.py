"""The tables of a report, and that of the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from metalearn_lab.figures.style import label_of
from metalearn_lab.figures.sweep_curves import Curve, Run, median_curve
from metalearn_lab.sweep.finished_sweep import ChapterRuns, EndedRun, FinishedSweep
from metalearn_lab.sweep.over_seeds import over_seeds
from metalearn_lab.workbook.failure import one_line
from metalearn_lab.workbook.headline import HALF_WIDTH
from metalearn_lab.workbook.record import Record


class Table(NamedTuple):
    """A table of a page; what is no markup in it is text.

    Attributes:
        label: its name, for those who cannot see it.
        caption: what to read it by.
        columns: their headings.
        rows: the first cell of each is its heading.
    """

    label: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def text_table(records: Sequence[Record]) -> str:
    """The chapters of a run for a terminal, columns aligned: what each took, and what it found."""
    lines = [["chapter", "seconds", "status", "headline"]]
    for record in records:
        line = record.error or " ".join(headline_texts(record))
        lines.append([record.chapter, f"{record.seconds:.1f}", record.status, line])
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[3]]
        )
        for line in lines
    )


def headline_texts(record: Record) -> list[str]:
    """The headline results of a run, one a line; what is no number among them is said."""
    lines = [one_line(headline["text"]) for headline in record.headlines]
    if record.not_finite:
        lines.append(f"Not finite: {', '.join(record.not_finite)}.")
    return lines


def failures_table(chapters: Iterable[ChapterRuns]) -> Table:
    """Each failed run with its error and what there is of its notebook."""
    rows = [
        [chapter.title, _run(chapter, run), run.record.error or ""]
        for chapter in chapters
        for run in chapter.ended
        if run.record.failed
    ]
    caption = "The runs that failed; a notebook shows how far it came"
    return Table("Failures", caption, ["Chapter", "Run", "Error"], rows)


def false_facts_table(chapters: Iterable[ChapterRuns]) -> Table:
    """Each fact that does not hold, with its number."""
    rows = [
        [chapter.title, _run(chapter, run), fact["kind"], fact["claim"], fact["shown"]]
        for chapter in chapters
        for run in chapter.ended
        for fact in run.record.false_facts
    ]
    caption = "A proof holds always: here is a fault. A finding may turn round with the seed."
    columns = ["Chapter", "Run", "Kind", "Claim", "Its number, and bounds"]
    return Table("False facts", caption, columns, rows)


def runs_table(sweep: FinishedSweep) -> Table:
    """Every run that has ended, one a line."""
    rows = [
        [
            chapter.title,
            _run(chapter, run),
            run.record.status,
            f"{run.record.seconds:.1f}",
            _facts(run.record),
            " ".join(headline_texts(run.record)),
        ]
        for chapter in sweep.chapters
        for run in chapter.ended
    ]
    caption = "Every run. Facts: how many hold, of how many"
    columns = ["Chapter", "Run", "Status", "Seconds", "Facts", "Headline results"]
    return Table("Runs", caption, columns, rows)


def results_table(chapter: ChapterRuns) -> Table:
    """The runs that did not fail: varied parameters, then headline values with half-widths."""
    names = chapter.results
    rows = [
        [
            _run(chapter, run),
            *(str(run.planned.parameters[name]) for name in chapter.varied),
            *(with_interval(run.columns, name) for name in names),
        ]
        for run in chapter.good
    ]
    caption = "Headline results; ± is the half-width of a 95 % interval over tasks"
    columns = ["Run", *chapter.varied, *names]
    return Table(f"Results of chapter {chapter.title}", caption, columns, rows)


def seeds_table(chapter: ChapterRuns) -> Table:
    """Means over the seeds of each setting, with their own intervals."""
    settings = over_seeds(chapter)
    names = list(dict.fromkeys(name for setting in settings for name in setting.means))
    rows = [
        [
            setting.words or "all runs",
            str(setting.seeds),
            *(_mean(*setting.means[name]) if name in setting.means else "" for name in names),
        ]
        for setting in settings
    ]
    caption = "Means over seeds; ± is the half-width of a 95 % interval over seeds"
    columns = ["Setting", "Seeds", *names]
    return Table(f"Chapter {chapter.title} over seeds", caption, columns, rows)


def panels_table(panels: Mapping[str, Sequence[Run]], label: str) -> Table:
    """Where the curves of each panel start, what one step does, and where they end."""
    rows = [
        [title, label_of(name), str(len(curves)), *_steps(curves)]
        for title, runs in panels.items()
        for name in dict.fromkeys(name for run in runs for name in run)
        if (curves := [run[name] for run in runs if name in run])
    ]
    columns = ["Panel", "Learner", "Runs", "Before adapting", "After one step", "After the last"]
    return Table(label, "The same curves in numbers; of several runs, the median", columns, rows)


def with_interval(columns: Mapping[str, Any], name: str) -> str:
    """A headline value for a reader, with its half-width if it has one."""
    if name not in columns:
        return ""
    half = columns.get(name + HALF_WIDTH)
    return number(columns[name]) if half is None else _mean(columns[name], half)


def _mean(mean: Any, half: Any) -> str:
    return f"{number(mean)}, no interval" if str(half) == "nan" else f"{number(mean)} ± {half:.2g}"


def number(value: Any, digits: int = 4) -> str:
    """A number short enough for a table; anything else as it is."""
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def _facts(record: Record) -> str:
    holding = sum(fact["holds"] for fact in record.facts)
    return f"{holding} of {len(record.facts)}" if record.facts else ""


def _steps(curves: Sequence[Curve]) -> Iterator[str]:
    middle = median_curve(curves)
    half = curves[0].half_width if len(curves) == 1 else None
    for step in (0, 1, len(middle) - 1):
        if step >= len(middle):
            yield ""
        elif half is None or math.isnan(half[step]):
            yield number(middle[step])
        else:
            yield _mean(middle[step], half[step])


def _run(chapter: ChapterRuns, run: EndedRun) -> Markup:
    """Which run it is, with links to its page and notebook."""
    setting = ", ".join(f"{name} = {run.planned.parameters[name]}" for name in chapter.varied)
    kinds = {"html": "page", "ipynb": "notebook"}
    anchors = [
        Markup('<a href="{}" aria-label="{} of run {}">{}</a>').format(
            link, kind, run.record.key, kind
        )
        for link in run.links
        if (kind := kinds.get(link.rpartition(".")[2]))
    ]
    parts = [Markup("{}").format(setting or chapter.title), *anchors]
    return Markup(" ").join(parts if anchors else [*parts, Markup("(no notebook)")])
