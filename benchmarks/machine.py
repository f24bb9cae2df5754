"""What the timings were taken on and with."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = ("torch", "jax", "optax", "learn2learn", "higher", "torchopt")


def machine(libraries: Sequence[str] = LIBRARIES) -> dict[str, object]:
    """Columns that every row of a table ends with."""
    return {
        "versions": ", ".join(f"{name} {version_of(name)}" for name in libraries),
        "python": platform.python_version(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "date": date.today().isoformat(),
    }


def version_of(library: str) -> str:
    """The installed version; learn2learn is unpacked without its description."""
    if library == "learn2learn":
        from benchmarks.unpack_learn2learn import VERSION

        return VERSION
    try:
        return version(library)
    except PackageNotFoundError:
        return "absent"


def processor() -> str:
    """The processor's name."""
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
