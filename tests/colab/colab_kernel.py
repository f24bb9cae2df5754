"""Notebooks run as Colab runs them: its packages, and a shell whose class is Colab's by name.

The address that the first cell installs from leads to a clone of this working tree, by a setting
of git, so the cell itself runs as it stands.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from metalearn_lab.workbook.chapters import BRANCH, REPOSITORY
from metalearn_lab.workbook.listening_client import ListeningClient

ROOT = Path(__file__).resolve().parents[2]
CELL_SECONDS = 300
SHELL = """\
class _Shell(type(get_ipython())):
    pass
_Shell.__module__ = "google.colab._shell"
get_ipython().__class__ = _Shell
"""


def make_clone(folder: Path) -> Path:
    """A repository in a folder with what the package is built from, as it is here now."""
    hidden = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "metalearn_lab", folder / "metalearn_lab", ignore=hidden)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost"]
    for command in (["init", "-q", "-b", BRANCH], ["add", "."], ["commit", "-q", "-m", "now"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    return folder


def run(notebook: Any, folder: Path, clone: Path, colab: bool = True) -> list[str]:
    """Execute a notebook in a kernel of its own; a line for each error that a widget hid.

    Args:
        notebook: changed in place.
        folder: where the kernel starts and keeps its files.
        clone: what the repository's address leads to.
        colab: whether the shell is Colab's by name.
    """
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "shell.py").write_text(SHELL if colab else "", encoding="utf-8")
    place = {"metadata": {"path": str(folder)}}
    client = ListeningClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", resources=place)
    # An event loop of its own, which is closed at the end, in whichever thread this is.
    asyncio.run(client.async_execute(env=_environment(folder, clone)))
    return client.heard


def _environment(folder: Path, clone: Path) -> dict[str, str]:
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "IPYTHONDIR": str(folder / "ipython"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{clone.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{REPOSITORY}",
        "OMP_NUM_THREADS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
