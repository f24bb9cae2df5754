"""What a result was computed on: versions and device, to be written beside every result."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import dataclass

from packaging.requirements import Requirement

DISTRIBUTION = "metalearn-lab"


@dataclass(frozen=True)
class Installed:
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
        requirement = Requirement(f"{self.name}{self.wanted}")
        return self.found is not None and requirement.specifier.contains(
            self.found, prereleases=True
        )


def requirements(extra: str = "") -> list[Installed]:
    """What the package asks for, or what one of its extras adds, and what is installed of it."""
    declared = [Requirement(line) for line in importlib.metadata.requires(DISTRIBUTION) or []]
    return [
        Installed(each.name, str(each.specifier), installed_version(each.name))
        for each in declared
        if (each.marker is None) == (not extra)
        and (each.marker is None or each.marker.evaluate({"extra": extra}))
    ]


def installed_version(name: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def versions() -> dict[str, str]:
    """Python's version, this package's, and those of the packages it asks for."""
    found = {each.name: each.found for each in requirements()}
    own = {"python": platform.python_version(), DISTRIBUTION: installed_version(DISTRIBUTION)}
    return {name: version for name, version in (own | found).items() if version}


def available_device() -> str:
    """The best device that is available, in words; a chapter may have been told to use another."""
    from metalearn_lab.tasks.devices import choose_device, device_in_words

    return device_in_words(choose_device())
