"""What papermill runs our notebooks with: an engine that listens, and files that are whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.iorw import papermill_io

from metalearn_lab.atomic_file import write_text
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.facts import collect_facts
from metalearn_lab.workbook.listening_client import Listener

ENGINE = "metalearn-lab"
"""Its name, for papermill."""
WHOLE = "whole-file:"
"""What the addresses of files begin with that are written whole or not at all."""


def address(path: Path) -> str:
    """A file for papermill, which fills parameters into braces and prints what is called ``-``."""
    return WHOLE + str(path.absolute()).replace("{", "{{").replace("}", "}}")


class _WholeFiles:
    """How papermill reads and writes such addresses."""

    @staticmethod
    def read(place: str) -> str:
        return Path(place.removeprefix(WHOLE)).read_text(encoding="utf-8")

    @staticmethod
    def write(content: str, place: str) -> None:
        write_text(Path(place.removeprefix(WHOLE)), content)

    @staticmethod
    def pretty_path(place: str) -> str:
        return place.removeprefix(WHOLE)


class _Client(Listener, PapermillNotebookClient):  # type: ignore[misc]
    """The client of papermill that listens, and does not wait for a kernel that is stopped."""

    def papermill_execute_cells(self) -> None:
        """Execute the cells; papermill calls this."""
        try:
            super().papermill_execute_cells()
        except KeyboardInterrupt:
            self.shutdown_kernel = "immediate"
            raise


class ListeningEngine(NBClientEngine):  # type: ignore[misc]
    """Papermill's engine, which fails a notebook for an exception that no output shows."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        extra_arguments: list[str],
        execution_timeout: int | None = None,
        **_: Any,
    ) -> None:
        """Execute the notebook; papermill calls this.

        Raises:
            WorkbookError: a widget kept an exception to itself.
        """
        client = _Client(
            nb_man,
            kernel_name=kernel_name,
            extra_arguments=extra_arguments,
            startup_timeout=60,
            timeout=execution_timeout,
        )
        client.execute()
        if client.heard and not _shows_error(nb_man.nb):
            raise WorkbookError(client.heard[0])
        lost = len(client.facts) - len(collect_facts(nb_man.nb))
        if lost > 0:
            raise WorkbookError(
                f"{lost} of {len(client.facts)} facts are not in the notebook: show a fact outside "
                "of Output widgets, and do not clear it"
            )


def _shows_error(notebook: Any) -> bool:
    """Whether papermill finds an exception by itself, in the output of a cell; no `sys.exit()`."""
    return any(
        output["output_type"] == "error" and output["ename"] != "SystemExit"
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
    )


papermill_engines.register(ENGINE, ListeningEngine)
papermill_io.register(WHOLE, _WholeFiles)
