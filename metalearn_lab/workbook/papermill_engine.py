"""The engine with which papermill fails a notebook for an exception that a widget kept."""

from __future__ import annotations

from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.listening_client import Listener

ENGINE = "metalearn-lab"
"""Its name, for papermill."""


class _Client(Listener, PapermillNotebookClient):  # type: ignore[misc]
    """The client of papermill that listens."""


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


def _shows_error(notebook: Any) -> bool:
    """Whether papermill finds an exception by itself, in the output of a cell."""
    return any(
        output["output_type"] == "error"
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
    )


papermill_engines.register(ENGINE, ListeningEngine)
