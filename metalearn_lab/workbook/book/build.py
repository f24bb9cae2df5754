"""`metalearn-lab book`: the site, built by Sphinx from the executed chapters, whole or not at all.

Nothing is executed, and nothing is fetched: neither by the build nor by the pages.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from metalearn_lab.workbook.book.pages import write_pages
from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.environment import how_to_install, requirements
from metalearn_lab.workbook.errors import WorkbookError

EXTRA = "book"


def build_book(
    chapters: Sequence[Chapter], folder: Path, out: Path, *, with_answers: bool = False
) -> list[str]:
    """Build the site beside its place, and put it there when it is whole.

    A build that is killed leaves a hidden folder ``.NAME.…`` beside ``out`` and nothing in it.

    Args:
        chapters: in their order.
        folder: where the executed notebooks are.
        out: a new or empty folder.
        with_answers: whether the folded answers to exercises are in the pages.

    Returns:
        The names of the pages, without their ending.

    Raises:
        WorkbookError: the extra ``book`` is not installed, the folder holds something, a notebook
            is missing, a link leads nowhere, or Sphinx warned of something.
    """
    if missing := [package.name for package in requirements(EXTRA) if not package.ok]:
        raise WorkbookError(
            f"the site is built by packages that are not installed ({', '.join(missing)}): "
            f"{how_to_install(EXTRA)}"
        )
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise WorkbookError(f"the folder {out} is not empty: name a new one for the site")
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as beside:
        pages, work, site = (Path(beside, name).absolute() for name in ("pages", "work", "site"))
        pages.mkdir()
        names = write_pages(chapters, folder, pages, with_answers=with_answers)
        _sphinx(pages, work, site)
        site.replace(out)
    return names


def _sphinx(pages: Path, work: Path, site: Path) -> None:
    """In a process of its own, because Sphinx registers much that outlives a build.

    Raises:
        WorkbookError: with what Sphinx says is wrong.
    """
    places = ["-c", str(Path(__file__).parent), "-d", str(work), str(pages), str(site)]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", *places],
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        warnings = done.stderr.replace(f"{pages}/", "").strip()
        raise WorkbookError(f"the site was not built, because Sphinx found this:\n{warnings}")
    (site / ".buildinfo").unlink()
