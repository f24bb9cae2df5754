"""The set-up: done once, redone when what it was made from changes, never half done.

A stand-in plays Python: it says its version, makes a `.venv`, and notes each `pip install`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON = """\
#!/bin/sh
version=3.12.4
case "$*" in
  "-c import pip"*) echo "$version" ;;
  "-c "*) echo "$version" ;;
  "-m venv --clear "*) rm -rf "$4"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python"; echo venv >> log ;;
  "-m pip install "*) echo "$*" >> log; [ ! -e no-network ] ;;
  *) exit 9 ;;
esac
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def clone(tmp_path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    make_python(tmp_path, "3.12.4")
    return tmp_path


def make_python(folder, version):
    path = folder / "python"
    path.write_text(PYTHON.replace("3.12.4", version))
    path.chmod(0o755)


def setup(clone, python="./python"):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", "setup", f"PYTHON={python}"],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def log(clone):
    return (clone / "log").read_text().splitlines() if (clone / "log").exists() else []


def test_a_fresh_clone_gets_a_venv_from_the_pins_with_the_package_in_it(clone):
    assert setup(clone).returncode == 0
    made, installed = log(clone)
    assert made == "venv"
    assert "-c constraints.txt -e .[test]" in installed


def test_it_is_done_once(clone):
    setup(clone)
    before = log(clone)
    assert setup(clone).returncode == 0
    assert log(clone) == before


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_it_is_brought_up_to_date_when_what_it_was_made_from_changes(clone, name):
    setup(clone)
    before = log(clone)
    later = (clone / ".venv" / "ready-3.12.4").stat().st_mtime + 5
    os.utime(clone / name, (later, later))
    assert setup(clone).returncode == 0
    added = log(clone)[len(before) :]
    assert len(added) == 1
    assert "pip install" in added[0]


def test_another_python_gets_a_venv_of_its_own(clone):
    setup(clone)
    make_python(clone, "3.13.1")
    assert setup(clone).returncode == 0
    assert log(clone).count("venv") == 2
    assert [path.name for path in (clone / ".venv").glob("ready-*")] == ["ready-3.13.1"]


def test_a_failed_set_up_is_not_taken_for_done(clone):
    (clone / "no-network").touch()
    assert setup(clone).returncode != 0
    assert list((clone / ".venv").glob("ready-*")) == []
    (clone / "no-network").unlink()
    before = len(log(clone))
    assert setup(clone).returncode == 0
    assert len(log(clone)) > before


@pytest.mark.parametrize("version", ["3.10.13", "3.14.0"])
def test_an_unsupported_python_is_named_with_what_is_needed(clone, version):
    make_python(clone, version)
    done = setup(clone)
    assert done.returncode != 0
    assert f"'./python' is Python {version}; this project needs 3.11, 3.12 or 3.13" in done.stderr
    assert "make setup PYTHON=python3.12" in done.stderr
    assert log(clone) == []


def test_no_python_at_all_is_said(clone):
    done = setup(clone, python="./none-such")
    assert done.returncode != 0
    assert "'./none-such' does not run. Install Python 3.11, 3.12 or 3.13" in done.stderr
