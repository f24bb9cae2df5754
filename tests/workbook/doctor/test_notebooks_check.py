"""Notebooks: all there, and in a folder that can be written."""

from __future__ import annotations

import tempfile

import pytest

from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.doctor.clone import notebooks
from metalearn_lab.workbook.doctor.finding import State


@pytest.fixture
def folder(tmp_path):
    for chapter in CHAPTERS:
        (tmp_path / f"{chapter.name}.ipynb").write_text('{"cells": [{}]}', encoding="utf-8")
    return tmp_path


def test_all_there(folder):
    assert notebooks(folder).state is State.OK
    assert len(list(folder.iterdir())) == len(CHAPTERS)


def test_one_is_missing(folder):
    (folder / f"{CHAPTERS[1].name}.ipynb").unlink()
    finding = notebooks(folder)
    assert finding.state is State.FAIL
    assert finding.found == f"{CHAPTERS[1].name} not in {folder}"
    assert finding.to_do.startswith("git restore notebooks")


def test_a_folder_that_cannot_be_written(folder, monkeypatch):
    def refuse(dir):
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    finding = notebooks(folder)
    assert finding.state is State.FAIL
    assert finding.found == f"nothing can be saved in {folder}: Permission denied"
    assert finding.to_do.startswith("copy the clone to a folder of your own")
