"""`metalearn-lab lab`: JupyterLab at the first chapter, for this machine alone."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from metalearn_lab.workbook.chapters import CHAPTERS

SETTINGS = Path(__file__).parent / "lab_settings"
"""JupyterLab's defaults that are ours: it asks nobody for news."""
CONTENTS = "@jupyterlab/toc:plugin"
"""Its panel with the headings of a notebook."""
WORKSPACES = ".jupyterlab"
"""Where it keeps what is open, in the clone."""


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
    arguments = [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={notebooks.parent}",
        f"--LabApp.default_url=/lab/tree/{notebooks.name}/{CHAPTERS[0].name}.ipynb",
        f"--LabApp.app_settings_dir={SETTINGS}",
        f"--LabApp.workspaces_dir={notebooks.parent / WORKSPACES}",
        f"--IdentityProvider.token={token}",
    ]
    if port is not None:
        arguments += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        arguments.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")  # a container's only user; JupyterLab refuses otherwise
    return arguments


def open_contents(notebooks: Path) -> None:
    """Let JupyterLab begin with the contents of the chapter at the side; later it keeps its own.

    Raises:
        OSError: the clone cannot be written.
    """
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    workspaces = WorkspacesManager(str(notebooks.parent / WORKSPACES))
    if not workspaces.list_workspaces():
        shown = {"collapsed": False, "visible": True, "current": CONTENTS}
        left = {**shown, "widgets": ["filebrowser", "running-sessions", CONTENTS]}
        layout = {"left": left, "relativeSizes": [0.22, 0.78, 0]}
        begin = {"data": {"layout-restorer:data": layout}, "metadata": {"id": "default"}}
        workspaces.save("default", json.dumps(begin))


def open_lab(notebooks: Path, *, browser: bool = True, port: int | None = None) -> None:
    """Run JupyterLab until it is stopped, with `JUPYTER_TOKEN` or a new random token.

    It runs inside this process, so that the token is not in the list of processes for others
    on the machine to read.
    """
    from jupyterlab.labapp import LabApp

    with suppress(OSError):  # a clone that cannot be written opens without its contents at the side
        open_contents(notebooks)
    chosen = os.environ.get("JUPYTER_TOKEN")
    token = chosen or secrets.token_hex(24)
    server = LabApp.initialize_server(lab_arguments(notebooks, token, browser=browser, port=port))
    # JupyterLab prints the address with a token that it made itself, as this one stands for; one
    # that the user chose stays unprinted.
    server.identity_provider.token_generated = not chosen
    server.start()
