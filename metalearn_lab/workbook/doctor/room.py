"""Room: on the disk, in memory, and cores to compute on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from metalearn_lab.workbook.doctor.finding import Finding, fail, ok, warn

GB = 1e9
# A run of all chapters writes 6 MB, a sweep of 200 runs 0.2 GB; sets from the hub add to it.
_LEAST_DISK, _GOOD_DISK = 0.2 * GB, 1.0 * GB
_BUSY = 80  # per cent
# A chapter's kernel takes up to 0.7 GB; a browser with JupyterLab as much again, or more.
_LEAST_MEMORY, _GOOD_MEMORY = 1.0 * GB, 2.5 * GB


def disk(folders: dict[str, Path]) -> list[Finding]:
    """Free space where things are kept; folders on one disk are one line.

    Args:
        folders: by what they hold.
    """
    names_on: dict[int, list[str]] = {}
    for name, folder in folders.items():
        names_on.setdefault(folder.stat().st_dev, []).append(name)
    return [_disk(folders[names[0]], ", ".join(names)) for names in names_on.values()]


def _disk(folder: Path, holds: str) -> Finding:
    free = shutil.disk_usage(folder).free
    found = f"{free / GB:.1f} GB free for {holds} ({folder})"
    if free < _LEAST_DISK:
        return fail("disk", found, "free 1 GB there: old runs in runs/, downloads, the bin")
    if free < _GOOD_DISK:
        return warn("disk", found, "a term's sweeps and downloads may take 1 GB: free some first")
    return ok("disk", found)


def memory() -> Finding:
    """Memory that is free now."""
    import psutil

    usage = psutil.virtual_memory()
    found = f"{usage.available / GB:.1f} of {usage.total / GB:.1f} GB free"
    if usage.available < _LEAST_MEMORY:
        return fail(
            "memory",
            found,
            "close other programs, above all browser tabs and kernels that are not in use; "
            "if it stays so, take Colab",
        )
    if usage.available < _GOOD_MEMORY:
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
