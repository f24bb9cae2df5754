"""What the site is built from: a folder of chapters, documents and a first page."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from metalearn_lab.workbook.answers import without_answers
from metalearn_lab.workbook.book.links import link_pages
from metalearn_lab.workbook.book.written_pages import API, api_page, start_page
from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.colab import COLAB_SETUP
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.facts import FACT_MIME
from metalearn_lab.workbook.folder import notebook_paths
from metalearn_lab.workbook.headline import HEADLINE_MIME
from metalearn_lab.workbook.notebook_file import read_notebook
from metalearn_lab.workbook.static_outputs import make_static

PICTURES = "pictures"
"""The folder of pictures, beside the pages."""
_TITLE = re.compile(r"^# ", re.MULTILINE)


def write_pages(
    chapters: Sequence[Chapter], folder: Path, pages: Path, *, with_answers: bool = False
) -> list[str]:
    """Write the executed chapters, every ``*.md`` beside them, and the page of public names.

    Args:
        chapters: in their order.
        folder: where the notebooks are.
        pages: an empty folder.
        with_answers: whether the folded answers to exercises are in the pages.

    Returns:
        The names of the pages, without their ending.

    Raises:
        WorkbookError: a notebook is missing, or a link leads nowhere.
    """
    notebooks = notebook_paths(chapters, folder)
    documents = sorted(folder.glob("*.md"))
    known = {path.name for path in [*notebooks.values(), *documents]}
    for chapter, path in notebooks.items():
        _write_chapter(chapter, path, pages, known, with_answers)
    for path in documents:
        text = _linked(path.read_text(encoding="utf-8"), path, known)
        (pages / path.name).write_text(text, encoding="utf-8")
    if (folder / "images").is_dir():
        shutil.copytree(folder / "images", pages / "images")
    (pages / f"{API}.md").write_text(api_page(), encoding="utf-8")
    beside = [*(path.stem for path in documents), API]
    (pages / "index.md").write_text(
        start_page(chapters, beside, with_answers=with_answers), encoding="utf-8"
    )
    return ["index", *(path.stem for path in notebooks.values()), *beside]


def _write_chapter(
    chapter: Chapter, path: Path, pages: Path, known: Collection[str], with_answers: bool
) -> None:
    import nbformat

    notebook = read_notebook(path)
    make_static(notebook)
    _take_pictures(notebook, path.stem, pages)
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            for mime in (HEADLINE_MIME, FACT_MIME):
                output.get("data", {}).pop(mime, None)
        if cell["cell_type"] == "markdown":
            text = cell["source"] if with_answers else without_answers(cell["source"])
            cell["source"] = _linked(text, path, known)
        elif cell["source"] == COLAB_SETUP:
            cell["metadata"]["tags"] = ["hide-input"]
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["source"]]
    first = notebook["cells"][0]
    first["source"] = _TITLE.sub(f"# {chapter.number:02d} ", first["source"], count=1)
    nbformat.write(notebook, pages / path.name)


def _linked(text: str, path: Path, known: Collection[str]) -> str:
    try:
        return link_pages(text, path.parent, known)
    except WorkbookError as error:
        raise WorkbookError(f"{path.name}: {error}") from None


def _take_pictures(notebook: Any, name: str, pages: Path) -> None:
    """Write each picture beside the page, and let the output name the file and its alt text.

    The site's tool chain would drop the alt text, which stands in the output's metadata.

    Args:
        notebook: an executed chapter, changed in place.
        name: of the chapter; the files are called after it.
        pages: the folder of the page.
    """
    outputs = [
        output
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {}) and "text/html" not in output["data"]
    ]
    (pages / PICTURES).mkdir(exist_ok=True)
    for number, output in enumerate(outputs, start=1):
        file = f"{PICTURES}/{name}_{number:02d}.png"
        (pages / file).write_bytes(base64.b64decode(output["data"]["image/png"]))
        about = output["metadata"].get("image/png", {})
        lines = [
            f"```{{image}} {file}",
            f":alt: {json.dumps(about.get('alt', ''), ensure_ascii=False)}",
            *([f":width: {about['width']}px"] if "width" in about else []),
            "```",
        ]
        output["data"] = {"text/markdown": "\n".join(lines)}
