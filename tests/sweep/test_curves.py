"""Which curves come into which panel."""

from __future__ import annotations

import pytest

from metalearn_lab.sweep.curves import curve_groups, panels_of
from metalearn_lab.sweep.finished_sweep import read_sweep
from tests.sweep.fake_sweep import LEARNERS, fake_sweep


def panels(folder, grid, **kinds):
    fake_sweep(folder, grid, **kinds)
    [chapter] = read_sweep(folder).chapters
    [group] = curve_groups(chapter)
    assert group == (1, "loss")
    return {
        title.replace("\N{NO-BREAK SPACE}", " "): r
        for title, r in panels_of(chapter, group).items()
    }


def test_each_of_few_runs_has_a_panel(tmp_path):
    found = panels(tmp_path / "s", {"shots": [5, 10], "seed": [0, 1]}, failed=[1])
    assert list(found) == ["shots = 5, seed = 0", "shots = 10, seed = 0", "shots = 10, seed = 1"]
    assert all(list(run) == list(LEARNERS) for [run] in found.values())


def test_of_many_runs_each_value_of_what_varies_most_has_a_panel_in_its_order(tmp_path):
    grid = {"shots": [10, 5, 20], "iterations": [100, 300], "seed": [0, 1, 2, 3]}
    found = panels(tmp_path / "s", grid)
    assert {title: len(runs) for title, runs in found.items()} == {
        "shots = 5": 8,
        "shots = 10": 8,
        "shots = 20": 8,
    }


@pytest.mark.parametrize("grid", [{"seed": range(13)}, {"shots": range(1, 26)}])
def test_repetitions_and_too_many_values_share_one_panel(tmp_path, grid):
    [(title, runs)] = panels(tmp_path / "s", {k: list(v) for k, v in grid.items()}).items()
    assert title == "all runs"
    assert len(runs) in (13, 25)


def test_a_sweep_of_one_point_has_one_panel(tmp_path):
    assert list(panels(tmp_path / "s", {"shots": [5]})) == ["all runs"]
