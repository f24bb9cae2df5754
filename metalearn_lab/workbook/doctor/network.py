"""The network, which only sets from the hub need."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Thread

from metalearn_lab.workbook.doctor.finding import Finding, ok

HUB = ("huggingface.co", 443)
SECONDS = 2.0


def network() -> Finding:
    """Whether the hub can be reached; nothing is asked of it."""
    reached: list[bool] = []
    # Looking up a name may wait far longer than any limit on the connection.
    trial = Thread(target=_connect, args=(reached,), daemon=True)
    trial.start()
    trial.join(SECONDS)
    if not reached:
        return ok("network", f'{HUB[0]} not reached: all runs without it but source="hub"')
    return ok("network", f'{HUB[0]} reached, for source="hub"')


def _connect(reached: list[bool]) -> None:
    with suppress(OSError):
        socket.create_connection(HUB, timeout=SECONDS).close()
        reached.append(True)
