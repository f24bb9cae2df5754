"""Links of a chapter as links of a page: to other pages, or to the repository on the web."""

from __future__ import annotations

import os.path
import re
from collections.abc import Collection
from pathlib import Path

from metalearn_lab.workbook.chapters import BRANCH, REPOSITORY
from metalearn_lab.workbook.errors import WorkbookError

_FENCED = re.compile(r"(^```.*?^```)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\[\]]*)\]\((?P<target>[^)\s]+)\)")
_ELSEWHERE = re.compile(r"[a-z]+:")


def link_pages(text: str, folder: Path, pages: Collection[str]) -> str:
    """The text with links that hold on a web site; what stands in a fence stays as it is.

    A link to a chapter or a document keeps its file name, and the anchor that JupyterLab gives a
    heading becomes the one that the page has. A link to any other file leads to the repository.

    Args:
        text: Markdown.
        folder: where the text comes from, inside the repository.
        pages: the file names that become pages.

    Raises:
        WorkbookError: there is no such file.
    """

    def renewed(link: re.Match[str]) -> str:
        if link["image"]:
            return link[0]
        return f"[{link['text']}]({_target(link['target'], folder, pages)})"

    parts = _FENCED.split(text)
    parts[::2] = [_LINK.sub(renewed, part) for part in parts[::2]]
    return "".join(parts)


def _target(target: str, folder: Path, pages: Collection[str]) -> str:
    if _ELSEWHERE.match(target):
        return target
    name, hash_, anchor = target.partition("#")
    if not name or name in pages:
        return f"{name}{hash_}{page_anchor(anchor)}"
    return f"{_on_the_web(name, folder)}{hash_}{anchor}"


def page_anchor(heading: str) -> str:
    """The anchor of a heading on a page, from JupyterLab's: ``What-leaks`` is ``what-leaks``."""
    return re.sub(r"[^\w\-]", "", heading.lower())


def _on_the_web(name: str, folder: Path) -> str:
    file = Path(os.path.normpath(folder / name))
    if not file.exists():
        raise WorkbookError(f"a link leads to {name}, and there is no file {file}")
    kind = "tree" if file.is_dir() else "blob"
    path = file.relative_to(folder.parent).as_posix()
    return f"https://github.com/{REPOSITORY}/{kind}/{BRANCH}/{path}"
