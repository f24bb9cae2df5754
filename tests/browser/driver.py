"""A JupyterLab of its own and a headless Chromium that drives it, as a reader would.

Context managers start and stop them, so that a benchmark or a script can use them as tests do.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Route, sync_playwright

from tests.browser.notebook import START_SECONDS, Notebook
from tests.server_process import free_port, stop

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
NO_CHROMIUM = "no chromium on this machine: install your system's chromium package"
# Quiet and offline: without these Chromium asks the network for its own business.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Every cell in the page at once, and no questions over it.
LAB_SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
ACTION_MILLISECONDS = 120_000  # far longer than any takes: a busy machine is no failure
VIEWPORT = {"width": 1280, "height": 900}


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: the folder it shows, its address, and the token it asks for."""

    root: Path
    address: str
    token: str

    def end_kernels(self, context: BrowserContext) -> None:
        """Stop every kernel."""
        kernels = f"{self.address}/api/kernels"
        for kernel in context.request.get(f"{kernels}?token={self.token}").json():
            context.request.delete(f"{kernels}/{kernel['id']}?token={self.token}")


@dataclass
class Lab:
    """JupyterLab in a browser that can reach nothing outside this machine."""

    server: Server
    context: BrowserContext

    def open(self, notebook: Path) -> Notebook:
        """Open a copy of a notebook in a new page, so that the original is never written to."""
        copy = self.server.root / notebook.name
        shutil.copy(notebook, copy)
        opened = Notebook(self.context.new_page(), copy, self.server.address)
        # A workspace of its own, or JupyterLab brings back the tabs of the notebook before.
        place = f"lab/workspaces/{notebook.stem}/tree/{notebook.name}"
        opened.page.goto(f"{self.server.address}/{place}?token={self.server.token}")
        opened.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START_SECONDS * 1000)
        opened.wait_until_idle()
        return opened


@contextmanager
def start_browser() -> Iterator[Browser]:
    """Headless Chromium.

    Raises:
        RuntimeError: there is none.
    """
    if CHROMIUM is None:
        raise RuntimeError(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def start_server() -> Iterator[Server]:
    """JupyterLab on a free port of this machine, with a token and an empty folder to show."""
    with TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True) as folder:
        places = {name: Path(folder, name) for name in ("root", "settings", "workspaces")}
        for place in places.values():
            place.mkdir()
        _write_settings(places["settings"])
        port, token = free_port(), secrets.token_hex(16)
        server = Server(places["root"].resolve(), f"http://127.0.0.1:{port}", token)
        with Path(folder, "lab.log").open("w+") as log:
            process = subprocess.Popen(
                _command(port, **places),
                stdout=log,
                stderr=log,
                env=os.environ | {"JUPYTER_TOKEN": token},
            )
            try:
                _wait_until_up(process, server.address, Path(log.name))
                yield server
            finally:
                stop(process)


@contextmanager
def look_at(server: Server, browser: Browser, **settings: Any) -> Iterator[Lab]:
    """A fresh browser profile on a server; at the end its pages and all kernels are closed.

    Args:
        server: the only address that can be reached.
        browser: shows it.
        settings: of the profile, as playwright's ``new_context`` takes them.
    """

    def stay_here(route: Route) -> None:
        if route.request.url.startswith((server.address, "data:", "blob:")):
            route.continue_()
        else:
            route.abort()

    with browser.new_context(**{"viewport": VIEWPORT, **settings}) as context:
        context.set_default_timeout(ACTION_MILLISECONDS)
        context.route("**/*", stay_here)
        yield Lab(server, context)
        server.end_kernels(context)


@contextmanager
def start_lab(**settings: Any) -> Iterator[Lab]:
    """All at once, for a script: browser, server, and a fresh profile with these settings."""
    with (
        start_browser() as browser,
        start_server() as server,
        look_at(server, browser, **settings) as lab,
    ):
        yield lab


def _write_settings(folder: Path) -> None:
    for name, values in LAB_SETTINGS.items():
        file = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))


def _command(port: int, root: Path, settings: Path, workspaces: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.user_settings_dir={settings}",
        f"--LabApp.workspaces_dir={workspaces}",
        "--LabApp.expose_app_in_browser=True",
    ]


def _wait_until_up(process: subprocess.Popen[Any], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/api", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
