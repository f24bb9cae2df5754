"""A notebook that is open in JupyterLab: run, saved, and searched for errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import ConsoleMessage, Locator, Page

START_SECONDS = 180
CELL_MILLISECONDS = 600_000


class Notebook:
    """A notebook that is open in JupyterLab.

    Attributes:
        page: where.
        file: the copy that JupyterLab reads and writes.
        complaints: what the browser's console called an error so far.
    """

    def __init__(self, page: Page, file: Path, address: str) -> None:
        self.page, self.file, self.address = page, file, address
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        url = message.location["url"]
        elsewhere = url.startswith("http") and not url.startswith(self.address)
        if message.type == "error" and not elsewhere:  # a badge that is out of reach is no fault
            self.complaints.append(f"{message.text} ({url})")

    def run_all(self) -> None:
        """Run every cell and wait until the kernel is idle again."""
        self.command("notebook:run-all-cells")
        self.wait_until_idle()

    def run_code_cell(self, place: int) -> None:
        """Run one code cell again, by its place among the code cells."""
        self.page.evaluate(
            """place => {
                const notebook = jupyterapp.shell.currentWidget.content;
                const code = notebook.widgets.map((cell, index) => [cell.model.type, index])
                    .filter(([type]) => type === 'code');
                notebook.activeCellIndex = code[place][1];
                return jupyterapp.commands.execute('notebook:run-cell');
            }""",
            place,
        )
        self.wait_until_idle()

    def command(self, name: str) -> None:
        """Execute a command of JupyterLab."""
        self.page.evaluate("name => jupyterapp.commands.execute(name)", name)

    def saved(self) -> Any:
        """The notebook as JupyterLab writes it now."""
        self.command("docmanager:save")
        return nbformat.read(self.file, as_version=4)

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

    def unfold_outputs(self) -> None:
        """Click on every output that is folded, as a reader who wants to see an answer."""
        folded = self.page.locator(".jp-Notebook .jp-OutputPlaceholder")
        while folded.count():
            folded.first.click()

    def errors(self) -> list[str]:
        """Every traceback and warning on the page, inside widgets too; no progress bars."""
        texts = (
            self.page.locator('[data-mime-type="application/vnd.jupyter.stderr"]')
            .or_(self.page.locator('[data-mime-type="application/vnd.jupyter.error"]'))
            .all_inner_texts()
        )
        lines = [[line for line in text.splitlines() if "%|" not in line] for text in texts]
        return [text for each in lines if (text := "\n".join(each).strip())]

    def press(self, handle: Locator, key: str) -> None:
        """Focus a control and press a key, as a reader without a mouse does.

        JupyterLab takes the focus for itself when a cell that was run has ended, at its own time.
        """
        for _ in range(20):
            handle.focus()
            self.page.wait_for_timeout(50)
            if handle.evaluate("handle => handle === document.activeElement"):
                break
        self.page.keyboard.press(key)
        self.page.wait_for_timeout(100)  # the message to the kernel leaves before idle is asked
        self.wait_until_idle()
