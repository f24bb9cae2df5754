"""`metalearn-lab lab`: JupyterLab at the first chapter, for this machine alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from metalearn_lab.workbook.chapters import CHAPTERS


def lab_arguments(
    notebooks: Path, token: str, *, browser: bool = True, port: int | None = None
) -> list[str]:
    """JupyterLab's arguments; they overrule the user's configuration files.

    Args:
        notebooks: the folder of notebooks of a clone.
        token: what a browser must show.
        browser: whether to open a browser.
        port: the port to listen on, and no other; default: the first free one from 8888 on.

    Raises:
        ValueError: the token is empty, which would let in everyone on this machine.
    """
    if not token:
        raise ValueError("the token is empty; JupyterLab would let in everyone on this machine")
    first = f"{notebooks.name}/{CHAPTERS[0].name}.ipynb"
    arguments = [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={notebooks.parent}",
        f"--LabApp.default_url=/lab/tree/{first}",
        f"--IdentityProvider.token={token}",
    ]
    if port is not None:
        arguments += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        arguments.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")  # a container's only user; JupyterLab refuses otherwise
    return arguments


def open_lab(notebooks: Path, *, browser: bool = True, port: int | None = None) -> None:
    """Run JupyterLab until it is stopped, with `JUPYTER_TOKEN` or a new random token.

    It runs inside this process, so that the token is not in the list of processes for others
    on the machine to read.
    """
    from jupyterlab.labapp import LabApp

    chosen = os.environ.get("JUPYTER_TOKEN")
    token = chosen or secrets.token_hex(24)
    server = LabApp.initialize_server(lab_arguments(notebooks, token, browser=browser, port=port))
    # JupyterLab prints the address with a token that it made itself, as this one stands for; one
    # that the user chose stays unprinted.
    server.identity_provider.token_generated = not chosen
    server.start()
