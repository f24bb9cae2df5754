"""``python -m benchmarks.explorers [CHAPTER ...]``: the named chapters, or all."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import pandas as pd
import typer
from nbformat import v4

from benchmarks.explorers.moves import CANVAS
from benchmarks.explorers.presses import frames_per_second, milliseconds_of
from benchmarks.explorers.table import TABLE, replace_rows, row, too_slow
from metalearn_lab.workbook.chapters import CHAPTERS, select
from tests.browser.chapter import OpenChapter, open_chapter
from tests.browser.driver import Lab, start_lab
from tests.browser.explorer import ExplorerOnPage

ROOT = Path(__file__).resolve().parents[2]
BEFORE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from benchmarks.explorers.moves import keep_what_is_shown
keep_what_is_shown()
"""
AFTER = """
import json
from benchmarks.explorers.moves import milliseconds_of_all
print(json.dumps(milliseconds_of_all()))
"""


def main(
    chapters: Annotated[list[str] | None, typer.Argument(help="by number or name")] = None,
) -> None:
    """Move every control of every explorer, in the kernel and by key, and write results.csv."""
    rows: list[dict[str, object]] = []
    with start_lab() as lab:
        for chapter in select(chapters or [], CHAPTERS):
            found = measured(lab, chapter.name)
            typer.echo(f"\n{chapter.name}\n{as_text(found)}")
            replace_rows(found)
            rows += found
    typer.echo(f"\nwritten to {TABLE}")
    if late := too_slow(rows):
        typer.echo("over target:\n  " + "\n  ".join(late), err=True)
        raise typer.Exit(1)


def measured(lab: Lab, name: str) -> list[dict[str, object]]:
    """The rows of a chapter: one for each control of each of its explorers."""
    source = ROOT / "notebooks" / "source" / f"{name}.py"
    with (
        TemporaryDirectory() as folder,
        open_chapter(
            lab, source, Path(folder), before=BEFORE, after=[v4.new_code_cell(AFTER)]
        ) as chapter,
    ):
        kernel = printed(chapter)
        rows = [
            each | {"chapter": name}
            for explorer, (class_name, taken) in zip(chapter.explorers(), kernel, strict=True)
            for each in of_explorer(explorer, class_name, taken)
        ]
        chapter.assert_nothing_failed()
    return rows


def printed(chapter: OpenChapter) -> list[Any]:
    """What the last cell has printed."""
    code = [cell for cell in chapter.notebook.saved().cells if cell.cell_type == "code"]
    return list(json.loads("".join(each.get("text", "") for each in code[-1].outputs)))


def of_explorer(
    explorer: ExplorerOnPage, name: str, kernel: dict[str, list[float]]
) -> list[dict[str, object]]:
    """The rows of one explorer, in the kernel as measured there and in the browser."""
    assert explorer.name == name, f"the kernel measured {name}, the page shows {explorer.name}"
    browser = milliseconds_of(explorer)
    rows = [
        row(name, each, kernel=kernel.get(each, []), browser=browser.get(each, []))
        for each in dict.fromkeys([*kernel, *browser])
    ]
    if CANVAS in browser:
        rows[0]["frames_per_s"] = frames_per_second(explorer)
    return rows


def as_text(rows: list[dict[str, Any]]) -> str:
    """A chapter's rows for the terminal."""
    return (
        pd.DataFrame(rows)
        .drop(columns="chapter")
        .to_string(index=False, na_rep="", float_format="{:.1f}".format)
    )


if __name__ == "__main__":
    typer.run(main)
