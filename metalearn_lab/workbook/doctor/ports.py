"""Whether JupyterLab can listen on this machine."""

from __future__ import annotations

import socket

from metalearn_lab.workbook.doctor.finding import Finding, fail, ok, warn

FIRST = 8888  # JupyterLab's own; it tries the next ones by itself
_TRIED = 20


def ports() -> Finding:
    """The first port that it will get on localhost."""
    refusals = []
    for port in range(FIRST, FIRST + _TRIED):
        if not (refusal := _refusal(port)):
            return _free(port)
        refusals.append(refusal)
    return fail(
        "port",
        f"none of the ports {FIRST} to {FIRST + _TRIED - 1} of 127.0.0.1 can be had: {refusals[0]}",
        "close other JupyterLabs; if there are none, ask who runs this machine to allow programs "
        "to listen on localhost, or take `metalearn-lab lab --port` with a number from 1024 on",
    )


def _free(port: int) -> Finding:
    if port == FIRST:
        return ok("port", f"{port} of 127.0.0.1 is free for JupyterLab")
    return warn(
        "port",
        f"{FIRST} is in use, JupyterLab will take {port}",
        "often a JupyterLab that was left open: `jupyter server list` says where, "
        f"`jupyter server stop {FIRST}` ends it",
    )


def _refusal(port: int) -> str:
    """Why the port cannot be had; empty if it can."""
    with socket.socket() as trial:
        try:
            trial.bind(("127.0.0.1", port))
            trial.listen()
        except OSError as error:
            return error.strerror or str(error)
    return ""
