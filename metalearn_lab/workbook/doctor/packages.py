"""The installed packages: within the ranges, and the versions that were tested."""

from __future__ import annotations

from pathlib import Path

from packaging.utils import canonicalize_name

from metalearn_lab.workbook.doctor.finding import Finding, fail, ok, warn
from metalearn_lab.workbook.environment import Installed, requirements


def packages(constraints: Path) -> Finding:
    """What the package asks for against what is there.

    Args:
        constraints: the file of tested versions of a clone.
    """
    required = requirements()
    if wrong := [each for each in required if not each.ok]:
        wanted = " ".join(f"'{each.name}{each.wanted}'" for each in wrong)
        return fail("packages", "; ".join(map(_state, wrong)), f"pip install {wanted}")
    if not constraints.is_file():
        return ok("packages", f"all {len(required)} within their ranges")
    return _against_pins(required, tested_versions(constraints))


def _against_pins(required: list[Installed], tested: dict[str, str]) -> Finding:
    others = [
        f"{each.name} {each.found} (tested: {tested[canonicalize_name(each.name)]})"
        for each in required
        if not _is_tested(each, tested)
    ]
    if others:
        return warn(
            "packages",
            f"all within their ranges; {len(others)} not as tested: {', '.join(others)}",
            "only if something goes wrong: pip install -c constraints.txt -e .",
        )
    return ok("packages", f"all {len(required)} as tested")


def _is_tested(each: Installed, tested: dict[str, str]) -> bool:
    """A build's name after the plus sign, as in 2.13.0+cpu, makes no other version."""
    pinned = tested.get(canonicalize_name(each.name))
    return pinned is None or (each.found or "").partition("+")[0] == pinned


def tested_versions(constraints: Path) -> dict[str, str]:
    """The pinned version by canonical name."""
    lines = constraints.read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if "==" in line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def _state(each: Installed) -> str:
    return f"{each.name} {each.found or 'missing'}, needed {each.wanted}"
