"""A wrong fact in a checked cell fails `make test`: its nbval command is run on a planted one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from metalearn_lab.workbook.kernel import KERNEL_METADATA

ROOT = Path(__file__).resolve().parents[2]
FACT = "import numpy as np\n\nprint(f'ways {np.arange(5).size}, max |Δ| < 1e-8: True')"

pytestmark = [pytest.mark.notebook, pytest.mark.long]


def nbval_options():
    """The options that the Makefile gives to nbval."""
    return re.findall(r"--nbval[\w-]*(?:=\S+)?", (ROOT / "Makefile").read_text(encoding="utf-8"))


def run_nbval(path):
    options = ["-q", "-p", "no:cacheprovider", "-c", "pyproject.toml", *nbval_options()]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(path)],
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def committed(path, printed, *, tags=("nbval-check-output",), source=FACT):
    outputs = [v4.new_output("stream", name="stdout", text=printed)] if printed else []
    cell = v4.new_code_cell(
        source, execution_count=1, outputs=outputs, metadata={"tags": list(tags)}
    )
    nbformat.write(v4.new_notebook(cells=[cell], metadata=KERNEL_METADATA), path)
    return path


def test_the_makefile_asks_nbval_to_compare():
    options = nbval_options()
    assert "--nbval-lax" in options
    assert "--nbval-current-env" in options
    [timeout] = [each for each in options if each.startswith("--nbval-cell-timeout=")]
    assert int(timeout.split("=")[1]) <= 300


def test_a_true_fact_passes(tmp_path):
    done = run_nbval(committed(tmp_path / "x.ipynb", "ways 5, max |Δ| < 1e-8: True\n"))
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_planted_wrong_fact_fails(tmp_path):
    done = run_nbval(committed(tmp_path / "x.ipynb", "ways 6, max |Δ| < 1e-8: True\n"))
    assert done.returncode == 1
    assert "1 failed" in done.stdout
    assert "ways 6" in done.stdout


def test_a_cell_that_raises_fails_though_nothing_in_it_is_compared(tmp_path):
    done = run_nbval(committed(tmp_path / "x.ipynb", "", tags=(), source="1 / 0"))
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout
