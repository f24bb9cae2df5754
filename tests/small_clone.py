"""A tiny clone with one-minute stand-ins for the chapters, and the command to run in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jupytext
import nbformat
import pytest

from metalearn_lab.workbook.kernel import KERNEL_METADATA

START = """\
# %% tags=["parameters"]
steps: int = 3  # inner steps
rate: float = 0.1  # step size α
source: str = "embedded"  # where the text comes from

# %%
import matplotlib.pyplot as plt
from IPython.display import display
import ipywidgets as widgets
from metalearn_lab.workbook.headline import headline

figure, axes = plt.subplots()
axes.plot(range(steps))
plt.close(figure)
display(figure, metadata={"image/png": {"alt": "a line that rises"}})

# %%
display(widgets.IntSlider(description="never static"))

# %%
headline(f"{steps} steps at <rate> {rate} from {source}", steps=steps, rate=rate)
"""

FAILS = """\
# %% tags=["parameters"]
steps: int = 5  # inner steps

# %%
print("this much is kept")

# %%
raise ValueError(f"no {steps} classes")
"""

SWALLOWS = """\
# %%
import ipywidgets as widgets
from IPython.display import display

slider = widgets.IntSlider(value=1)
display(widgets.interactive_output(lambda k: 1 // (k - 2), {"k": slider}))
slider.value = 2
"""

CHAPTERS = {
    "00_start_here": START,
    "01_tasks_and_episodes": FAILS,
    "06_few_shot_text": SWALLOWS,
}


def write_chapter(folder: Path, name: str, text: str) -> Path:
    """A text source and the unexecuted notebook made from it."""
    (folder / "source").mkdir(parents=True, exist_ok=True)
    (folder / "source" / f"{name}.py").write_text(text, encoding="utf-8")
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(KERNEL_METADATA)
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def make_clone(root: Path) -> Path:
    for name, text in CHAPTERS.items():
        write_chapter(root / "notebooks", name, text)
    return root


@pytest.fixture(name="write_chapter")
def write_chapter_fixture() -> Callable[[Path, str, str], Path]:
    return write_chapter


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return make_clone(tmp_path / "clone")


Command = Callable[..., subprocess.CompletedProcess[str]]


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`metalearn-lab ARGUMENTS`, as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "metalearn_lab.cli", *arguments],
        cwd=cwd,
        env=os.environ | {"COLUMNS": "200", "PYTHONWARNINGS": "error:::metalearn_lab"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(name="command")
def command_fixture() -> Command:
    return command


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Command]:
    """One run of a chapter that works, one that fails and one whose widget fails unseen."""
    root = make_clone(tmp_path_factory.mktemp("run"))
    changed = ("-p", "steps", "4", "-p", "rate", "0.5")
    process = command("run", "00", "01", "06", "--out", "out", *changed, cwd=root)
    return root / "out", process
