"""The machine: its disk, memory, cores, graphics card and network."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from threading import Thread

from metalearn_lab.workbook.doctor.finding import Finding, fail, ok, warn

GB = 1e9
# A run of all chapters writes 6 MB, a sweep of 200 runs 0.2 GB; sets from the hub add to it.
_LEAST_DISK, _GOOD_DISK = 0.2 * GB, 1.0 * GB
_BUSY = 80  # per cent
# A chapter's kernel takes up to 0.7 GB; a browser with JupyterLab as much again, or more.
_LEAST_MEMORY, _GOOD_MEMORY = 1.0 * GB, 2.5 * GB

_QUERY = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
_GOOD_CARD_MEMORY = 2.0 * GB
_OTHER_BUILD = "install a build for it as README.md says under 'On a GPU'"
HUB = ("huggingface.co", 443)
HUB_SECONDS = 2.0


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


def gpu() -> Finding:
    """A card that PyTorch can use, one that it cannot, or none, which does for every chapter."""
    import torch

    if torch.cuda.is_available():
        name, (free, total) = torch.cuda.get_device_name(), torch.cuda.mem_get_info()
        found = f"{name}, {free / GB:.1f} of {total / GB:.1f} GB free, CUDA {torch.version.cuda}"
        if free >= _GOOD_CARD_MEMORY:
            return ok("GPU", found)
        remedy = "end other programs that use it (`nvidia-smi` lists them), or device='cpu'"
        return warn("GPU", found, remedy)
    card = card_of_driver()
    if card is None:
        return ok("GPU", "none; every chapter runs without one")
    if torch.version.cuda is None:
        return warn("GPU", f"{card}, but torch {torch.__version__} is for CPUs", _OTHER_BUILD)
    return warn(
        "GPU",
        f"{card}, but torch {torch.__version__} for CUDA {torch.version.cuda} cannot use it",
        f"update the card's driver, or {_OTHER_BUILD}",
    )


def card_of_driver() -> str | None:
    """Name and driver as the driver's own tool says; None without the tool or a card."""
    if not shutil.which(_QUERY[0]):
        return None
    try:
        done = subprocess.run(_QUERY, capture_output=True, text=True, timeout=3, check=False)
    except subprocess.TimeoutExpired:
        return "a card whose driver does not answer"
    name, _, driver = (done.stdout.splitlines() or [""])[0].partition(",")
    return f"{name}, driver {driver.strip()}" if done.returncode == 0 and name else None


def network() -> Finding:
    """Whether the hub can be reached, which only sets from it need; nothing is asked of it."""
    reached: list[bool] = []
    # Looking up a name may wait far longer than any limit on the connection.
    thread = Thread(target=_connect, args=(reached,), daemon=True)
    thread.start()
    thread.join(HUB_SECONDS)
    if not reached:
        return ok("network", f'{HUB[0]} not reached: all runs without it but source="hub"')
    return ok("network", f'{HUB[0]} reached, for source="hub"')


def _connect(reached: list[bool]) -> None:
    with suppress(OSError):
        socket.create_connection(HUB, timeout=HUB_SECONDS).close()
        reached.append(True)
