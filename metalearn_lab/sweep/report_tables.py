"""The tables of a report, and that of the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from metalearn_lab.figures.style import label_of
from metalearn_lab.figures.sweep_curves import Curve, Run, median_curve
from metalearn_lab.sweep.finished_sweep import ChapterRuns, EndedRun, FinishedSweep
from metalearn_lab.sweep.over_seeds import Setting, over_seeds
from metalearn_lab.workbook.failure import one_line
from metalearn_lab.workbook.headline import HALF_WIDTH
from metalearn_lab.workbook.record import Record


class PageTable(NamedTuple):
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
    header_row = ("chapter", "seconds", "status", "headline")
    rows = [
        (r.chapter, f"{r.seconds:.1f}", r.status, r.error or " ".join(headline_texts(r)))
        for r in records
    ]
    columns = zip(header_row, *rows, strict=True)
    chapter_width, seconds_width, status_width, _ = (
        max(len(cell) for cell in column) for column in columns
    )
    return "\n".join(
        f"{row[0]:{chapter_width}}  {row[1]:{seconds_width}}  {row[2]:{status_width}}  {row[3]}"
        for row in (header_row, *rows)
    )


def headline_texts(record: Record) -> list[str]:
    """The headline results of a run, one a line; what is no number among them is said."""
    lines = [one_line(headline["text"]) for headline in record.headlines]
    if record.not_finite:
        lines.append(f"Not finite: {', '.join(record.not_finite)}.")
    return lines


def failures_table(chapters: Iterable[ChapterRuns]) -> PageTable:
    """Each failed run with its error and what there is of its notebook."""
    return PageTable(
        label="Failures",
        caption="The runs that failed; a notebook shows how far it came",
        columns=["Chapter", "Run", "Error"],
        rows=[
            [chapter.title, _run_cell(chapter, run), run.record.error or ""]
            for chapter in chapters
            for run in chapter.ended
            if run.record.failed
        ],
    )


def false_facts_table(chapters: Iterable[ChapterRuns]) -> PageTable:
    """Each fact that does not hold, with its number."""
    return PageTable(
        label="False facts",
        caption="A False proof is a fault. A False finding may be chance: look at other seeds.",
        columns=["Chapter", "Run", "Kind", "Claim", "Measured, and its bounds"],
        rows=[
            [chapter.title, _run_cell(chapter, run), fact["kind"], fact["claim"], fact["shown"]]
            for chapter in chapters
            for run in chapter.ended
            for fact in run.record.false_facts
        ],
    )


def runs_table(sweep: FinishedSweep) -> PageTable:
    """Every run that has ended, one a line."""
    return PageTable(
        label="Runs",
        caption="Every run. Facts: how many hold, of how many",
        columns=["Chapter", "Run", "Status", "Seconds", "Facts", "Headline results"],
        rows=[
            [
                chapter.title,
                _run_cell(chapter, run),
                run.record.status,
                f"{run.record.seconds:.1f}",
                _facts_text(run.record),
                " ".join(headline_texts(run.record)),
            ]
            for chapter in sweep.chapters
            for run in chapter.ended
        ],
    )


def results_table(chapter: ChapterRuns) -> PageTable:
    """The runs that did not fail: varied parameters, then headline values with half-widths."""
    return PageTable(
        label=f"Results of chapter {chapter.title}",
        caption="Headline results; ± is the half-width of a 95 % interval over tasks",
        columns=["Run", *chapter.varied, *chapter.results],
        rows=[
            [
                _run_cell(chapter, run),
                *(str(run.planned.parameters[name]) for name in chapter.varied),
                *(_with_interval(run.columns, name) for name in chapter.results),
            ]
            for run in chapter.good
        ],
    )


def seeds_table(chapter: ChapterRuns) -> PageTable:
    """Means over the seeds of each setting, with their own intervals."""
    settings = over_seeds(chapter)
    names = list(dict.fromkeys(name for setting in settings for name in setting.means))
    return PageTable(
        label=f"Chapter {chapter.title} over seeds",
        caption="Means over seeds; ± is the half-width of a 95 % interval over seeds. Runs far "
        "above the others, or not finite, are left out and counted",
        columns=["Setting", "Seeds", *names],
        rows=[
            [
                setting.words or "all runs",
                str(setting.seed_count),
                *(_seed_mean(setting, name) for name in names),
            ]
            for setting in settings
        ],
    )


def _seed_mean(setting: Setting, name: str) -> str:
    if name not in setting.means:
        return ""
    mean, half_width, left_out = setting.means[name]
    counted_out = f" ({left_out} of {setting.seed_count} left out)" if left_out else ""
    return _mean_text(mean, half_width) + counted_out


def panels_table(panels: Mapping[str, Sequence[Run]], label: str) -> PageTable:
    """Where the curves of each panel start, what one step does, and where they end."""
    return PageTable(
        label=label,
        caption="The same curves in numbers; of several runs, the median",
        columns=["Panel", "Learner", "Runs", "Before adapting", "After one step", "After the last"],
        rows=[
            [title, label_of(name), str(len(curves)), *_step_texts(curves)]
            for title, runs in panels.items()
            for name in dict.fromkeys(name for run in runs for name in run)
            if (curves := [run[name] for run in runs if name in run])
        ],
    )


def _with_interval(columns: Mapping[str, Any], name: str) -> str:
    """A headline value for a reader, with its half-width if it has one."""
    if name not in columns:
        return ""
    half_width = columns.get(name + HALF_WIDTH)
    return (
        number_text(columns[name]) if half_width is None else _mean_text(columns[name], half_width)
    )


def _mean_text(mean: Any, half_width: Any) -> str:
    """A mean to the second digit of its half-width."""
    if str(half_width) == "nan" or not math.isfinite(float(mean)):
        return f"{number_text(mean)}, no interval"
    decimals = 1 - math.floor(math.log10(half_width)) if 0 < half_width < math.inf else -1
    if 0 <= decimals <= 6:
        return f"{mean:.{decimals}f} ± {half_width:.{decimals}f}"
    return f"{number_text(mean)} ± {half_width:.2g}"


def number_text(value: Any, digits: int = 4) -> str:
    """A number short enough for a table; anything else as it is."""
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def _facts_text(record: Record) -> str:
    holding = sum(fact["holds"] for fact in record.facts)
    return f"{holding} of {len(record.facts)}" if record.facts else ""


def _step_texts(curves: Sequence[Curve]) -> Iterator[str]:
    means = median_curve(curves)
    half_width = curves[0].half_width if len(curves) == 1 else [math.nan] * len(means)
    for step in (0, 1, len(means) - 1):
        if step >= len(means):
            yield ""
        elif math.isnan(half_width[step]):
            yield number_text(means[step])
        else:
            yield _mean_text(means[step], half_width[step])


def _run_cell(chapter: ChapterRuns, run: EndedRun) -> Markup:
    """Which run it is, with links to its page and notebook."""
    setting = ", ".join(f"{name} = {run.planned.parameters[name]}" for name in chapter.varied)
    kinds = {"html": "page", "ipynb": "notebook"}
    link = Markup('<a href="runs/{0}/{1}" aria-label="{2} of run {3}">{2}</a>')
    links: list[str] = [
        link.format(run.planned.name, file, kind, run.record.key)
        for file in run.record.files
        if (kind := kinds.get(file.rpartition(".")[2]))
    ]
    return Markup(" ").join([setting or chapter.title, *(links or ["(no notebook)"])])
