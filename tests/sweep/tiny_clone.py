"""A clone whose chapters run in a second each, and say when they have run."""

from __future__ import annotations

from pathlib import Path

import nbformat

from metalearn_lab.workbook.kernel import KERNEL_METADATA

PARAMETERS = """\
steps: int = 3  # inner steps
rate: float = 0.1  # step size
log: str = ""  # a file that each run appends a line to
until: str = ""  # a file that it then waits for
"""

WORKS = """\
import os, time

if log:
    with open(log, "a") as file:
        file.write(f"{steps} {rate}\\n")
while until and not os.path.exists(until):
    time.sleep(0.02)
"""

# What `headline` displays, without its imports.
HEADLINE = """\
result = {"text": f"{steps} steps", "values": {"loss": steps * rate, "steps": steps}, "curves": {}}
MIME = "application/vnd.metalearn-lab.headline+json"
display({"text/plain": result["text"], MIME: result}, raw=True)
"""

SWALLOWS = """\
import ipywidgets as widgets

slider = widgets.IntSlider(value=1)
display(widgets.interactive_output(lambda k: 1 // (k - 2), {"k": slider}))
slider.value = 2
"""

CHAPTERS = {
    "00_start_here": (PARAMETERS, WORKS, HEADLINE),
    "01_tasks_and_episodes": (
        "ways: int = 5  # classes",
        "print('this much is kept')",
        "raise ValueError(f'no {ways} classes')",
    ),
    "06_few_shot_text": ("shots: str = '1'  # support sentences", SWALLOWS),
}


def make_clone(root: Path) -> Path:
    """Write the chapters into ``notebooks`` below a folder; the folder of notebooks."""
    folder = root / "notebooks"
    folder.mkdir(parents=True)
    for name, cells in CHAPTERS.items():
        notebook = nbformat.v4.new_notebook(metadata=KERNEL_METADATA)
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        notebook.cells[0].metadata["tags"] = ["parameters"]
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder
