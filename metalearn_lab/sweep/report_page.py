"""The page of a sweep: what failed, results against parameters, curves, and links to all runs."""

from __future__ import annotations

from html import escape

from metalearn_lab.sweep.counted import counted
from metalearn_lab.sweep.curves import CurveGroup, curve_groups, panels_of
from metalearn_lab.sweep.finished_sweep import ChapterRuns, FinishedSweep
from metalearn_lab.sweep.report_pictures import curves_picture, values_pictures
from metalearn_lab.sweep.report_tables import failures_table, panels_table, results_table
from metalearn_lab.workbook.html import STYLE, computed_with

WIDE = """
body { max-width: 72rem; } .wide { overflow-x: auto; } figure { margin: 1rem 0; }
tbody th { font-weight: normal; } td { font-variant-numeric: tabular-nums; }
td:last-child { overflow-wrap: anywhere; } .warning { border-left: .3rem solid; padding: .5rem; }
"""


def sweep_page(sweep: FinishedSweep) -> str:
    """The whole page; pictures are inside it, notebooks are linked."""
    records = [run.record for run in sweep.ended]
    parts = [
        _state(sweep),
        *_failures(sweep),
        *(_chapter(chapter) for chapter in sweep.chapters if chapter.good),
        f"<h2>Computed with</h2>\n{computed_with(records)}",
        '<p>The same as data: <a href="results.csv">results.csv</a>, '
        '<a href="curves.csv">curves.csv</a>, and one record a run in <code>runs/</code></p>',
    ]
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The meta-learning lab: a sweep</title>
<style>{STYLE}{WIDE}</style>
</head>
<body>
<main>
<h1>The meta-learning lab: a sweep</h1>
{chr(10).join(parts)}
</main>
</body>
</html>
"""


def summary(sweep: FinishedSweep) -> str:
    """How much of the sweep is there, in one sentence."""
    said = f"{len(sweep.ended)} of {counted(len(sweep.planned), 'run')} ended"
    return f"{said}, {len(sweep.failed) or 'none'} of them failed."


def _state(sweep: FinishedSweep) -> str:
    said = f"<p>{summary(sweep)}</p>"
    waiting = len(sweep.planned) - len(sweep.ended)
    if not waiting:
        return said
    return (
        f'<p class="warning"><strong>This sweep is unfinished</strong>: {summary(sweep)} '
        f"{counted(waiting, 'run')} still to come; the command that began it goes on with them.</p>"
    )


def _failures(sweep: FinishedSweep) -> list[str]:
    if not sweep.failed:
        return []
    return [f"<h2>Failures</h2>\n{failures_table(sweep.chapters)}"]


def _chapter(chapter: ChapterRuns) -> str:
    groups = curve_groups(chapter)
    parts = [f"<h2>{escape(chapter.title)}</h2>", *_fixed(chapter)]
    if pictures := values_pictures(chapter):
        parts += ["<h3>Results against parameters</h3>", *pictures]
    parts += [_curves(chapter, group, several=len(groups) > 1) for group in groups]
    parts += ["<h3>All results</h3>", results_table(chapter)]
    return "\n".join(parts)


def _fixed(chapter: ChapterRuns) -> list[str]:
    if not chapter.fixed:
        return []
    said = ", ".join(f"{name} = {value}" for name, value in chapter.fixed.items())
    return [f"<p>The same in every run: {escape(said)}</p>"]


def _curves(chapter: ChapterRuns, group: CurveGroup, *, several: bool) -> str:
    panels = panels_of(chapter, group)
    which = f" ({group.kind}, headline {group.place})" if several else ""
    heading = f"Adaptation curves{which}"
    table = panels_table(panels, f"{heading} of chapter {chapter.title} in numbers")
    return (
        f"<h3>{escape(heading)}</h3>\n{curves_picture(panels, group)}\n"
        f"<details><summary>The same in numbers</summary>\n{table}\n</details>"
    )
