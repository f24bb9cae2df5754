"""A notebook client that hears of every exception, also of one that a widget keeps to itself.

A callback that raises inside `interactive_output` or ``with Output():`` does not stop the notebook:
the traceback lands in the Output widget, the next drawing wipes it away, and papermill reports
success. The kernel says it once, when it happens: that is where we listen.
"""

from __future__ import annotations

from typing import Any

from nbclient import NotebookClient

from metalearn_lab.workbook.facts import FACT_MIME


class Listener:
    """What any client of nbclient gets: ``heard`` has a line for each exception, in order.

    One that ends its cell is among them and is raised as ever. ``facts`` has every fact that was
    shown, also where the notebook does not keep it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heard: list[str] = []
        self.facts: list[Any] = []

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Listen, and go on as usual."""
        if msg["msg_type"] == "error":
            name, text = msg["content"]["ename"], msg["content"]["evalue"]
            self.heard.append(f"{name} in a widget of cell {cell_index}: {text}")
        if FACT_MIME in msg["content"].get("data", ()):
            self.facts.append(msg["content"]["data"][FACT_MIME])
        result = super().process_message(msg, cell, cell_index)  # type: ignore[misc]
        self._look_for_replies()
        return result

    def _look_for_replies(self) -> None:
        """Wake the wait for the kernel's reply, which may have come unnoticed.

        To give an Output widget's state back to the kernel, nbclient sends on the socket that it is
        waiting at, behind the back of the event loop. A reply that comes at that moment is there,
        but nothing says so, and the wait would never end. Asking for the events says so.
        """
        import zmq

        self.kc.shell_channel.socket.get(zmq.EVENTS)  # type: ignore[attr-defined]


class ListeningClient(Listener, NotebookClient):
    """The client of nbclient that listens."""
