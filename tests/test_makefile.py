"""The set-up: done once, redone when what it was made from changes, never half done.

A stand-in plays Python: it says its version, makes a `.venv`, and notes each call of the installer,
which `test_install.py` tests. So do stand-ins for the tools of `make test`; no browser is on the
path.
"""

from __future__ import annotations

import os
import re
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
  "-m venv "*)
    for folder; do :; done
    rm -rf "$folder"; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python"; echo venv >> log ;;
  ".ci/install.py "*) echo "$*" >> log; [ ! -e no-network ] ;;
  "-m pip freeze "*) echo "torch==2.13.0"; [ ! -e no-freeze ] ;;
  "-m pytest "* | "-m tests.without_network -m pytest "*) echo "$0 $*" >> tested ;;
  *) exit 9 ;;
esac
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def clone(tmp_path):
    (tmp_path / "tests" / "colab").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    for name in ("00_one.ipynb", "01_two.ipynb"):
        (tmp_path / "notebooks" / name).touch()
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "tests/colab/runtime.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    make_python(tmp_path, "3.12.4")
    return tmp_path


def make_python(folder, version):
    path = folder / "python"
    path.write_text(PYTHON.replace("3.12.4", version))
    path.chmod(0o755)


@pytest.fixture
def tools(tmp_path_factory):
    """A folder for the path: what the recipes call, root's id, and an apt-get that fails."""
    folder = tmp_path_factory.mktemp("tools")
    shell = ("bash", "sh", "make", "ls", "rm", "mv", "cp", "mkdir", "touch")
    for name in (*shell, "mktemp", "tail", "sed", "grep"):
        (folder / name).symlink_to(shutil.which(name))
    stand_in(folder / "id", "echo 0")
    stand_in(folder / "apt-get", "echo 'no route to the mirror'; exit 100")
    (folder / "os-release").write_text("ID=debian\n")
    return folder


def stand_in(path, script):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def setup(clone, python="./python"):
    return make(clone, "setup", f"PYTHON={python}")


def make(clone, *arguments, path=None):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=clone,
        env=environment | ({"PATH": str(path)} if path else {}),
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
    assert "-c constraints.txt -e .[test,book]" in installed


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
    assert added[0].startswith(".ci/install.py ")


def test_the_packages_of_colab_are_set_up_once_as_pinned_and_again_when_the_pins_change(clone):
    pins = "tests/colab/runtime.txt"
    assert make(clone, "colab", "PYTHON=./python").returncode == 0
    made, installed, libraries = log(clone)
    assert made == "venv"
    assert installed.endswith(f"--no-deps -r {pins}")
    assert libraries.endswith(f"-c {pins} torch")
    make(clone, "colab", "PYTHON=./python")
    assert len(log(clone)) == 3
    later = (clone / ".venv-colab" / "ready-3.12.4").stat().st_mtime + 5
    os.utime(clone / pins, (later, later))
    make(clone, "colab", "PYTHON=./python")
    assert len(log(clone)) == 6


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


# make 3.81, which macOS has, knows no .SHELLFLAGS and calls the shell with -c alone.
OLD_MAKE = ".SHELLFLAGS=-c"


@pytest.mark.parametrize("how", [(), (OLD_MAKE,)])
def test_the_pins_are_what_pip_says(clone, how):
    done = make(clone, "constraints", "PYTHON=./python", *how)
    assert done.returncode == 0, done.stderr
    head, pin = (clone / "constraints.txt").read_text().splitlines()
    assert head.startswith("# Every version")
    assert pin == "torch==2.13.0"


@pytest.mark.parametrize("how", [(), (OLD_MAKE,)])
def test_pins_that_pip_could_not_say_leave_the_old_ones(clone, how):
    (clone / "no-freeze").touch()
    before = (clone / "constraints.txt").read_text()
    assert make(clone, "constraints", "PYTHON=./python", *how).returncode != 0
    assert (clone / "constraints.txt").read_text() == before


def test_a_browser_that_could_not_be_installed_is_said(clone, tools):
    release = f"OS_RELEASE={tools / 'os-release'}"
    done = make(clone, "chromium", "PYTHON=./python", release, path=tools)
    assert done.returncode == 0
    assert "no route to the mirror" in done.stderr
    assert "chromium could not be installed: see above" in done.stderr
    assert "the browser tests will be skipped (with CI set, they fail)" in done.stderr


@pytest.fixture
def checkers(clone):
    """The set-up is done, and the programs that look at the code find nothing."""
    setup(clone)
    for name in ("ruff", "mypy", "codespell", "lint-imports"):
        stand_in(clone / ".venv" / "bin" / name, "exit 0")


@pytest.mark.parametrize("browser", ["chromium", "google-chrome", None])
@pytest.mark.parametrize("target", ["test", "test-all"])
@pytest.mark.usefixtures("checkers")
def test_it_ends_with_whether_a_browser_was_there(clone, tools, target, browser):
    if browser:
        stand_in(tools / browser, "exit 0")
    stand_in(tools / "id", "echo 1000")  # not root, so nothing is installed
    done = make(clone, target, "PYTHON=./python", path=tools)
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    without = f"make {target}: passed, but WITHOUT the browser tests: there is no Chromium"
    assert last == (f"make {target}: everything passed" if browser else without)


def calls_of_pytest(clone):
    """The options and places of each call of pytest, by the environment that it ran in."""
    calls = [line.split() for line in (clone / "tested").read_text().splitlines()]
    return [(python.split("/")[-3], words[2:]) for python, *words in calls]


@pytest.mark.usefixtures("checkers")
def test_what_takes_long_and_the_packages_of_colab_are_left_to_test_all(clone, tools):
    assert make(clone, "test", "PYTHON=./python", path=tools).returncode == 0
    (unit, _), (notebooks, _) = calls_of_pytest(clone)
    assert {unit, notebooks} == {".venv"}
    assert not (clone / ".venv-colab").exists()
    assert "-m" not in calls_of_pytest(clone)[0][1]
    (clone / "tested").unlink()
    assert make(clone, "test-all", "PYTHON=./python", path=tools).returncode == 0
    assert [place for place, _ in calls_of_pytest(clone)][:3] == [".venv", ".venv", ".venv-colab"]
    assert calls_of_pytest(clone)[0][1][-1:] == ["-m"]  # with no word after it: whatever its marks


@pytest.mark.usefixtures("checkers")
def test_the_notebooks_are_compared_in_the_reverse_of_the_order_they_were_made_in(clone, tools):
    make(clone, "test", "PYTHON=./python", path=tools)
    options = calls_of_pytest(clone)[1][1]
    assert options[-2:] == ["notebooks/01_two.ipynb", "notebooks/00_one.ipynb"]
    assert "--no-loadscope-reorder" in options


@pytest.mark.usefixtures("checkers")
def test_each_stage_says_how_many_seconds_it_took(clone, tools):
    done = make(clone, "test", "PYTHON=./python", path=tools)
    began = re.findall(r"^== (?!took)(.*)$", done.stdout, re.M)
    ended = re.findall(r"^== took \d+ s: (.*)$", done.stdout, re.M)
    assert began == ended
    assert len(began) == 8


def test_make_test_names_the_stage_that_failed(clone, tools):
    setup(clone)
    stand_in(clone / ".venv" / "bin" / "ruff", "exit 1")
    done = make(clone, "test", "PYTHON=./python", path=tools)
    assert done.returncode != 0
    assert "make test: failed in: lint (ruff check)" in done.stderr
    assert "passed" not in done.stdout
