"""Runs of small chapters in processes of their own, which can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode, v4
from papermill.clientwrap import PapermillNotebookClient
from tqdm import tqdm

from metalearn_lab.atomic_file import write_text
from metalearn_lab.cli import main
from metalearn_lab.workbook import execute
from metalearn_lab.workbook.chapters import select
from metalearn_lab.workbook.headline import HEADLINE_MIME
from metalearn_lab.workbook.run_key import code_version
from tests.sweep.run_here import run_here

MARK = "KILLABLE_RUN_MARK"
"""Environment variable of the kernels and workers of a run or a sweep."""

CHAPTERS = select(["00", "01"])

LINE = {"text": "4 steps", "values": {"steps": 4}, "curves": {}}

WORKS = """\
# %% tags=["parameters"]
steps: int = 3  # inner steps

# %%
print("here a headline is displayed")
"""

FAILS = """\
# %%
raise ValueError("no such thing")
"""

# Done before processes are forked from one that has imported this, so that each need not.
code_version()
nbformat.validate(v4.new_notebook())

SOURCES = dict(zip(CHAPTERS, (WORKS, FAILS), strict=True))


def run_without_kernels(out: Path, folder: Path) -> None:
    """Run the chapters, or go on with them; all that is written is real but what cells print."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PapermillNotebookClient, "execute", _execute)
        patch.setattr(execute, "export_html", _export)
        patch.setattr(execute, "versions", dict)
        _in_silence(folder, out)


def _in_silence(folder: Path, out: Path) -> None:
    tqdm.set_lock(threading.RLock())  # one between processes would outlive a kill
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        run_here(CHAPTERS, folder, out, [("steps", "4")])


def _execute(client: PapermillNotebookClient) -> None:
    """What a kernel makes of the chapters, without one."""
    client.execute_cell = partial(_execute_cell, client.nb)
    client.papermill_execute_cells()


def _execute_cell(notebook: NotebookNode, cell: NotebookNode, index: int) -> None:
    if cell.source.startswith("raise "):
        error = {"ename": "ValueError", "evalue": "no such thing", "traceback": []}
        cell.outputs = [v4.new_output("error", **error)]
        raise CellExecutionError("", "ValueError", "no such thing")
    if "headline" in cell.source:
        cell.outputs = [v4.new_output("display_data", {HEADLINE_MIME: LINE})]


def _export(notebook: Path) -> None:
    write_text(notebook.with_suffix(".html"), "<html></html>")


def call(folder: Path, mark: str, *arguments: str) -> None:
    """`metalearn-lab ARGUMENTS` in a folder, as in the foreground of a terminal of its own."""
    os.setsid()
    os.environ[MARK] = mark
    os.chdir(folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["metalearn-lab", *arguments]
    tqdm.set_lock(threading.RLock())
    with (folder / "said").open("w", encoding="utf-8", buffering=1) as said:
        sys.stdout = sys.stderr = said
        main()


def marked(mark: str) -> list[psutil.Process]:
    """The kernels and workers that live and have a mark."""
    return [each for each in psutil.process_iter() if _environment(each).get(MARK) == mark]


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ() if process.status() != psutil.STATUS_ZOMBIE else {}
    except psutil.Error:
        return {}
