"""A DragExplorer on a page: its handles dragged, and what is drawn read from the canvas."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.explorer import PATIENCE, ExplorerOnPage

_NEXT_PICTURE = (
    "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
)
_COLOR = """(canvas, pixel) => {
    const [left, top] = pixel.map(each => Math.round(each * (window.devicePixelRatio || 1)));
    return [...canvas.getContext('2d').getImageData(left, top, 1, 1).data].slice(0, 3);
}"""


class DragOnPage(ExplorerOnPage):
    """An explorer with a canvas, such as ``DragOnPage(**vars(chapter.explorer("MyExplorer")))``."""

    @property
    def canvas(self) -> Locator:
        return self.area.locator("canvas")

    def drawn(self) -> dict[str, Any]:
        """What was painted last: panels, marks, handles, legend; places and pixels."""
        return dict(self.canvas.evaluate("canvas => canvas.drawn()"))

    def marks(self, kind: str, label: str = "") -> list[dict[str, Any]]:
        """The marks of a kind, ``Curve``, ``Dot``, ``Arrow``, ``Words``, in their order."""
        return [
            mark
            for mark in self.drawn()["marks"]
            if mark["kind"] == kind and mark.get("label", "") == label
        ]

    def handle(self, name: str) -> tuple[float, float]:
        """Where a handle is."""
        [place] = [each["place"] for each in self.drawn()["handles"] if each["name"] == name]
        return tuple(place)

    def at(self, x: float, y: float, panel: int = 0) -> tuple[float, float]:
        """Where on the page a place of a panel is."""
        self.canvas.scroll_into_view_if_needed()
        corner, drawn = self.canvas.bounding_box(), self.drawn()["panels"][panel]
        assert corner, "the canvas is not on the page"
        box, (x0, x1), (y0, y1) = drawn["box"], drawn["x"], drawn["y"]
        return (
            corner["x"] + box["left"] + (x - x0) / (x1 - x0) * box["width"],
            corner["y"] + box["top"] + (y1 - y) / (y1 - y0) * box["height"],
        )

    def drag(self, name: str, x: float, y: float, steps: int = 5) -> None:
        """Drag a handle to a place by the mouse, and wait until that is drawn."""
        mouse = self.notebook.page.mouse
        [handle] = [each for each in self.drawn()["handles"] if each["name"] == name]
        self.canvas.scroll_into_view_if_needed()
        corner = self.canvas.bounding_box()
        assert corner, "the canvas is not on the page"
        mouse.move(corner["x"] + handle["pixels"][0], corner["y"] + handle["pixels"][1])
        mouse.down()
        mouse.move(*self.at(x, y, handle["panel"]), steps=steps)
        mouse.up()
        self.answered()
        self.moves.append((self.name, "canvas"))

    def type(self, *keys: str) -> None:
        """Press keys on the canvas, and wait until what they do is drawn."""
        self.canvas.focus()
        for key in keys:
            self.notebook.page.keyboard.press(key)
        self.answered()

    def answered(self) -> None:
        """Wait until the kernel has answered and the answer is drawn."""
        self.notebook.page.evaluate(_NEXT_PICTURE)  # which says whether the kernel is waited for
        expect(self.canvas).to_have_attribute("data-busy", "false", timeout=PATIENCE * 1000)
        self.notebook.page.evaluate(_NEXT_PICTURE)

    def status(self, text: str) -> None:
        """Wait until the canvas says this."""
        status = self.area.locator(".drag").get_by_role("status")
        expect(status).to_contain_text(text, timeout=PATIENCE * 1000)

    def color_at(self, pixel: tuple[float, float]) -> tuple[int, ...]:
        """Red, green and blue, up to 255, at a pixel of the canvas."""
        return tuple(self.canvas.evaluate(_COLOR, list(pixel)))
