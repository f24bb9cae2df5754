"""Kernels: one that answers, one of another Python, one that does not start, and none."""

from __future__ import annotations

import json
import sys

import pytest

from metalearn_lab.workbook.doctor import jupyterlab as module
from metalearn_lab.workbook.doctor.finding import State
from metalearn_lab.workbook.doctor.jupyterlab import kernel

ARGUMENTS = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]


@pytest.fixture
def install(monkeypatch, tmp_path):
    """Put a kernel of one's own before the environment's, as an old `ipykernel install` does."""

    def write(argv):
        folder = tmp_path / "kernels" / "python3"
        folder.mkdir(parents=True)
        about = {"argv": argv, "display_name": "Python 3", "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(about))
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
        monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")

    return write


@pytest.fixture
def patient(monkeypatch):
    """The machine of the tests may be busy."""
    monkeypatch.setattr(module, "KERNEL_SECONDS", 60.0)


def test_the_kernel_of_this_python_answers(patient):
    finding = kernel()
    assert finding.state is State.OK
    assert finding.found.startswith("starts and answers in ")


def test_a_kernel_of_another_python(install, tmp_path, patient):
    other = f"import sys; sys.prefix = {str(tmp_path)!r}; import runpy; "
    other += "runpy.run_module('ipykernel_launcher', run_name='__main__')"
    install([sys.executable, "-c", other, "-f", "{connection_file}"])
    finding = kernel()
    assert finding.state is State.FAIL
    assert finding.found == f"JupyterLab would start another Python, that of {tmp_path}"
    assert finding.to_do.startswith("jupyter kernelspec remove python3")


def test_a_kernel_that_dies(install):
    install([sys.executable, "-c", "raise SystemExit(1)", "{connection_file}"])
    finding = kernel()
    assert finding.state is State.FAIL
    assert "none that answers within 7 s: " in finding.found
    assert "allow Python to listen on localhost" in finding.to_do


def test_a_kernel_that_never_answers(install, monkeypatch):
    monkeypatch.setattr(module, "KERNEL_SECONDS", 0.5)
    install([sys.executable, "-c", "import time; time.sleep(60)", "{connection_file}"])
    finding = kernel()
    assert finding.state is State.FAIL
    assert finding.found.startswith("none that answers within 0 s: ")


def test_a_kernel_whose_python_is_gone(install, tmp_path):
    install([str(tmp_path / "gone" / "python"), *ARGUMENTS])
    finding = kernel()
    assert finding.state is State.FAIL
    assert "No such file or directory" in finding.found


def test_no_kernel_of_that_name(monkeypatch):
    monkeypatch.setattr(module, "KERNEL_NAME", "python4")
    finding = kernel()
    assert finding.state is State.FAIL
    assert finding.found == "none is named python4"
    assert finding.to_do.endswith("-m ipykernel install --sys-prefix --name python4")
