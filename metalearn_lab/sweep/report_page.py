"""The page of a run or a sweep: what failed, which facts are False, results, curves, links."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from metalearn_lab.sweep.counted import counted
from metalearn_lab.sweep.curves import CurveGroup, curve_groups, panels_of
from metalearn_lab.sweep.finished_sweep import ChapterRuns, FinishedSweep
from metalearn_lab.sweep.over_seeds import over_seeds
from metalearn_lab.sweep.report_pictures import curves_picture, values_pictures
from metalearn_lab.sweep.report_tables import (
    failures_table,
    false_facts_table,
    panels_table,
    results_table,
    runs_table,
    seeds_table,
)
from metalearn_lab.workbook.record import Record


def sweep_page(sweep: FinishedSweep) -> str:
    """The whole page; pictures, styles and scripts are inside it, notebooks are linked."""
    pages = Environment(
        loader=PackageLoader("metalearn_lab.sweep", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    pages.filters["order"] = _order
    records = [run.record for run in sweep.ended]
    return pages.get_template("report.html").render(
        summary=summary(sweep),
        tiles=_tiles(sweep),
        waiting=counted(len(sweep.planned) - len(sweep.ended), "run"),
        unfinished=len(sweep.planned) > len(sweep.ended),
        failures=failures_table(sweep.chapters),
        false_facts=false_facts_table(sweep.chapters),
        runs=runs_table(sweep),
        chapters=[_chapter(chapter) for chapter in sweep.chapters if chapter.good],
        data_tables=_data_tables(),
        computed_with=list(_computed_with(records)),
    )


def summary(sweep: FinishedSweep) -> str:
    """How much of it is there, in one sentence."""
    ended = f"{len(sweep.ended)} of {counted(len(sweep.planned), 'run')} ended"
    false = sum(len(run.record.false_facts) for run in sweep.ended)
    facts = f" {counted(false, 'fact')} False." if false else ""
    return f"{ended}, {len(sweep.failed) or 'none'} of them failed.{facts}"


def _tiles(sweep: FinishedSweep) -> list[tuple[str, str, bool]]:
    """What matters most, each with its name, its number, and whether it is bad news."""
    false = sum(len(run.record.false_facts) for run in sweep.ended)
    facts = sum(len(run.record.facts) for run in sweep.ended)
    minutes = sum(run.record.seconds for run in sweep.ended) / 60
    return [
        ("runs ended", f"{len(sweep.ended)} of {len(sweep.planned)}", False),
        ("failed", str(len(sweep.failed)), bool(sweep.failed)),
        ("facts False", f"{false} of {facts}", bool(false)),
        ("minutes computed", f"{minutes:.1f}", False),
    ]


def _chapter(chapter: ChapterRuns) -> dict[str, Any]:
    groups = curve_groups(chapter)
    return {
        "name": chapter.name,
        "title": chapter.title,
        "fixed": ", ".join(f"{name} = {v}" for name, v in chapter.fixed.items()),
        "pictures": [Markup(picture) for picture in values_pictures(chapter)],
        "curves": [_curves(chapter, group, several=len(groups) > 1) for group in groups],
        "results": results_table(chapter),
        "seeds": seeds_table(chapter) if over_seeds(chapter) else None,
    }


def _curves(chapter: ChapterRuns, group: CurveGroup, *, several: bool) -> dict[str, Any]:
    panels = panels_of(chapter, group)
    which = f" ({group.kind}, headline {group.place})" if several else ""
    heading = f"Adaptation curves{which}"
    return {
        "heading": heading,
        "picture": Markup(curves_picture(panels, group)),
        "table": panels_table(panels, f"{heading} of chapter {chapter.title} in numbers"),
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


def _computed_with(records: Sequence[Record]) -> Iterator[str]:
    """The devices and versions behind the records, each said once; some never ran."""
    lines = {
        f"{record.device}; "
        + ", ".join(f"{name} {version}" for name, version in record.versions.items())
        for record in records
        if record.versions
    }
    yield from sorted(lines)
