"""The three descriptions of the environment agree: ranges, pins for pip, pins for conda."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import metalearn_lab

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
PYPI_NAMES = {
    "pytorch": "torch",
    "matplotlib-base": "matplotlib",
    "huggingface_hub": "huggingface-hub",
}


def direct_dependencies():
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [Requirement(line) for group in groups for line in group]


def constraints():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def pins():
    """The pinned version of every distribution, by its canonical name."""
    return {
        canonicalize_name(name): version
        for name, version in (line.split("==") for line in constraints())
    }


def conda_pins():
    """What environment.yml asks for, by PyPI name, as a specifier."""
    found = {}
    for line in CONDA["dependencies"]:
        if isinstance(line, str) and line != "pip":
            name, version = line.split("=")
            found[PYPI_NAMES.get(name, name)] = SpecifierSet(f"=={version}.*")
    return found


def conda_pip_lines():
    [block] = [line["pip"] for line in CONDA["dependencies"] if isinstance(line, dict)]
    return block


DIRECT = {canonicalize_name(each.name): each.specifier for each in direct_dependencies()}
BY_CONDA = conda_pins()
BY_CONDA_PIP = {
    canonicalize_name(each.name): each.specifier
    for each in map(Requirement, (line for line in conda_pip_lines() if line != "-e ."))
}


def test_every_constraint_is_one_exact_public_version():
    for line in constraints():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line), line
    assert len(pins()) == len(constraints())


@pytest.mark.parametrize("name", sorted(DIRECT))
def test_every_direct_dependency_is_pinned_within_its_range(name):
    assert name in pins(), f"run `make constraints`: {name} is not pinned"
    assert DIRECT[name].contains(pins()[name], prereleases=True)


@pytest.mark.parametrize("name", sorted(BY_CONDA.keys() - {"python"}))
def test_conda_and_pip_install_the_same_version(name):
    assert BY_CONDA[name].contains(pins()[name]), f"{name} is {pins()[name]} in constraints.txt"
    assert name in DIRECT, f"{name} is in environment.yml and no dependency of the package"


@pytest.mark.parametrize("name", sorted(BY_CONDA_PIP))
def test_what_conda_leaves_to_pip_is_the_same_version(name):
    assert str(BY_CONDA_PIP[name]) == f"=={pins()[name]}"
    assert name in DIRECT


def test_conda_installs_every_dependency_once():
    needed = {
        canonicalize_name(Requirement(line).name)
        for line in [
            *PROJECT["dependencies"],
            *PROJECT["optional-dependencies"]["test"],
            *PROJECT["optional-dependencies"]["book"],
        ]
    }
    assert BY_CONDA.keys() - {"python"} | BY_CONDA_PIP.keys() == needed
    assert not BY_CONDA.keys() & BY_CONDA_PIP.keys()


def test_the_conda_file_is_laid_out_as_conda_wants_it():
    assert CONDA["name"] == PROJECT["name"]
    assert CONDA["channels"] == ["conda-forge"]
    assert isinstance(CONDA["dependencies"][-1], dict)
    assert conda_pip_lines()[-1] == "-e ."


def test_every_line_of_the_conda_file_says_who_uses_it():
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if re.match(r"\s+- [a-z0-9-]+==?\d", line) and "python=" not in line:
            assert "  # " in line, line


def test_python_is_in_the_same_range_everywhere():
    wanted = SpecifierSet(PROJECT["requires-python"])
    named = {line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if ":: 3." in line}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [case] = re.findall(r'case "\$\(VERSION\)" in ([\d.*|]+)\)', makefile)
    assert {minor for minor in named if wanted.contains(f"{minor}.5")} == named
    assert {pattern.removesuffix(".*") for pattern in case.split("|")} == named
    assert not wanted.contains("3.10.5")
    assert not wanted.contains("3.14.0")
    assert any(BY_CONDA["python"].contains(f"{minor}.5") for minor in named)


def test_torch_is_pinned_to_one_exact_version():
    assert "torch==2.13.0" in constraints()
    assert DIRECT["torch"].contains("2.11.0")


def test_what_colab_has_is_in_range():
    colab = {
        "torch": "2.11.0",
        "ipywidgets": "7.7.1",
        "datasets": "4.0.0",
        "numpy": "2.1.3",
        "matplotlib": "3.10.0",
    }
    for name, there in colab.items():
        assert DIRECT[name].contains(there), name


def test_versions_and_licence_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(citation["version"]) == metalearn_lab.__version__ == version("metalearn-lab")
    assert citation["license"] == PROJECT["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_the_set_ups_of_make_and_conda_have_the_same_extras():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installed = re.findall(r"-e '\.\[([a-z,]+)\]'", makefile)
    assert set(installed) == {",".join(PROJECT["optional-dependencies"])}
    assert {canonicalize_name(each.name) for each in direct_dependencies()} == (
        BY_CONDA.keys() - {"python"} | BY_CONDA_PIP.keys()
    )


def test_the_installed_package_is_whole_and_not_a_bare_namespace(tmp_path):
    """An installation made before the package had an `__init__` has its folders, not its names."""
    code = "from metalearn_lab import load_table, MAML; print(load_table.__module__, MAML.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stderr}\nInstall the package again: pip install -e ."
    assert done.stdout == "metalearn_lab.tasks.sources MAML\n"


def test_ci_runs_make_test_all_and_nothing_else():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert commands[-1] == "exec make test-all"
    assert [line.split()[0] for line in commands[:-1]] == ["set", "cd"]
