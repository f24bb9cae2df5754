"""The machine's own C compiler."""

from __future__ import annotations

import ctypes
import functools
import os
import shlex
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
        NotCompilable: there is no C compiler, it refuses a text, or the temporary folder cannot be
            written or may not hold what is executed.
    """
    compiler = find_compiler()
    try:
        with tempfile.TemporaryDirectory(prefix="metalearn-lab-") as folder:
            return _compiled_in(Path(folder), compiler, units)
    except OSError as error:
        raise NotCompilable(
            f"the compiled step cannot be made or loaded in the temporary folder ({error}): set "
            "TMPDIR to a folder with free space whose file system allows execution"
        ) from error


def _compiled_in(folder: Path, compiler: list[str], units: tuple[str, ...]) -> ctypes.CDLL:
    for number, unit in enumerate(units):
        (folder / f"unit{number}.c").write_text(unit, encoding="utf-8")
    complaints = ""
    for flags in _FLAGS:
        # The user's own words come last, where they count.
        complaints = _compile([compiler[0], *_ALWAYS, *flags, *compiler[1:]], folder, len(units))
        if not complaints:
            return ctypes.CDLL(str(folder / "step.so"))
    raise NotCompilable(
        f"{shlex.join(compiler)} refuses the compiled step: {complaints.strip()[-500:]}"
    )


def _compile(command: list[str], folder: Path, count: int) -> str:
    """Make ``step.so`` of the units in a folder; what the compiler complains of, if it fails."""
    objects = [str(folder / f"unit{number}.o") for number in range(count)]
    running = [
        subprocess.Popen(
            [*command, "-c", str(Path(name).with_suffix(".c")), "-o", name],
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in objects
    ]
    complaints = [process.communicate()[1] for process in running]
    for process, complaint in zip(running, complaints, strict=True):
        if process.returncode:
            return complaint or "no reason given"
    library = [*command, "-shared", *objects, "-o", str(folder / "step.so"), "-lm"]
    linked = subprocess.run(library, capture_output=True, text=True, check=False)
    return (linked.stderr or "no reason given") if linked.returncode else ""


def find_compiler() -> list[str]:
    """The C compiler and its first arguments: the environment's ``CC``, or what is on the path.

    Raises:
        NotCompilable: there is none, or ``CC`` names none.
    """
    if wanted := os.environ.get("CC", "").strip():
        return _words_of(wanted)
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return [name]
    raise NotCompilable(
        "there is no C compiler on this machine: install gcc or clang to train faster"
    )


def _words_of(wanted: str) -> list[str]:
    """The words of ``CC``, as a shell would read them; a path with spaces is one word."""
    if shutil.which(wanted):
        return [wanted]
    try:
        words = shlex.split(wanted)
    except ValueError:  # a quotation mark that is never closed
        words = []
    if not words or not shutil.which(words[0]):
        raise NotCompilable(
            f"the environment's CC={wanted!r} names no C compiler that is here: unset it, or name "
            "one, as CC='gcc -O3'"
        )
    return words
