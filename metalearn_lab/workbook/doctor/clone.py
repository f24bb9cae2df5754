"""The clone: its notebooks, and the installed packages beside those that it was tested with."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from packaging.utils import canonicalize_name

from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.doctor.finding import Finding, fail, ok, warn
from metalearn_lab.workbook.environment import pip_arguments, requirements

NO_CLONE = "git clone the repository and run this inside it"


def notebooks(folder: Path) -> Finding:
    """Every chapter of the workbook in a folder where changes can be saved."""
    paths = {chapter.name: folder / f"{chapter.name}.ipynb" for chapter in CHAPTERS}
    if missing := [name for name, path in paths.items() if not path.is_file()]:
        return fail(
            "notebooks",
            f"{', '.join(missing)} not in {folder}",
            "git restore notebooks, or clone again",
        )
    if broken := [name for name, path in paths.items() if not _has_cells(path)]:
        return fail(
            "notebooks",
            f"{', '.join(broken)} in {folder} cannot be read as a notebook",
            "git restore notebooks, or clone again; save a copy first if you have worked in it",
        )
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return fail(
            "notebooks",
            f"nothing can be saved in {folder}: {error.strerror}",
            "copy the clone to a folder of your own, such as your home folder, and go on there",
        )
    return ok("notebooks", f"all {len(CHAPTERS)} chapters in {folder}, which can be written")


def _has_cells(path: Path) -> bool:
    """Whether a file holds a notebook: one that is cut short or has merge marks holds none."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(notebook, dict) and bool(notebook.get("cells"))


def packages(constraints: Path) -> Finding:
    """What the package asks for against what is there.

    Args:
        constraints: the file of tested versions of a clone.
    """
    required = requirements()
    if wrong := [package for package in required if not package.ok]:
        lacking = [f"{p.name} {p.found or 'missing'}, needed {p.wanted}" for p in wrong]
        return fail("packages", "; ".join(lacking), f"pip install {pip_arguments(wrong)}")
    if not constraints.is_file():
        return ok("packages", f"all {len(required)} within their ranges")
    tested = _tested_versions(constraints)
    untested = [
        f"{package.name} {package.found} (tested: {version})"
        for package in required
        if (version := tested.get(canonicalize_name(package.name)))
        # a build's name after the plus sign, as in 2.13.0+cpu, makes no other version
        and (package.found or "").partition("+")[0] != version
    ]
    if untested:
        return warn(
            "packages",
            f"all within their ranges; {len(untested)} not as tested: {', '.join(untested)}",
            "only if something goes wrong: pip install -c constraints.txt -e .",
        )
    return ok("packages", f"all {len(required)} as tested")


def _tested_versions(constraints: Path) -> dict[str, str]:
    """The pinned version by canonical name."""
    lines = constraints.read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if "==" in line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}
