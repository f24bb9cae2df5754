"""The machine's own C compiler."""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from metalearn_lab.compiled.not_compilable import NotCompilable

_ALWAYS = (
    *("-std=gnu11", "-fPIC", "-w", "-fno-math-errno", "-fvisibility=hidden"),
    *("-O2", "-funroll-loops"),
)
_FLAGS = (
    ("-march=native", "-pthread"),
    ("-pthread",),
    ("-DALONE",),
)
"""Tried in order: not every compiler knows the machine it runs on, or has POSIX threads."""


@functools.cache
def load_library(units: tuple[str, ...]) -> ctypes.CDLL:
    """Compile C texts, side by side, and load them; the same are compiled once in a process.

    Raises:
        NotCompilable: there is no C compiler, or it refuses a text.
    """
    compiler = find_compiler()
    complaints = ""
    with tempfile.TemporaryDirectory(prefix="metalearn-lab-") as folder:
        for place, unit in enumerate(units):
            Path(folder, f"unit{place}.c").write_text(unit, encoding="utf-8")
        for flags in _FLAGS:
            command = [compiler, *_ALWAYS, *flags]
            complaints = _compile(command, Path(folder), len(units))
            if not complaints:
                return ctypes.CDLL(str(Path(folder, "step.so")))
    raise NotCompilable(f"{compiler} refuses the compiled step: {complaints.strip()[-500:]}")


def _compile(command: list[str], folder: Path, count: int) -> str:
    """Make ``step.so`` of the units in a folder; what the compiler complains of, if it fails."""
    objects = [str(folder / f"unit{place}.o") for place in range(count)]
    running = [
        subprocess.Popen(
            [*command, "-c", str(Path(name).with_suffix(".c")), "-o", name],
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in objects
    ]
    said = [process.communicate()[1] for process in running]
    failed = [text for process, text in zip(running, said, strict=True) if process.returncode]
    if failed:
        return failed[0] or "no reason given"
    library = [*command, "-shared", *objects, "-o", str(folder / "step.so"), "-lm"]
    linked = subprocess.run(library, capture_output=True, text=True, check=False)
    return (linked.stderr or "no reason given") if linked.returncode else ""


def find_compiler() -> str:
    """The C compiler: the environment's ``CC``, or ``cc``, ``gcc``, ``clang`` on the path.

    Raises:
        NotCompilable: there is none.
    """
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        if name and shutil.which(name):
            return name
    raise NotCompilable(
        "there is no C compiler on this machine: install gcc or clang to train faster"
    )
