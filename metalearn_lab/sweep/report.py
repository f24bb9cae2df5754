"""The report of a run or a sweep, finished or not: a page, and tables for pandas."""

from __future__ import annotations

from pathlib import Path

from metalearn_lab.atomic_file import write_text
from metalearn_lab.sweep.curves import curves_table
from metalearn_lab.sweep.finished_sweep import read_sweep
from metalearn_lab.sweep.over_seeds import seeds_table
from metalearn_lab.sweep.report_page import summary, sweep_page


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
    write_text(folder / "curves.csv", curves_table(sweep))
    write_text(folder / "over_seeds.csv", seeds_table(sweep))
    write_text(folder / "index.html", sweep_page(sweep))
    return summary(sweep)
