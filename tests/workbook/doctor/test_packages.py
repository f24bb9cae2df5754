"""Packages: those that will not do fail, those that were not tested are named."""

from __future__ import annotations

import pytest

from metalearn_lab.workbook.doctor import clone as module
from metalearn_lab.workbook.doctor.clone import packages
from metalearn_lab.workbook.doctor.finding import State
from metalearn_lab.workbook.environment import Installed

TYPER = Installed("typer", ">=0.16", "0.29.1")


@pytest.fixture
def look(monkeypatch, tmp_path):
    """What is said of installed packages beside these tested versions."""
    pins = tmp_path / "constraints.txt"
    pins.write_text("# tested\ntyper==0.29.1\nPyYAML==6.0.3\ntorch==2.13.0\n")

    def pretend(*installed, constraints=pins):
        monkeypatch.setattr(module, "requirements", lambda: list(installed))
        return packages(constraints)

    return pretend


def test_missing_and_too_old_ones(look):
    finding = look(TYPER, Installed("pyyaml", ">=6.0", None), Installed("torch", ">=2.11", "2.4"))
    assert finding.state is State.FAIL
    assert finding.found == "pyyaml missing, needed >=6.0; torch 2.4, needed >=2.11"
    assert finding.to_do == "pip install 'pyyaml>=6.0' 'torch>=2.11'"


def test_others_than_were_tested(look):
    finding = look(TYPER, Installed("pyyaml", ">=6.0", "6.1"))
    assert finding.state is State.WARN
    assert finding.found.endswith("1 not as tested: pyyaml 6.1 (tested: 6.0.3)")
    assert "only if something goes wrong: pip install -c constraints.txt -e ." in finding.to_do


def test_a_build_of_the_tested_version_is_that_version(look):
    finding = look(TYPER, Installed("torch", ">=2.11", "2.13.0+cu130"))
    assert (finding.state, finding.found) == (State.OK, "all 2 as tested")


def test_without_a_file_of_tested_versions(look, tmp_path):
    finding = look(TYPER, constraints=tmp_path / "none.txt")
    assert (finding.state, finding.found) == (State.OK, "all 1 within their ranges")
