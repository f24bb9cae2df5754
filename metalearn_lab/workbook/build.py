"""Rebuild the committed notebooks from their text sources; `make notebooks` runs this module."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metalearn_lab.atomic_file import write_text
from metalearn_lab.workbook.chapters import CHAPTERS, select
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.kernel import KERNEL_ARGUMENTS, KERNEL_METADATA, KERNEL_NAME
from metalearn_lab.workbook.normalise import normalise
from metalearn_lab.workbook.source import read_source, source_path
from metalearn_lab.workbook.views import View, view_of

CELL_SECONDS = 600


def build_notebook(notebook: Path, *, cell_seconds: int = CELL_SECONDS) -> None:
    """Make one notebook from its text source: convert, execute in its folder, normalise, write.

    Args:
        notebook: where the result goes; its source is ``source/NAME.py`` beside it.
        cell_seconds: the longest that one cell may take, in seconds.

    Raises:
        WorkbookError: the source is missing or malformed, or a cell or a widget's callback
            failed. The notebook that was there stays as it was.
    """
    import nbformat

    content = view_of(read_source(source_path(notebook)), View.WORKBOOK, notebook.stem)
    content["metadata"] = dict(KERNEL_METADATA)
    _execute(content, notebook, cell_seconds)
    normalise(content)
    nbformat.validate(content)
    write_text(notebook, nbformat.writes(content) + "\n")


def _execute(content: Any, notebook: Path, cell_seconds: int) -> None:
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from tqdm import tqdm

    from metalearn_lab.workbook.listening_client import ListeningClient

    total = sum(cell["cell_type"] == "code" for cell in content["cells"])
    with tqdm(total=total, desc=notebook.stem, unit="cell") as bar:
        client = ListeningClient(
            content,
            timeout=cell_seconds,
            coalesce_streams=True,  # where prints are cut depends on timing
            kernel_name=KERNEL_NAME,
            extra_arguments=KERNEL_ARGUMENTS,
            resources={"metadata": {"path": str(notebook.parent)}},
            on_cell_complete=lambda **_: bar.update(),
        )
        try:
            client.execute()
        except CellExecutionError as error:
            failure = f"{error.ename}: {error.evalue}\n\n{error}"
        except CellTimeoutError:
            failure = f"took longer than {cell_seconds} s"
        except DeadKernelError:
            failure = "the kernel died (out of memory?)"
        else:
            if client.heard:
                raise WorkbookError(f"{notebook.stem}: {client.heard[0]}")
            return
    started = [
        index
        for index, cell in enumerate(content["cells"])
        if cell.get("execution_count") or "execution" in cell["metadata"]
    ]
    raise WorkbookError(f"{notebook.stem}, cell {max(started, default=0)}: {failure}")


def main(names: Sequence[str], folder: Path) -> int:
    """Rebuild the named chapters, or all; the exit status is 2 when one fails."""
    try:
        for chapter in select(names, CHAPTERS):
            build_notebook(folder / f"{chapter.name}.ipynb")
    except WorkbookError as error:
        sys.stderr.write(f"make notebooks: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path("notebooks").resolve()))
