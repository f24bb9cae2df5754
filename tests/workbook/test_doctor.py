import pytest

from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.doctor import short_report as doctor
from metalearn_lab.workbook.doctor.short_report import diagnose
from metalearn_lab.workbook.environment import Installed, requirements
from metalearn_lab.workbook.errors import WorkbookError

TORCH = Installed("torch", ">=2.11", "2.13.0")


@pytest.fixture
def installed(monkeypatch):
    """Say what is installed: the required packages, then those of every extra."""

    def pretend(required, extra=()):
        monkeypatch.setattr(doctor, "requirements", lambda name="": extra if name else required)

    return pretend


def test_what_is_here_is_said_and_enough():
    report, complete = diagnose()
    assert complete
    for each in requirements():
        assert f"  {each.name} {each.found}" in report
    assert "Available device: C" in report
    assert "languages, no network needed" in report
    assert report.endswith("All that the workbook needs is here.")


def test_what_is_missing_is_named_with_the_way_to_get_it(installed):
    installed([TORCH, Installed("hassil", ">=3.0", None), Installed("typer", ">=0.16", "0.1")])
    report, complete = diagnose()
    assert not complete
    assert "hassil: missing: pip install 'hassil>=3.0'" in report
    assert "typer: 0.1 does not do: pip install 'typer>=0.16'" in report
    assert report.endswith("The workbook needs more: pip install 'hassil>=3.0' 'typer>=0.16'")


def test_without_torch_the_rest_is_still_said(installed):
    installed([Installed("torch", ">=2.11", None)])
    report, complete = diagnose()
    assert not complete
    assert "Available device: unknown without torch" in report


def test_an_extra_says_what_it_lacks_and_is_not_required(installed):
    installed([TORCH], extra=[Installed("sphinx", ">=8.0", None)])
    report, complete = diagnose()
    assert complete
    assert "book: lacks sphinx" in report
    assert "pip install 'metalearn-lab[book]'" in report


def test_without_a_browser_there_is_another_way(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert "Browser: none found: `metalearn-lab lab --no-browser`" in diagnose()[0]


def test_without_the_text_package_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr(doctor, "installed_version", lambda name: None)
    assert "Embedded text: missing: pip install home-assistant-intents" in diagnose()[0]


def test_where_no_notebooks_are_not_all_is_here(monkeypatch):
    def none():
        raise WorkbookError("no notebooks in /home/ada or above it")

    monkeypatch.setattr(doctor, "notebooks_folder", none)
    report, complete = diagnose()
    assert not complete
    assert "Notebooks: no notebooks in /home/ada" in report
    assert "All that" not in report
    assert report.endswith("git clone the repository and run this inside it")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"cells": []}', "<<<<<<< HEAD\n{}"])
def test_a_chapter_that_is_no_notebook_is_named(text, monkeypatch, tmp_path):
    for chapter in CHAPTERS:
        (tmp_path / f"{chapter.name}.ipynb").write_text('{"cells": [{}]}', encoding="utf-8")
    monkeypatch.setattr(doctor, "notebooks_folder", lambda: tmp_path)
    assert diagnose()[1]
    (tmp_path / "03_maml.ipynb").write_text(text, encoding="utf-8")
    report, complete = diagnose()
    assert not complete
    assert "03_maml in" in report
    assert "cannot be read as a notebook" in report
    assert "git restore notebooks" in report
