"""Sweeps on a real cluster: what runs, what is kept, and what is said of it."""

import csv
import json
import re
from functools import partial

import nbformat
import pytest
from typer.testing import CliRunner

from metalearn_lab import cli
from metalearn_lab.sweep import scheduling
from metalearn_lab.sweep.points import grid_points
from metalearn_lab.sweep.run_points import run_points
from metalearn_lab.sweep.scheduling import on_cluster
from metalearn_lab.sweep.sweep_file import read_sweep_file
from metalearn_lab.workbook.record import read_record
from tests.sweep.tiny_clone import make_clone

SWEEP = """\
- chapter: 0
  parameters:
    steps: [3, 4]
    log: {log}
- chapter: 1
- chapter: 6
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory, scheduler):
    """A sweep of which half fails, called twice from the command line, and what it said."""
    root = tmp_path_factory.mktemp("swept")
    make_clone(root)
    (root / "sweep.yml").write_text(SWEEP.format(log=root / "log"))
    arguments = ["sweep", "sweep.yml", "--out", "out", "--scheduler", scheduler]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        said = [CliRunner().invoke(cli.app, arguments) for _ in range(2)]
    return root, said


def run_sweep(file, notebooks, out, scheduler, say=lambda line: None):
    points = grid_points(read_sweep_file(file), notebooks)
    return run_points(points, out, partial(on_cluster, scheduler, None), say)


@pytest.fixture
def rows(swept):
    with (swept[0] / "out" / "results.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_failed_run_makes_the_exit_status_one_and_the_others_go_on(swept, rows):
    assert [each.exit_code for each in swept[1]] == [1, 1]
    assert [row["status"] for row in rows] == ["ok", "ok", "failed", "failed"]
    assert [row["error"] for row in rows[:3]] == ["", "", "ValueError in cell 2: no 5 classes"]


def test_the_table_has_parameters_and_headline_values_in_the_order_of_the_file(swept, rows):
    log = str(swept[0] / "log")
    assert [[row[name] for name in ("steps", "log", "headline_steps")] for row in rows] == [
        ["3", log, "3"],
        ["4", log, "4"],
        ["", "", ""],
        ["", "", ""],
    ]
    assert [float(row["loss"]) for row in rows[:2]] == [3 * 0.1, 4 * 0.1]


def test_a_run_that_is_there_is_not_run_again_and_one_that_failed_is(swept):
    root, (first, second) = swept
    assert sorted((root / "log").read_text().splitlines()) == ["3 0.1", "4 0.1"]
    assert re.search(r"4 points: 4 ran in [\d.]+ s, 0 there already, 2 failed", first.stdout)
    assert re.search(r"4 points: 2 ran in [\d.]+ s, 2 there already, 2 failed", second.stdout)


def test_each_run_has_a_line_with_a_running_total_and_the_time_left(swept):
    first, *lines = swept[1][0].stderr.splitlines()
    assert first == "4 points, 0 there already"
    assert [line.split()[0] for line in lines] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]
    assert sum("00_start_here steps=3" in line and ": ok (" in line for line in lines) == 1
    assert sum("failed: ValueError in cell 2" in line for line in lines) == 1
    assert [bool(re.search(r"about \d\d:\d\d left$", line)) for line in lines] == [True] * 3 + [
        False
    ]


def test_a_failed_run_keeps_its_partial_notebook(swept, rows):
    folder = swept[0] / "out" / "runs" / f"01_tasks_and_episodes-{rows[2]['key']}"
    record = read_record(folder / "run.json")
    assert record.files == ["01_tasks_and_episodes.html", "01_tasks_and_episodes.ipynb"]
    notebook = nbformat.read(folder / "01_tasks_and_episodes.ipynb", as_version=4)
    printed = [o.get("text") for cell in notebook.cells for o in cell.get("outputs", [])]
    assert "this much is kept\n" in printed
    assert "no 5 classes" in (folder / "01_tasks_and_episodes.html").read_text(encoding="utf-8")


def test_a_record_says_what_ran_with_what(swept, rows):
    folder = swept[0] / "out" / "runs" / f"00_start_here-{rows[1]['key']}"
    record = read_record(folder / "run.json")
    assert record.key == rows[1]["key"], "the worker names the run as the sweep does"
    assert record.changed == {"steps": 4, "log": str(swept[0] / "log")}
    assert record.parameters == record.changed | {"rate": 0.1, "until": ""}
    assert record.device.startswith(("CPU: ", "CUDA: "))
    assert {"python", "torch"} <= set(record.versions)


def test_an_exception_that_a_widget_kept_fails_the_run(rows):
    assert rows[3]["error"].startswith("ZeroDivisionError in a widget ")
    assert rows[3]["status"] == "failed"


def test_a_worker_with_other_code_refuses(notebooks, tmp_path, scheduler, monkeypatch):
    file = tmp_path / "sweep.yml"
    file.write_text("- chapter: 1\n")
    monkeypatch.setattr(scheduling, "code_version", lambda: "abc")
    said = []
    run_sweep(file, notebooks, tmp_path / "out", scheduler, said.append)
    assert re.search(r"the worker tcp://127\.0\.0\.1:\d+ has code version \w{12}, the s", said[1])
    assert "the sweep has abc: install the same metalearn-lab, torch and Python" in said[1]
    [record] = [read_record(each) for each in (tmp_path / "out").glob("runs/*/run.json")]
    assert (record.status, record.files) == ("failed", [])


def test_two_sweeps_of_one_folder_keep_each_others_runs(notebooks, tmp_path, scheduler):
    for steps in (1, 2):
        file = tmp_path / f"{steps}.yml"
        file.write_text(f"- chapter: 0\n  parameters: {{steps: {steps}}}\n")
        run_sweep(file, notebooks, tmp_path / "out", scheduler)
    assert len(list((tmp_path / "out").glob("runs/*/run.json"))) == 2
    table = (tmp_path / "out" / "results.csv").read_text()
    assert [row["steps"] for row in csv.DictReader(table.splitlines())] == ["2"]
    again = run_sweep(tmp_path / "1.yml", notebooks, tmp_path / "out", scheduler)
    assert (again.ran_count, again.kept_count) == (0, 1)
    plan = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert [run["parameters"]["steps"] for run in plan] == [1]
