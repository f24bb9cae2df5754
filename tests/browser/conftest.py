"""A JupyterLab of its own and a headless Chromium that drives it, as a reader would."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
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
# Far longer than any of it takes: a busy machine is no failure.
START_SECONDS = 180
CELL_MILLISECONDS = 300_000
ACTION_MILLISECONDS = 120_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class Notebook:
    """A notebook that is open in JupyterLab."""

    page: Page

    def run_all(self) -> None:
        """Run every cell and wait until the kernel is idle again."""
        self.page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """Wait until no cell waits for the kernel and the kernel has nothing to do."""
        self.page.wait_for_function(
            """() => {
                const session = jupyterapp.shell.currentWidget?.sessionContext?.session;
                const prompts = [...document.querySelectorAll('.jp-InputPrompt')];
                return session?.kernel?.status === 'idle'
                    && !prompts.some(prompt => prompt.textContent.includes('*'));
            }""",
            timeout=CELL_MILLISECONDS,
        )

    def output(self, cell: int) -> Locator:
        """The output area of a code cell, by its place among the code cells."""
        return self.page.locator(".jp-CodeCell").nth(cell).locator(".jp-Cell-outputWrapper")

    def errors(self) -> list[str]:
        """Every traceback and warning on the page, inside widgets too; no progress bars."""
        texts = (
            self.page.locator('[data-mime-type="application/vnd.jupyter.stderr"]')
            .or_(self.page.locator('[data-mime-type="application/vnd.jupyter.error"]'))
            .all_inner_texts()
        )
        lines = [[line for line in text.splitlines() if "%|" not in line] for text in texts]
        return [text for each in lines if (text := "\n".join(each).strip())]

    def slider(self, label: str) -> Locator:
        """The handle of the slider with this label."""
        row = self.page.locator(".jupyter-widgets", has=self.page.get_by_text(label, exact=True))
        return row.last.get_by_role("slider")

    def control(self, label: str) -> Locator:
        """The drop-down list, text field or check box with this label."""
        return self.page.get_by_label(label, exact=True)

    def press(self, handle: Locator, key: str, times: int = 1) -> None:
        """Focus a control and press a key, as a reader without a mouse does."""
        handle.focus()
        for _ in range(times):
            self.page.keyboard.press(key)
        self.page.wait_for_timeout(200)  # the message to the kernel leaves before idle is asked
        self.wait_until_idle()


@dataclass
class Lab:
    """A running JupyterLab and the browser that looks at it."""

    root: Path
    address: str
    token: str
    page: Page

    def open(self, notebook: Path) -> Notebook:
        """Open a copy of a notebook, so that the original is never written to."""
        shutil.copy(notebook, self.root / notebook.name)
        # A workspace of its own, or JupyterLab brings back the tabs of the test before.
        place = f"lab/workspaces/{notebook.stem}/tree/{notebook.name}"
        self.page.goto(f"{self.address}/{place}?token={self.token}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START_SECONDS * 1000)
        opened = Notebook(self.page)
        opened.wait_until_idle()
        return opened


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; a machine without one skips, but CI fails."""
    if CHROMIUM is None:
        message = "no chromium on this machine: install your system's chromium package"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return CHROMIUM


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(
    chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, str, str]]:
    """JupyterLab on a free port of this machine, with a token: its root, address and token."""
    root = tmp_path_factory.mktemp("lab")
    settings = tmp_path_factory.mktemp("settings")
    for name, values in LAB_SETTINGS.items():
        file = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token, address = secrets.token_hex(16), f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.user_settings_dir={settings}",
        f"--LabApp.workspaces_dir={tmp_path_factory.mktemp('workspaces')}",
        "--LabApp.expose_app_in_browser=True",
    ]
    log = root.parent / "lab.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env=os.environ | {"JUPYTER_TOKEN": token}
        )
        try:
            wait_until_up(process, address, log)
            yield root, address, token
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_until_up(process: subprocess.Popen[Any], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/api", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture
def lab(server: tuple[Path, str, str], browser: Browser) -> Iterator[Lab]:
    """A fresh page on the running JupyterLab; nothing outside this machine can be reached."""
    root, address, token = server

    def stay_here(route: Route) -> None:
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            route.abort()

    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(ACTION_MILLISECONDS)
        context.route("**/*", stay_here)
        yield Lab(root, address, token, context.new_page())
        kernels = f"{address}/api/kernels"
        for kernel in context.request.get(f"{kernels}?token={token}").json():
            context.request.delete(f"{kernels}/{kernel['id']}?token={token}")
