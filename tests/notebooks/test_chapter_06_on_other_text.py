"""Chapter 06 reads a reader's own parquet files, with and without a class split.

It runs as far as its split of the classes. With a published split it runs to its end in
`tests/colab/check_chapters.py`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from metalearn_lab.workbook.kernel import KERNEL_METADATA
from metalearn_lab.workbook.parameters import parameters_of
from metalearn_lab.workbook.source import read_source
from metalearn_lab.workbook.views import View, view_of
from tests.own_text import class_counts, things, write_class_split, write_split

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"ways": 3, "shots": 1, "queries": 2, "iterations": 5, "test_episodes": 10}
SHOWS_CLASSES = "zip(world.classes._fields, world.classes"
KNOWN_TYPES = {"bool", "int", "float", "str"}
# For so small a run: one thread, and memory that is kept rather than given back at each step.
FAST = {
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
}
pytestmark = [pytest.mark.notebook, pytest.mark.long]


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    """The chapter as its text source stands now, up to its classes, not yet executed."""
    name = "06_few_shot_text"
    source = read_source(ROOT / "notebooks" / "source" / f"{name}.py")
    notebook = view_of(source, View.WORKBOOK, name)
    notebook["metadata"] = dict(KERNEL_METADATA)
    [last] = [place for place, cell in enumerate(notebook.cells) if SHOWS_CLASSES in cell.source]
    del notebook.cells[last + 1 :]
    path = tmp_path_factory.mktemp("notebook") / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def printed_by(chapter, folder):
    """All that the chapter prints, run as a reader runs it on a folder of parquet files."""
    out = folder / "out.ipynb"
    values = {"source": "files", "path": str(folder), **SMALL}
    option = {str: "-r", int: "-p"}  # papermill makes 1 of "1" with -p
    given = [(option[type(value)], name, str(value)) for name, value in values.items()]
    options = [word for words in given for word in words]
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(chapter), str(out), *options],
        env=os.environ | FAST,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    code = [c for c in nbformat.read(out, as_version=4).cells if c.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    outputs = [output for cell in code for output in cell.outputs]
    return "".join(each.text for each in outputs if each.get("name") == "stdout")


def test_its_parameters_have_types_that_papermill_knows(chapter):
    known = parameters_of(chapter)
    assert {"source", "path", *SMALL} <= known.keys()
    assert {each.type for each in known.values()} <= KNOWN_TYPES


def test_without_a_class_split_all_rows_are_pooled_and_classes_are_drawn(chapter, tmp_path):
    write_split(tmp_path, "train", things(0, 18))
    printed = printed_by(chapter, tmp_path)
    assert f"files in {tmp_path} (train)" in printed
    assert re.search(r"\b108 sentences, .* 18 classes", printed)
    counts = class_counts(printed)
    assert sum(counts.values()) == 18
    assert min(counts.values()) >= SMALL["ways"]


def test_a_published_class_split_is_kept(chapter, tmp_path):
    write_class_split(tmp_path)
    printed = printed_by(chapter, tmp_path)
    assert f"files in {tmp_path} (train, validation, test)" in printed
    assert re.search(r"\b96 sentences, .* 16 classes", printed)
    assert class_counts(printed) == {"train": 7, "validation": 4, "test": 5}
    [test] = re.findall(r"^test +\d+ classes: (.*)$", printed, re.M)
    assert test.startswith("about thing11, about thing12")
