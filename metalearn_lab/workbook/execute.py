"""Execute one chapter headless: its notebook, its page, and the record of what came of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.environment import available_device, versions
from metalearn_lab.workbook.facts import collect_facts
from metalearn_lab.workbook.failure import failure_of
from metalearn_lab.workbook.headline import collect_headlines
from metalearn_lab.workbook.html import export_html
from metalearn_lab.workbook.kernel import KERNEL_ARGUMENTS, KERNEL_NAME
from metalearn_lab.workbook.parameters import defaults, parameters_if_readable, parameters_of
from metalearn_lab.workbook.record import Record
from metalearn_lab.workbook.run_key import code_version, run_key


def execute_chapter(
    chapter: Chapter,
    notebook: Path,
    folder: Path,
    changed: Mapping[str, Any],
    progress: str | None = None,
) -> Record:
    """Run a chapter through papermill and write its executed notebook and its page into a folder.

    It runs in the current folder, as papermill does, so that a path given as a parameter means
    what it says. Whatever goes wrong is the record's error, and what was executed until then stays.
    An exception that a widget's callback swallowed is an error too. The record is not written.

    Args:
        chapter: which.
        notebook: where it is.
        folder: an existing folder for ``<chapter>.ipynb`` and ``<chapter>.html``.
        changed: parameters to set; the others keep the notebook's values.
        progress: the label of a progress bar over the cells; no bar if None.
    """
    executed = folder / f"{chapter.name}.ipynb"
    parameters = defaults(parameters_if_readable(notebook)) | dict(changed)
    record = Record(
        key=run_key(notebook, parameters),
        chapter=chapter.name,
        title=chapter.title,
        parameters=parameters,
        changed=dict(changed),
        error="it has not ended",
        started=datetime.now().astimezone().isoformat(timespec="seconds"),
        seconds=0.0,
        code=code_version(),
        versions=versions(),
        device=available_device(),
    )
    begin = time.perf_counter()
    failures = [failure_of(_papermill, notebook, executed, changed, progress)]
    record.seconds = time.perf_counter() - begin
    if executed.is_file():
        failures.append(failure_of(_collect, executed, record))
        failures.append(failure_of(export_html, executed))
    else:
        failures.append(f"no executed notebook was written to {executed}")
    record.error = next(filter(None, failures), None)
    files = executed.with_suffix(".html"), executed
    record.files = [path.name for path in files if path.is_file()]
    return record


def _papermill(
    notebook: Path, target: Path, changed: Mapping[str, Any], progress: str | None
) -> None:
    import papermill

    from metalearn_lab.workbook.papermill_engine import ENGINE, address

    parameters_of(notebook)  # what is no notebook is said in our words
    logging.getLogger("papermill").setLevel(logging.ERROR)
    papermill.execute_notebook(
        address(notebook),
        address(target),
        parameters=dict(changed),
        engine_name=ENGINE,
        kernel_name=KERNEL_NAME,
        language="python",  # where the notebook says nothing of its kernel
        extra_arguments=KERNEL_ARGUMENTS,
        progress_bar={"desc": progress} if progress else False,
        request_save_on_cell_execute=True,
    )


def _collect(executed: Path, record: Record) -> None:
    """Read the results from the executed notebook."""
    import nbformat

    notebook = nbformat.read(executed, as_version=4)
    record.headlines = collect_headlines(notebook)
    record.facts = collect_facts(notebook)
