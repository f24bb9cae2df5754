"""Python itself, what it writes text in, and the clock it reads."""

from __future__ import annotations

import importlib.metadata
import locale
import platform
import struct
import sys
import time
from datetime import datetime
from pathlib import Path

from packaging.specifiers import SpecifierSet

from metalearn_lab.workbook.doctor.finding import Finding, fail, ok, warn
from metalearn_lab.workbook.environment import DISTRIBUTION

_DAY = 86_400


def python() -> Finding:
    """The version and whether it is a 64-bit one; PyTorch has no other."""
    version = platform.python_version()
    found = f"{version}, {8 * struct.calcsize('P')} bit, {sys.executable}"
    wanted = importlib.metadata.metadata(DISTRIBUTION)["Requires-Python"]
    remedy = "install a 64-bit Python 3.11, 3.12 or 3.13 from python.org, then `make lab` again"
    if struct.calcsize("P") != 8 or not SpecifierSet(wanted).contains(version, prereleases=True):
        return fail("Python", f"{found}; the workbook needs 64 bit and {wanted}", remedy)
    return ok("Python", found)


def text_encoding() -> Finding:
    """Whether text files and the terminal are UTF-8; Greek letters need it."""
    used = {locale.getpreferredencoding(False), getattr(sys.stdout, "encoding", None) or "utf-8"}
    if others := sorted(name for name in used if name.replace("-", "").lower() != "utf8"):
        return warn(
            "text",
            f"not UTF-8 but {' and '.join(others)}: Greek and Chinese letters may come out wrong",
            "set the environment variable PYTHONUTF8=1, and LANG=C.UTF-8 on Linux",
        )
    return ok("text", "UTF-8")


def clock(files: Path = Path(__file__)) -> Finding:
    """Whether the clock is behind the files: then make sets up anew and secure addresses fail."""
    shown = datetime.fromtimestamp(time.time()).astimezone().strftime("%Y-%m-%d %H:%M")
    if time.time() < files.stat().st_mtime - _DAY:
        return warn(
            "clock",
            f"{shown}, which is before these files were written",
            "set the date, or let the system take it from the network",
        )
    return ok("clock", shown)
