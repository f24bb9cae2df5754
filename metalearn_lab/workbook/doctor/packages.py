"""The installed packages: within the ranges, and the versions that were tested."""

from __future__ import annotations

from pathlib import Path

from packaging.utils import canonicalize_name

from metalearn_lab.workbook.doctor.finding import Finding, fail, ok, warn
from metalearn_lab.workbook.environment import pip_arguments, requirements


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
