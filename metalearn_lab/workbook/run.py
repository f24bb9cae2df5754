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
from metalearn_lab.workbook.folder import notebook_paths
from metalearn_lab.workbook.headline import collect_headlines
from metalearn_lab.workbook.html import export_html
from metalearn_lab.workbook.kernel import KERNEL_ARGUMENTS, KERNEL_NAME
from metalearn_lab.workbook.parameters import assign, defaults, parameters_of
from metalearn_lab.workbook.report import write_report
from metalearn_lab.workbook.run_folder import prepare_run_folder
from metalearn_lab.workbook.widget_errors import widget_errors


def run_chapters(
    chapters: Sequence[Chapter],
    folder: Path,
    out: Path,
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
            and ``index.html``.
        given: parameters as typed, name and value.

    Raises:
        WorkbookError: a missing notebook, an unknown or ill-typed parameter, or an output folder
            that cannot be written or already holds a run.
    """
    notebooks = notebook_paths(chapters, folder)
    known = {chapter: parameters_of(path) for chapter, path in notebooks.items()}
    values = assign(given, known)
    prepare_run_folder(out)
    runs: list[ChapterRun] = []
    for place, (chapter, notebook) in enumerate(notebooks.items(), start=1):
        label = f"[{place}/{len(notebooks)}] {chapter.name}"
        used = defaults(known[chapter]) | values[chapter]
        runs.append(_run_chapter(chapter, notebook, out, values[chapter], used, label))
        write_report(runs, out)
    return runs


def _run_chapter(
    chapter: Chapter,
    notebook: Path,
    out: Path,
    changed: Mapping[str, Any],
    used: dict[str, Any],
    label: str,
) -> ChapterRun:
    import nbformat

    target = out / f"{chapter.name}.ipynb"
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    begin = time.perf_counter()
    error = _execute(notebook, target, changed, label)
    run = ChapterRun(chapter, started, time.perf_counter() - begin, used, error)
    if target.is_file():
        export_html(target)
        executed = nbformat.read(target, as_version=4)
        run.headlines = collect_headlines(executed)
        hidden = widget_errors(executed)
        run.error = run.error or (hidden[0] if hidden else None)
    return run


def _execute(notebook: Path, target: Path, changed: Mapping[str, Any], label: str) -> str | None:
    """Run one notebook; the reason in one line if it fails."""
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    logging.getLogger("papermill").setLevel(logging.ERROR)
    try:
        papermill.execute_notebook(
            str(notebook),
            str(target),
            parameters=dict(changed),
            kernel_name=KERNEL_NAME,
            extra_arguments=KERNEL_ARGUMENTS,
            progress_bar={"desc": label},
            request_save_on_cell_execute=True,
        )
    except PapermillExecutionError as error:
        return f"{error.ename} in cell {error.cell_index}: {error.evalue}".strip()
    except DeadKernelError:
        return "the kernel died (out of memory?)"
    return None
