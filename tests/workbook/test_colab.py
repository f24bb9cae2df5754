import ast
import importlib.metadata
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from metalearn_lab.workbook import colab
from metalearn_lab.workbook.chapters import CHAPTERS, REPOSITORY
from metalearn_lab.workbook.colab import (
    COLAB_LACKS,
    COLAB_SETUP,
    colab_badge,
    colab_url,
    install_missing,
)
from metalearn_lab.workbook.errors import WorkbookError
from tests.colab.installed import colabs


class Shell:
    """IPython's shell as far as the line uses it; on Colab its class is in `google.colab`."""

    def __init__(self, where):
        self.where, self.ran = where, []

    def __str__(self):
        return f"<{self.where}._shell.Shell object at 0x7f>"

    def system(self, command):
        self.ran.append(command)


def run_line(where):
    shell = Shell(where)
    exec(COLAB_SETUP, {"get_ipython": lambda: shell})
    return shell.ran


@pytest.fixture
def machine(monkeypatch):
    """What is installed, by name, and pip, which here only notes what it is asked for."""
    installed = {"metalearn-lab": "0.1.0", **COLAB_LACKS}
    asked = []

    def pip(command, **_):
        asked.append(command)
        installed.update(each.split("==") for each in command if "==" in each)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(colab, "_installed", installed.get)
    monkeypatch.setattr(colab.subprocess, "run", pip)
    return installed, asked


def test_elsewhere_the_line_does_nothing(capsys):
    assert run_line("ipykernel.zmqshell") == []
    assert capsys.readouterr().out == ""


def test_on_colab_the_line_installs_the_package_alone_and_only_if_it_is_not_there(capsys):
    [command] = run_line("google.colab")
    look, install = command.split(" || ")
    assert look == "pip show -qq metalearn-lab"
    assert install == f"pip install -qq --no-deps git+https://github.com/{REPOSITORY}@main"
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_the_line_is_one_statement_on_one_line_that_shows_no_value():
    assert "\n" not in COLAB_SETUP
    [statement] = ast.parse(COLAB_SETUP).body
    assert isinstance(statement, ast.If)


def test_where_nothing_is_missing_nothing_is_installed(machine):
    assert install_missing() == "metalearn-lab 0.1.0 is ready: everything it needs was here already"
    assert machine[1] == []


def test_only_what_is_missing_is_installed(machine):
    installed, asked = machine
    del installed["hassil"]
    installed["unicode-rbnf"] = "1.0"
    said = install_missing()
    [command] = asked
    assert command[1:] == ["-m", "pip", "install", "-qq", "--no-deps", "hassil==3.12.1"]
    assert said == (
        "metalearn-lab 0.1.0 is ready: installed with it: hassil 3.12.1; "
        "no other package was changed"
    )
    assert installed["unicode-rbnf"] == "1.0"


def test_a_failed_installation_says_what_pip_said(machine, monkeypatch):
    del machine[0]["hassil"]
    failed = subprocess.CompletedProcess([], 1, "", "no route to the index\n")
    monkeypatch.setattr(colab.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(WorkbookError, match=r"hassil==3\.12\.1:\nno route to the index"):
        install_missing()


def test_what_is_installed_is_what_the_tests_run_with(repository):
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    for name, version in COLAB_LACKS.items():
        assert pinned[name] == version


def test_no_dependency_of_what_is_installed_is_forgotten():
    on_colab = colabs() | COLAB_LACKS
    for name in COLAB_LACKS:
        for line in importlib.metadata.requires(name) or []:
            if (needed := Requirement(line)).marker is None:
                assert needed.specifier.contains(on_colab[canonicalize_name(needed.name)]), line


def test_the_badge_opens_its_own_chapter(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    home = project["urls"]["Repository"].replace("github.com", "colab.research.google.com/github")
    for chapter in CHAPTERS:
        assert colab_url(chapter) == f"{home}/blob/main/{chapter.path}"
        assert (repository / chapter.path).is_file()
        assert colab_badge(chapter).startswith("[![Open in Colab](")
        assert colab_badge(chapter).endswith(f"({colab_url(chapter)})")
