"""One run of a sweep in a worker process: a notebook comes as bytes, and so do its results go.

A worker writes into a folder of its own and nowhere else, so that it needs no disk in common with
the machine that the sweep was called on.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.code_version import code_version
from metalearn_lab.workbook.execute import execute_chapter
from metalearn_lab.workbook.record import Record


class Job(NamedTuple):
    """What a worker is given.

    Attributes:
        chapter: which.
        notebook: the file.
        changed: parameters to set.
        code_version: that of the sweep, see `metalearn_lab.workbook.code_version`.
    """

    chapter: Chapter
    notebook: bytes
    changed: dict[str, Any]
    code_version: str


class Outcome(NamedTuple):
    """What a worker gives back.

    Attributes:
        record: what became of the run.
        files: the executed notebook and its page by name, of which a run that failed may lack one;
            None if they are in the folder already.
    """

    record: Record
    files: dict[str, bytes] | None = None


class Refusal(NamedTuple):
    """What a worker gives back that must not run the job.

    Attributes:
        reason: why, and what to do, in one line.
    """

    reason: str


def run_job(job: Job) -> Outcome | Refusal:
    """Execute a job on the worker that this is called on, unless its code is not the sweep's."""
    from distributed import get_worker

    worker = get_worker()
    if code_version() != job.code_version:
        return Refusal(
            f"the worker {worker.address} has code version {code_version()}, the sweep has "
            f"{job.code_version}: install the same metalearn-lab, torch and Python on both"
        )
    # Dask clears the folder of a worker that was killed, so what lies in it is never left behind.
    with tempfile.TemporaryDirectory(dir=worker.local_directory) as name:
        folder = Path(name)
        notebook = folder / "source" / f"{job.chapter.name}.ipynb"
        notebook.parent.mkdir()
        notebook.write_bytes(job.notebook)
        record = execute_chapter(job.chapter, notebook, folder, job.changed)
        return Outcome(record, {file: (folder / file).read_bytes() for file in record.files})
