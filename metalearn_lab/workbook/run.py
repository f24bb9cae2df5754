"""Run chapters headless through papermill, in order, into one folder with one report."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from metalearn_lab.workbook.chapter_run import ChapterRun
from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.failure import failure_of
from metalearn_lab.workbook.folder import notebook_paths
from metalearn_lab.workbook.headline import collect_headlines
from metalearn_lab.workbook.html import export_html
from metalearn_lab.workbook.kernel import KERNEL_ARGUMENTS, KERNEL_NAME
from metalearn_lab.workbook.parameters import assign, defaults, parameters_of
from metalearn_lab.workbook.report import write_report
from metalearn_lab.workbook.run_folder import make_run_folder
from metalearn_lab.workbook.widget_errors import widget_errors


def run_chapters(
    chapters: Sequence[Chapter],
    folder: Path,
    out: Path | None = None,
    given: Sequence[tuple[str, str]] = (),
) -> list[ChapterRun]:
    """Run chapters in order; one that fails keeps its partial notebook and the others go on.

    Everything that can be wrong with the request is found before the first chapter starts. The
    report is rewritten after each chapter, so that a run that is killed has one too. Chapters run
    in the current folder, as papermill does, so that a path given as a parameter means what it
    says.

    Args:
        chapters: what to run, in this order.
        folder: where the notebooks are.
        out: a new or empty folder for executed notebooks, HTML, ``table.csv``, ``summary.json``
            and ``index.html``; ``runs/<time>`` beside the notebooks when not given.
        given: parameters as typed, name and value.

    Raises:
        WorkbookError: a missing notebook, an unknown or ill-typed parameter, or an output folder
            that cannot be written or already holds a run; or the report could not be written.
    """
    notebooks = notebook_paths(chapters, folder)
    known = {chapter: parameters_of(path) for chapter, path in notebooks.items()}
    values = assign(given, known)
    target = make_run_folder(out, folder)
    runs: list[ChapterRun] = []
    for place, (chapter, notebook) in enumerate(notebooks.items(), start=1):
        label = f"[{place}/{len(notebooks)}] {chapter.name}"
        used = defaults(known[chapter]) | values[chapter]
        run = ChapterRun(chapter, target / f"{chapter.name}.ipynb", _now(), 0.0, used)
        _run_chapter(run, notebook, values[chapter], label)
        runs.append(run)
        _report(runs, target)
    return runs


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def _report(runs: Sequence[ChapterRun], out: Path) -> None:
    if failure := failure_of(write_report, runs, out):
        raise WorkbookError(f"the report could not be written into {out}: {failure}")


def _run_chapter(run: ChapterRun, notebook: Path, changed: Mapping[str, Any], label: str) -> None:
    """Execute, collect and export; the first failure becomes the chapter's error."""
    begin = time.perf_counter()
    failures = [failure_of(_execute, notebook, run.notebook, changed, label)]
    run.seconds = time.perf_counter() - begin
    if run.notebook.is_file():
        failures.append(failure_of(_collect, run))
        failures.append(failure_of(export_html, run.notebook))
    run.error = next(filter(None, failures), None)


def _execute(notebook: Path, target: Path, changed: Mapping[str, Any], label: str) -> None:
    import papermill

    logging.getLogger("papermill").setLevel(logging.ERROR)
    papermill.execute_notebook(
        str(notebook),
        str(target),
        parameters=dict(changed),
        kernel_name=KERNEL_NAME,
        extra_arguments=KERNEL_ARGUMENTS,
        progress_bar={"desc": label},
        request_save_on_cell_execute=True,
    )


def _collect(run: ChapterRun) -> None:
    """Read the results from the executed notebook, and what its widgets kept to themselves."""
    import nbformat

    executed = nbformat.read(run.notebook, as_version=4)
    run.headlines = collect_headlines(executed)
    if hidden := widget_errors(executed):
        raise WorkbookError(hidden[0])
