"""The machine's own C compiler."""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from metalearn_lab.compiled.not_compilable import NotCompilable

_ALWAYS = ("-std=gnu11", "-shared", "-fPIC", "-w", "-fno-math-errno")
_FLAGS = (
    ("-O2", "-march=native", "-fopenmp"),
    ("-O2", "-march=native"),
    ("-O2",),
)
"""Tried in order: not every compiler has OpenMP, or knows the machine it runs on."""


@functools.cache
def load_library(text: str) -> ctypes.CDLL:
    """Compile C text and load it; the same text is compiled once in a process.

    Raises:
        NotCompilable: there is no C compiler, or it refuses the text.
    """
    compiler = find_compiler()
    with tempfile.TemporaryDirectory(prefix="metalearn-lab-") as folder:
        source, library = Path(folder, "step.c"), Path(folder, "step.so")
        source.write_text(text, encoding="utf-8")
        complaints = ""
        for flags in _FLAGS:
            command = [compiler, *_ALWAYS, *flags, str(source)]
            done = subprocess.run(
                [*command, "-o", str(library), "-lm"], capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                with _short_waits():
                    return ctypes.CDLL(str(library))
            complaints = done.stderr
    raise NotCompilable(f"{compiler} refuses the compiled step: {complaints.strip()[-500:]}")


@contextmanager
def _short_waits() -> Iterator[None]:
    """Let OpenMP's threads give their core back after microseconds of waiting, not milliseconds.

    On a busy machine a thread that spins takes the core from the one it waits for: measured, a
    step takes 3 to 8 times as long. OpenMP reads this once, when it is loaded.
    """
    if "GOMP_SPINCOUNT" in os.environ or "OMP_WAIT_POLICY" in os.environ:
        yield
        return
    os.environ["GOMP_SPINCOUNT"] = "5000"
    try:
        yield
    finally:
        del os.environ["GOMP_SPINCOUNT"]


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
