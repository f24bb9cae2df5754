"""The report of a run or a sweep, finished or not: a page, and tables for pandas.

The page says what failed, which facts are False, results and curves, with links to the runs.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from metalearn_lab.atomic_file import write_text
from metalearn_lab.sweep import over_seeds, report_tables
from metalearn_lab.sweep.counted import counted
from metalearn_lab.sweep.curves import CurveGroup, curve_groups, curves_csv, panels_of
from metalearn_lab.sweep.finished_sweep import ChapterRuns, FinishedSweep, read_sweep
from metalearn_lab.sweep.report_pictures import curves_picture, values_pictures
from metalearn_lab.workbook.record import Record


def write_report(folder: Path) -> str:
    """Write the page and the curves from the records in a sweep's folder.

    Args:
        folder: of the sweep; it may still be running.

    Returns:
        How much of the sweep is there, in one sentence.

    Raises:
        WorkbookError: the folder is not that of a sweep, or a file in it is damaged.
        OSError: it cannot be written.
    """
    sweep = read_sweep(folder)
    write_text(folder / "curves.csv", curves_csv(sweep))
    write_text(folder / "over_seeds.csv", over_seeds.seeds_csv(sweep))
    write_text(folder / "index.html", _page(sweep))
    return _summary(sweep)


def _page(sweep: FinishedSweep) -> str:
    """The whole page; pictures, styles and scripts are inside it, notebooks are linked."""
    pages = Environment(
        loader=PackageLoader("metalearn_lab.sweep", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    pages.filters["order"] = _order
    return pages.get_template("report.html").render(
        heading=_heading(sweep),
        begun=_begun([run.record for run in sweep.ended]),
        summary=_summary(sweep),
        tiles=_tiles(sweep),
        waiting=counted(len(sweep.planned) - len(sweep.ended), "run"),
        unfinished=len(sweep.planned) > len(sweep.ended),
        failures=report_tables.failures_table(sweep.chapters),
        false_facts=report_tables.false_facts_table(sweep.chapters),
        runs=report_tables.runs_table(sweep),
        chapters=[_chapter(chapter) for chapter in sweep.chapters if chapter.good],
        data_tables=_data_tables(),
        computed_with=_computed_with([run.record for run in sweep.ended]),
    )


def _summary(sweep: FinishedSweep) -> str:
    """How much of it is there, in one sentence."""
    ended = f"{len(sweep.ended)} of {counted(len(sweep.planned), 'run')} ended"
    false = sum(len(run.record.false_facts) for run in sweep.ended)
    facts = f" {counted(false, 'fact')} False." if false else ""
    return f"{ended}, {len(sweep.failed) or 'none'} of them failed.{facts}"


def _heading(sweep: FinishedSweep) -> str:
    """Which chapters, and over which parameters."""
    titles = [chapter.title for chapter in sweep.chapters]
    what = ", ".join(titles) if len(titles) < 3 else counted(len(titles), "chapter")
    varied = list(dict.fromkeys(name for chapter in sweep.chapters for name in chapter.varied))
    return f"{what} over {', '.join(varied)}" if varied else what


def _begun(records: Sequence[Record]) -> str:
    """When the first run began, and by which code; of records that ran."""
    ran = [record for record in records if record.started]
    codes = ", ".join(sorted({record.code for record in ran if record.code}))
    by = f", code {codes}" if codes else ""
    return f"Begun {min(record.started for record in ran)}{by}" if ran else ""


def _tiles(sweep: FinishedSweep) -> list[tuple[str, str, bool]]:
    """What matters most, each with its name, its number, and whether it is bad news."""
    records = [run.record for run in sweep.ended]
    false = sum(len(record.false_facts) for record in records)
    facts = sum(len(record.facts) for record in records)
    return [
        ("runs ended", f"{len(records)} of {len(sweep.planned)}", False),
        ("failed", str(len(sweep.failed)), bool(sweep.failed)),
        ("facts False", f"{false} of {facts}", bool(false)),
        ("minutes computed", f"{sum(record.seconds for record in records) / 60:.1f}", False),
    ]


def _chapter(chapter: ChapterRuns) -> dict[str, Any]:
    groups = curve_groups(chapter)
    return {
        "name": chapter.name,
        "title": chapter.title,
        "fixed": ", ".join(f"{name} = {v}" for name, v in chapter.fixed.items()),
        "pictures": [Markup(picture) for picture in values_pictures(chapter)],
        "curves": [_curves(chapter, group, several=len(groups) > 1) for group in groups],
        "results": report_tables.results_table(chapter),
        "seeds": report_tables.seeds_table(chapter) if over_seeds.over_seeds(chapter) else None,
    }


def _curves(chapter: ChapterRuns, group: CurveGroup, *, several: bool) -> dict[str, Any]:
    panels = panels_of(chapter, group)
    heading = "Adaptation curves"
    if several:
        heading += f" ({group.kind}, headline {group.headline_number})"
    return {
        "heading": heading,
        "picture": Markup(curves_picture(panels, group)),
        "table": report_tables.panels_table(
            panels, f"{heading} of chapter {chapter.title} in numbers"
        ),
    }


def _order(cell: str) -> str:
    """What a cell is sorted by: the number that it begins with, or its text."""
    number = re.match(r"-?\d[\d.]*(e[-+]?\d+)?", cell)
    return number[0] if number else cell


def _data_tables() -> dict[str, str]:
    """The style and the script that let tables sort and filter, to stand in the page."""
    folder = files("itables") / "html"
    script = b64encode((folder / "dt_bundle.js").read_bytes()).decode()
    return {
        "style": Markup((folder / "dt_bundle.css").read_text(encoding="utf-8")),
        "script": Markup(f"data:text/javascript;base64,{script}"),
    }


def _computed_with(records: Sequence[Record]) -> list[str]:
    """The devices and versions behind the records, each said once; some never ran."""
    lines = {
        f"{record.device}; "
        + ", ".join(f"{name} {version}" for name, version in record.versions.items())
        for record in records
        if record.versions
    }
    return sorted(lines)
