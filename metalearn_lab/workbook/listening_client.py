"""Notebook clients that hear of every exception, also of one that a widget keeps to itself.

A callback that raises inside `interactive_output` or ``with Output():`` does not stop the notebook:
the traceback lands in the Output widget, the next drawing wipes it away, and papermill reports
success. The kernel says it once, when it happens: that is where we listen.
"""

from __future__ import annotations

from typing import Any

from nbclient import NotebookClient
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from metalearn_lab.workbook.errors import WorkbookError

ENGINE = "metalearn-lab"
"""Name of the engine, for papermill."""


class _Listener:
    """Notes each exception that the kernel reports, in one line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heard: list[str] = []

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Listen, and go on as usual."""
        if msg["msg_type"] == "error":
            error = msg["content"]
            where = f"in a widget of cell {cell_index}"
            self.heard.append(f"{error['ename']} {where}: {error['evalue']}")
        return super().process_message(msg, cell, cell_index)  # type: ignore[misc]


class ListeningClient(_Listener, NotebookClient):
    """A client of nbclient; ``heard`` has a line for each exception, in order.

    One that ends its cell is among them and is raised as ever.
    """


class _PapermillClient(_Listener, PapermillNotebookClient):  # type: ignore[misc]
    """The same for papermill."""


class ListeningEngine(NBClientEngine):  # type: ignore[misc]
    """Papermill's engine, which fails a notebook for an exception that no output shows."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, extra_arguments: list[str], **_: Any
    ) -> None:
        """Execute the notebook; papermill calls this.

        Raises:
            WorkbookError: a widget kept an exception to itself.
        """
        client = _PapermillClient(
            nb_man, kernel_name=kernel_name, extra_arguments=extra_arguments, startup_timeout=60
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
