"""What a result was computed on: versions and device, to be written beside every result."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

DISTRIBUTION = "metalearn-lab"


class Installed(NamedTuple):
    """One requirement of the package, and what is there.

    Attributes:
        name: the distribution's name.
        wanted: the versions that will do, e.g. ``>=2.11``; empty is any.
        found: the installed version, or None.
    """

    name: str
    wanted: str
    found: str | None

    @property
    def ok(self) -> bool:
        """Whether a version that will do is installed."""
        wanted = SpecifierSet(self.wanted)
        return self.found is not None and wanted.contains(self.found, prereleases=True)


def requirements(extra: str = "") -> list[Installed]:
    """What the package asks for, or what one of its extras adds, and what is installed of it."""
    declared = [Requirement(line) for line in importlib.metadata.requires(DISTRIBUTION) or []]
    return [
        Installed(wanted.name, str(wanted.specifier), installed_version(wanted.name))
        for wanted in declared
        if (wanted.marker is None) == (not extra)
        and (wanted.marker is None or wanted.marker.evaluate({"extra": extra}))
    ]


def pip_arguments(packages: Iterable[Installed]) -> str:
    """Packages as ``pip install`` takes them: ``'typer>=0.16' 'torch>=2.11'``."""
    return " ".join(f"'{package.name}{package.wanted}'" for package in packages)


def how_to_install(extra: str) -> str:
    """The commands that install an extra."""
    return (
        f"pip install '{DISTRIBUTION}[{extra}]', or in a clone: "
        f"pip install -c constraints.txt -e '.[{extra}]'"
    )


def installed_version(name: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def versions() -> dict[str, str]:
    """Python's version, this package's, and those of the packages it asks for."""
    installed = {"python": platform.python_version(), DISTRIBUTION: installed_version(DISTRIBUTION)}
    installed |= {package.name: package.found for package in requirements()}
    return {name: version for name, version in installed.items() if version}


def available_device() -> str:
    """The best device that is available, in words; a chapter may have been told to use another."""
    from metalearn_lab.tasks.devices import choose_device, device_in_words

    return device_in_words(choose_device())
