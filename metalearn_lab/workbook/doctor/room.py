"""Room: on the disk, in memory, and cores to compute on."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from metalearn_lab.workbook.doctor.finding import Finding, fail, ok, warn

GB = 1e9
# A run of all chapters writes 6 MB, a sweep of 200 runs 0.2 GB; sets from the hub add to it.
_LEAST_DISK, _GOOD_DISK = 0.2 * GB, 1.0 * GB
_BUSY = 80  # per cent
# A chapter's kernel takes up to 0.7 GB; a browser with JupyterLab as much again, or more.
_LEAST_MEMORY, _GOOD_MEMORY = 1.0 * GB, 2.5 * GB


def disk(places: dict[str, Path]) -> list[Finding]:
    """Free space where things are kept; places on one disk are one line.

    Args:
        places: folders by what they hold.
    """
    names: dict[int, list[str]] = {}
    for name, place in places.items():
        names.setdefault(place.stat().st_dev, []).append(name)
    first = {device: places[each[0]] for device, each in names.items()}
    return [_disk(first[device], ", ".join(each)) for device, each in names.items()]


def _disk(place: Path, holds: str) -> Finding:
    free = shutil.disk_usage(place).free
    found = f"{free / GB:.1f} GB free for {holds} ({place})"
    if free < _LEAST_DISK:
        return fail("disk", found, "free 1 GB there: old runs in runs/, downloads, the bin")
    if free < _GOOD_DISK:
        return warn("disk", found, "a term's sweeps and downloads may take 1 GB: free some first")
    return ok("disk", found)


def environment_folder() -> Path:
    """Where this Python's packages are."""
    return Path(sys.prefix)


def memory() -> Finding:
    """Memory that is free now."""
    import psutil

    there = psutil.virtual_memory()
    found = f"{there.available / GB:.1f} of {there.total / GB:.1f} GB free"
    if there.available < _LEAST_MEMORY:
        return fail(
            "memory",
            found,
            "close other programs, above all browser tabs and kernels that are not in use; "
            "if it stays so, take Colab",
        )
    if there.available < _GOOD_MEMORY:
        return warn("memory", found, "open one chapter at a time and shut its kernel down after it")
    return ok("memory", found)


def cores() -> Finding:
    """Cores that this process may use, which is fewer than there are in many containers."""
    import psutil

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    busy = psutil.cpu_percent(interval=0.2)
    found = f"{usable or 1} usable, {busy:.0f} % busy now"
    if (usable or 1) < 2:
        return warn("cores", found, "one core does, but while a chapter trains all else waits")
    if busy > _BUSY:
        return warn("cores", found, "end what else computes here, or everything takes longer")
    return ok("cores", found)
