"""One run of a sweep in a worker process: a notebook comes as bytes, and so do its results go.

A worker writes into a folder of its own and nowhere else, so that it needs no disk in common with
the machine that the sweep was called on.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.execute import execute_chapter
from metalearn_lab.workbook.record import Record
from metalearn_lab.workbook.run_key import code_version


class Outcome(NamedTuple):
    """What a worker gives back.

    Attributes:
        record: what became of the run.
        files: the executed notebook and its page by name, of which a run that failed may lack one;
            None if they are in the folder already.
    """

    record: Record
    files: dict[str, bytes] | None = None


def run_job(
    chapter: Chapter, notebook: bytes, changed: Mapping[str, Any], sweep_code: str
) -> Outcome:
    """Execute a chapter on the worker that this is called on.

    Args:
        chapter: which.
        notebook: the file.
        changed: parameters to set.
        sweep_code: the sweep's code version, see `metalearn_lab.workbook.run_key`.

    Raises:
        WorkbookError: the worker's code is not the sweep's.
    """
    from distributed import get_worker

    worker = get_worker()
    if code_version() != sweep_code:
        raise WorkbookError(
            f"the worker {worker.address} has code version {code_version()}, the sweep has "
            f"{sweep_code}: install the same metalearn-lab, torch and Python on both"
        )
    # Dask clears the folder of a worker that was killed, so what lies in it is never left behind.
    with tempfile.TemporaryDirectory(dir=worker.local_directory) as name:
        folder = Path(name)
        source = folder / "source" / f"{chapter.name}.ipynb"
        source.parent.mkdir()
        source.write_bytes(notebook)
        record = execute_chapter(chapter, source, folder, changed)
        return Outcome(record, {file: (folder / file).read_bytes() for file in record.files})
