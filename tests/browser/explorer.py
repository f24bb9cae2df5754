"""An explorer in a cell's output: its controls moved by keyboard, what it shows read."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from playwright.sync_api import Locator, expect

from tests.browser.notebook import Notebook

PATIENCE = 60.0  # seconds that a redraw may take on a busy machine
SETTLED_MILLISECONDS = 300  # widgets draw one after another: so long nothing more has come
POPUP_MILLISECONDS = 150  # a list says that it is open before it takes keys

# Everything that a move may change: text, tables, pictures, drawn canvases.
_SHOWN = """area => JSON.stringify([
    [...area.querySelectorAll('.widget-html-content, .jp-RenderedHTMLCommon')]
        .map(each => each.innerHTML),
    [...area.querySelectorAll('table')].map(each => each.textContent),
    [...area.querySelectorAll('canvas')].map(each => each.toDataURL()),
])"""
_CONTROLS = r"""area => {
    const kinds = [
        ['slider', '[role=slider]'], ['list', 'select'], ['number', 'input[type=number]'],
        ['box', 'input[type=checkbox]'], ['range', 'input[type=range]'],
        ['button', 'button'], ['canvas', 'canvas[tabindex]'],
    ];
    const plain = text => (text || '').replace(/[\u200b\s]+/g, ' ').trim();
    const label = each => each.matches('canvas') ? 'canvas' : plain(each.getAttribute('aria-label'))
        || plain(each.labels?.[0]?.textContent) || plain(each.textContent)
        || plain(each.closest('.jupyter-widgets, .widget-slider')
            ?.querySelector('.widget-label')?.textContent);
    return [...area.querySelectorAll(kinds.map(([, selector]) => selector).join(','))]
        .map(each => [kinds.find(([, selector]) => each.matches(selector))[0], label(each)]);
}"""


class Control(NamedTuple):
    """A control that was found on the page.

    Attributes:
        kind: ``slider``, ``list``, ``number``, ``box``, or those of a canvas with controls of its
            own: ``canvas``, ``button``, ``range``.
        label: what stands beside it; of a canvas, which says what it shows, ``canvas``.
    """

    kind: str
    label: str


@dataclass
class ExplorerOnPage:
    """An explorer that is shown by a code cell.

    Every move waits until something that is shown has changed, and fails if nothing does; a move
    that must change nothing says ``changes=False``.

    Attributes:
        notebook: the notebook it stands in.
        name: of its class.
        cell: the place of its cell among the code cells.
        moves: class and label of each control, as often as it was moved.
    """

    notebook: Notebook
    name: str
    cell: int
    moves: list[tuple[str, str]]

    @property
    def area(self) -> Locator:
        """What the explorer's cell shows: controls and picture, or the picture alone."""
        return self.notebook.output(self.cell)

    # ------------------------------------------------------------------ moving its controls
    def slide(self, label: str, key: str, times: int = 1, *, changes: bool = True) -> None:
        """Press a key on the slider: an arrow, Home or End."""
        for _ in range(times):
            self._move(label, self.slider(label), key, changes=changes)

    def choose_next(self, label: str, key: str = "ArrowDown", *, changes: bool = True) -> None:
        """Choose the next entry of a list; another key chooses another one."""
        self.open_list(label, key)
        self._move(label, self.control(label), "Enter", changes=changes)

    def open_list(self, label: str, key: str) -> None:
        """Open a list and press a key in it; Enter then chooses.

        On a closed one JupyterLab takes the arrow keys for itself, and so it does while the list
        is still on its way.
        """
        page, entries = self.notebook.page, self.control(label)
        entries.focus()
        page.keyboard.press("Space")
        page.wait_for_function("list => list.matches(':open')", arg=entries.element_handle())
        page.wait_for_timeout(POPUP_MILLISECONDS)
        page.keyboard.press(key)
        page.wait_for_timeout(POPUP_MILLISECONDS)

    def toggle(self, label: str, *, changes: bool = True) -> None:
        """Tick a box, or take the tick away."""
        self._move(label, self.control(label), "Space", changes=changes)

    def type_number(self, label: str, number: float, *, changes: bool = True) -> None:
        """Write a number into a field."""
        self.control(label).focus()
        self.notebook.page.keyboard.press("ControlOrMeta+a")
        self.notebook.page.keyboard.type(str(number))
        self._move(label, self.control(label), "Enter", changes=changes)

    def press(self, label: str, key: str = "Enter", *, changes: bool = True) -> None:
        """Press a key on a button, a range or a canvas."""
        button = self.area.get_by_role("button", name=label, exact=True)
        self._move(label, self.control(label).or_(button), key, changes=changes)

    def _move(self, label: str, handle: Locator, key: str, *, changes: bool) -> None:
        before = self.shown()
        self.notebook.press(handle, key)
        if changes:
            self.wait_for_change(before, f"{key} on {label!r}")
        self.moves.append((self.name, label))

    def wait_for_change(self, before: str, move: str) -> None:
        """Wait until something else is shown than before.

        Raises:
            AssertionError: nothing changed.
        """
        self._wait(lambda: self.shown() != before, f"{move} changed nothing")

    def wait_for(self, shown: str, move: str) -> None:
        """Wait until this is shown again.

        Raises:
            AssertionError: something else is.
        """
        self._wait(lambda: self.shown() == shown, f"{move} does not go back")

    def _wait(self, reached: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not reached():
            assert time.monotonic() < deadline, f"{self.name}: {otherwise}"
            self.notebook.page.wait_for_timeout(50)

    def settle(self) -> None:
        """Wait until all of it is drawn: what is shown stays as it is."""
        before = ""
        while (shown := self.shown()) != before:
            before = shown
            self.notebook.page.wait_for_timeout(SETTLED_MILLISECONDS)

    # ------------------------------------------------------------------ finding its controls
    def controls(self) -> list[Control]:
        """Every control on the page, in order."""
        return [Control(*found) for found in self.area.evaluate(_CONTROLS)]

    def slider(self, label: str) -> Locator:
        """The handle of the slider with this label."""
        named = self.notebook.page.get_by_text(label, exact=True)
        return self.area.locator(".widget-slider", has=named).get_by_role("slider")

    def control(self, label: str) -> Locator:
        """The drop-down list, text field or check box with this label; or the canvas."""
        if label == "canvas":  # its own label says what it shows
            return self.area.locator("canvas")
        return self.area.get_by_label(label, exact=True)

    def options(self, label: str) -> list[str]:
        """The entries of a list."""
        texts = self.control(label).locator("option").all_inner_texts()
        return [text.replace("\xa0", " ") for text in texts]

    # ------------------------------------------------------------------ reading what it shows
    def shown(self) -> str:
        """All that a move may change; equal when the same is shown."""
        return str(self.area.evaluate(_SHOWN))

    def table(self, place: int = 0) -> list[list[str]]:
        """The body rows of a table as text, row headers included."""
        rows = self.area.locator("table").nth(place).locator("tbody tr").all()
        return [row.locator("th, td").all_inner_texts() for row in rows]

    def alt(self) -> str:
        """The alternative text of the picture."""
        return self.area.locator("img").first.get_attribute("alt") or ""

    def picture(self) -> str:
        """The picture itself, as a data address; it is one that the browser can show."""
        picture = self.area.locator("img").first
        width = picture.evaluate("image => image.decode().then(() => image.naturalWidth)")
        assert width > 0, f"{self.name} shows a broken picture"
        return picture.get_attribute("src") or ""

    def texts(self, selector: str) -> list[str]:
        """The text of everything that a CSS selector finds."""
        return self.area.locator(selector).all_inner_texts()

    def says(self, text: str | re.Pattern[str]) -> None:
        """Wait until this text can be read."""
        expect(self.area).to_contain_text(text, timeout=PATIENCE * 1000)
