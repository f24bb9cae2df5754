"""The example of a sweep file, and the Slurm script."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from metalearn_lab.sweep.points import grid_points
from metalearn_lab.sweep.search_file import distributions, read_search_file
from metalearn_lab.sweep.sweep_file import read_sweep_file
from metalearn_lab.workbook.parameters import parameters_of

pytestmark = pytest.mark.long


def test_the_example_is_a_sweep_of_chapters_that_are_there(repository):
    folder = repository / "notebooks"
    points = grid_points(read_sweep_file(folder / "example_sweep.yml"), folder)
    assert [point.chapter.number for point in points] == [0, 0, 1, 1]


def test_the_example_search_is_of_settings_that_are_there(repository):
    folder = repository / "notebooks"
    file = read_search_file(folder / "example_search.yml")
    space = distributions(file, parameters_of(folder / f"{file.chapter.name}.ipynb"))
    assert list(space) == ["inner_lr", "outer_lr", "meta_batch"]


@pytest.fixture
def script(repository):
    return repository / "notebooks" / "slurm_sweep.sh"


@pytest.fixture
def commands(script):
    """The lines that call something of ours or of Dask's."""
    lines = script.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if re.match(r"(srun )?dask |metalearn-lab ", line)]


def test_bash_reads_the_script(script):
    assert shutil.which("bash")
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert os.access(script, os.X_OK)


def test_its_sbatch_lines_come_first_and_are_options_with_a_value(script):
    lines = script.read_text(encoding="utf-8").splitlines()
    header = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    options = [line for line in lines if line.startswith("#SBATCH")]
    assert set(options) <= set(header), "Slurm reads none behind the first command"
    assert all(re.fullmatch(r"#SBATCH --[a-z-]+=\S+", line) for line in options)
    names = {line.split("--")[1].split("=")[0] for line in options}
    assert {"ntasks", "cpus-per-task", "mem-per-cpu", "time"} <= names


@pytest.mark.parametrize(
    ("starts", "module"),
    [
        ("dask scheduler", ["dask", "scheduler"]),
        ("srun dask worker", ["dask", "worker"]),
        ("metalearn-lab sweep", ["metalearn_lab.cli", "sweep"]),
    ],
)
def test_every_option_that_it_gives_exists(commands, starts, module):
    [line] = (line for line in commands if line.startswith(starts))
    options = re.findall(r"(--[a-z-]+)", line)
    assert options
    help_page = subprocess.run(
        [sys.executable, "-m", *module, "--help"],
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for option in options:
        assert re.search(rf"{option}\b", help_page), f"{starts} has no {option}"


def test_the_script_runs_a_sweep_on_workers_that_nobody_else_can_talk_to(
    script, notebooks, tmp_path
):
    """With a stand-in for `srun` that starts one worker, here."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in {"srun": 'exec "$@"', "hostname": "echo localhost"}.items():
        (tools / name).write_text(f"#!/bin/bash\n{text}\n")
        (tools / name).chmod(0o755)
    activate = notebooks.parent / ".venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.write_text(f"export PATH={tools}:{os.path.dirname(sys.executable)}:$PATH\n")
    (notebooks.parent / "sweep.yml").write_text("- chapter: 0\n  parameters: {steps: [1, 2, 3]}\n")
    ran = subprocess.run(
        ["bash", str(script), "sweep.yml", "out"],
        cwd=notebooks.parent,
        env=os.environ | {"SLURM_JOB_ID": str(os.getpid())},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (notebooks.parent / "out" / "results.csv").read_text().count(",ok,") == 3
    assert "tls://" in ran.stderr
    assert "tcp://" not in ran.stderr
    assert not list(notebooks.parent.glob(".sweep-key-*"))
