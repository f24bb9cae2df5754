"""The script that writes the pins of Colab's runtime, and the file that it wrote."""

from __future__ import annotations

import re
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from metalearn_lab.workbook.colab import COLAB_LACKS
from tests.colab import update_runtime
from tests.colab.update_runtime import DEVIATIONS, NOT_THERE, PINS, USED_THERE, published, runtime

DEPENDENCIES = ["torch>=2.11", "PyYAML>=6", "papermill>=2.7", "hassil>=3"]
LIST = """\
# Do not modify this file directly.
ipython==7.34.0
notebook==6.5.7
pip==24.1.2
pytest==8.4.2
PyYAML==6.0.3
sentence-transformers==5.7.0
setuptools==75.2.0
torch @ https://host/whl/torch-2.11.0%2Bcpu-cp313-cp313-manylinux_2_28_x86_64.whl
transformers==5.15.0
unrelated @ file:///somewhere/unrelated-1.0.tar.gz
"""


def everything(names, kept):
    """pip, when nothing needs anything else."""
    return [*names, "jedi"]


def written(text=LIST, dependencies=DEPENDENCIES, resolve=everything):
    return runtime(text, "2026-08-19", "3.13.15", dependencies, resolve)


def test_the_pins_are_colabs_but_for_the_deviations_which_are_said():
    lines = written().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "ipython==7.34.0",
        "notebook==6.5.7",
        "pip==24.1.2",
        "pytest==8.4.2",
        "PyYAML==6.0.3",
        "sentence-transformers==5.7.0",
        "setuptools==77.0.3",
        "torch==2.13.0",
        "transformers==5.15.0",
    ]
    assert "runtime of 2026-08-19" in lines[0]
    assert any(line.startswith("#   torch: 2.11.0+cpu there, 2.13.0 here: ") for line in lines)
    assert any(line.startswith("#   jedi: not there, not here: ") for line in lines)


def test_the_same_list_in_any_order_gives_the_same_file():
    assert written("\n".join(reversed(LIST.splitlines()))) == written()


def test_what_pip_adds_is_pinned_as_colab_has_it_and_pip_is_held_to_the_list():
    def resolve(names, kept):
        assert "parso==0.8.7" in kept
        assert "torch==2.13.0" in kept
        assert not [pin for pin in kept if pin.startswith(("unrelated", "jedi"))]
        return [*names, "Parso"]

    assert "parso==0.8.7\n" in written(LIST + "parso==0.8.7\n", resolve=resolve)


@pytest.mark.parametrize(
    ("text", "dependencies", "resolve"),
    [
        (LIST, [*DEPENDENCIES, "parso>=0.8"], everything),
        (LIST, DEPENDENCIES, lambda names, kept: [*names, "parso"]),
        (LIST + "parso @ file:///parso.tar.gz\n", [*DEPENDENCIES, "parso"], everything),
    ],
    ids=["a dependency", "what a dependency needs", "no version"],
)
def test_a_list_that_lacks_what_is_needed_is_refused(text, dependencies, resolve):
    with pytest.raises(ValueError, match=r"no version of parso, which the workbook needs.*NOT_TH"):
        written(text, dependencies, resolve)


@pytest.mark.parametrize("line", ["-e git+https://host/x", "numpy>=2.1", "numpy 2.1.3", "numpy"])
def test_a_line_that_is_none_of_pip_freeze_is_refused(line):
    with pytest.raises(ValueError, match=f"line 2 is no line of `pip freeze`.*{re.escape(line)}"):
        published(f"# a list\n{line}\n")


def test_the_command_rewrites_the_pins_or_says_why_not(tmp_path, monkeypatch):
    listed, pins = tmp_path / "pip-freeze.txt", tmp_path / "runtime.txt"
    listed.write_text("numpy 2.1.3\n")
    pins.write_text("as it was")
    monkeypatch.setattr(update_runtime, "PINS", pins)
    monkeypatch.setattr(sys, "argv", ["update_runtime", str(listed), "2026-08-19", "3.13.15"])
    with pytest.raises(SystemExit, match=r"pip-freeze\.txt: line 1 is no line of `pip freeze`"):
        update_runtime.main()
    assert pins.read_text() == "as it was"


# ------------------------------------------------------------------------- the committed file
TEXT = PINS.read_text(encoding="utf-8")
PROJECT = tomllib.loads((update_runtime.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RANGES = {
    canonicalize_name(each.name): each.specifier
    for each in map(Requirement, PROJECT["project"]["dependencies"])
}


def test_the_committed_pins_are_the_workbooks_needs_within_their_ranges():
    pinned = {name: package.version for name, package in published(TEXT).items()}
    assert RANGES.keys() - set(NOT_THERE) | set(USED_THERE) <= pinned.keys()
    for name in RANGES.keys() & pinned.keys():
        assert RANGES[name].contains(pinned[name]), name


def test_what_colab_has_in_place_of_a_deviation_is_in_range_too():
    for name, there in re.findall(r"^#   ([\w.-]+): (\d[^ ]*) there", TEXT, re.M):
        if name != "Python":
            assert RANGES.get(name, SpecifierSet()).contains(there), name
        else:
            assert SpecifierSet(PROJECT["project"]["requires-python"]).contains(there)


def test_every_deviation_is_said_in_the_committed_file():
    assert re.findall(r"^#   ([\w.-]+): ", TEXT, re.M) == ["Python", *sorted(DEVIATIONS)]


def test_what_colab_lacks_is_not_among_the_pins():
    absent = {*NOT_THERE, *COLAB_LACKS, *(n for n, each in DEVIATIONS.items() if not each.version)}
    assert not absent & published(TEXT).keys()


def test_the_readme_names_the_runtime(repository):
    [date] = re.findall(r"runtime of (\d{4}-\d\d-\d\d)", TEXT)
    assert f"runtime of {date}" in (repository / "README.md").read_text(encoding="utf-8")
