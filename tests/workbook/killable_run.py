"""A run of three small chapters in a process of its own, which can be killed."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import psutil
from tqdm import tqdm

from metalearn_lab.workbook.chapters import select
from metalearn_lab.workbook.code_version import code_version
from metalearn_lab.workbook.run import run_chapters

MARK = "KILLABLE_RUN_MARK"
"""Environment variable of the run's kernels."""

CHAPTERS = select(["00", "01", "02"])

# What `headline` displays, without its imports.
WORKS = """\
# %% tags=["parameters"]
steps: int = 3  # inner steps

# %%
import time
from IPython.display import display

time.sleep(0.1)

# %%
line = {"text": f"{steps} steps", "values": {"steps": steps}, "curves": {}}
bundle = {"text/plain": "", "application/vnd.metalearn-lab.headline+json": line}
display(bundle, raw=True)
"""

FAILS = """\
# %%
print("this much is kept")

# %%
raise ValueError("no such thing")
"""

# Known before this module's processes are forked, so that they all are of one version.
code_version()

SOURCES = dict(zip(CHAPTERS, (WORKS, FAILS, WORKS), strict=True))


def run_small(folder: Path, out: Path, mark: str) -> None:
    """Run the chapters, or go on with them, in silence."""
    os.environ[MARK] = mark
    tqdm.set_lock(threading.RLock())  # one between processes would outlive a kill
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        run_chapters(CHAPTERS, folder, out, [("steps", "4")])


def kernels(mark: str) -> list[psutil.Process]:
    """The kernels of marked runs that live."""
    return [each for each in psutil.process_iter() if _environment(each).get(MARK) == mark]


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ() if process.status() != psutil.STATUS_ZOMBIE else {}
    except psutil.Error:
        return {}
