"""``python -m tests.browser.animate``: the README's picture of the draw-your-own-task explorer.

Chapter 03 runs with its own parameters; then points are put on the canvas by the pointer, as a
reader would, and each state of the page becomes a frame.
"""

from __future__ import annotations

import math
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.browser.chapter import open_chapter
from tests.browser.drag import DragOnPage
from tests.browser.driver import start_lab

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "notebooks" / "images" / "draw_your_own_task.gif"
CHAPTER = ROOT / "notebooks" / "source" / "03_maml.py"

AMPLITUDE, PHASE = 3.6, 0.7  # of the sinusoid that the reader has in mind
ACROSS = (-3.9, 2.2, -1.1, 3.9, 0.6, -2.5)
DRAGGED = 2.6  # how far up the last point is dragged, and back again
WIDTH, COLOURS = 848, 96
GLIDE, SETTLED, LAST = 60, 450, 2500  # milliseconds that a frame is shown

# Headless Chromium draws no pointer.
_POINTER = """() => {
    const arrow = document.createElement('div');
    arrow.innerHTML = '<svg width="26" height="30"><path d="M2 2v22l6-5 4 9 4-2-4-9h8z" '
        + 'fill="#1a1a1a" stroke="white" stroke-width="1.5"/></svg>';
    arrow.style.cssText = 'position:fixed;left:0;top:0;z-index:99999;pointer-events:none';
    document.body.append(arrow);
    document.addEventListener('pointermove', event => {
        arrow.style.transform = `translate(${event.clientX}px, ${event.clientY}px)`;
    }, true);
}"""


class Film:
    """Frames of an explorer while a pointer draws on its canvas.

    Attributes:
        frames: pictures, each with the milliseconds that it is shown.
    """

    def __init__(self, explorer: DragOnPage) -> None:
        self.explorer, self.page = explorer, explorer.notebook.page
        self.frames: list[tuple[Image.Image, int]] = []
        self.spot = (5.0, -6.0)
        self.page.evaluate(_POINTER)
        self.explorer.area.locator(".jupyter-widgets").first.evaluate("box => box.scrollIntoView()")

    def glide(self, x: float, y: float, steps: int = 4) -> None:
        """Move the pointer to a place of the picture, with a frame for each step."""
        x0, y0 = self.spot
        for step in range(1, steps + 1):
            part = step / steps
            self.spot = (x0 + (x - x0) * part, y0 + (y - y0) * part)
            self.page.mouse.move(*self.explorer.at(*self.spot))
            self.take(GLIDE)

    def click(self) -> None:
        """Put a point where the pointer is."""
        self.page.mouse.down()
        self.page.mouse.up()
        self.take(SETTLED)

    def drag(self, x: float, y: float) -> None:
        """Take the point under the pointer to another place."""
        self.page.mouse.down()
        self.glide(x, y, steps=8)
        self.page.mouse.up()
        self.take(SETTLED)

    def take(self, milliseconds: int) -> None:
        """A frame of what is shown once the kernel has answered."""
        self.page.wait_for_timeout(200)
        self.explorer.answered()
        clip, last = self._box(".jupyter-widgets"), self._box("canvas")
        clip["height"] = last["y"] + last["height"] + 6 - clip["y"]  # no further than the canvas
        shot = Image.open(BytesIO(self.page.screenshot(clip=clip))).convert("RGB")
        self.frames.append((shot, milliseconds))

    def _box(self, selector: str) -> dict[str, float]:
        box = self.explorer.area.locator(selector).first.bounding_box()
        assert box, f"no {selector} on the page"
        return dict(box)


def draw(film: Film) -> None:
    """What the reader does: six points of a sinusoid, more inner steps, one point dragged."""
    film.explorer.press("Clear")
    film.take(900)
    for x in ACROSS:
        film.glide(x, sinusoid(x))
        film.click()
    film.frames[-1] = (film.frames[-1][0], 1500)
    x = ACROSS[-1]
    film.drag(x, sinusoid(x) + DRAGGED)
    film.drag(x, sinusoid(x))
    for _ in range(4):
        film.explorer.slide("inner steps", "ArrowRight")
        film.take(SETTLED)
    film.frames[-1] = (film.frames[-1][0], LAST)


def sinusoid(x: float) -> float:
    """The curve that the reader has in mind."""
    return AMPLITUDE * math.sin(x - PHASE)


def write(frames: list[tuple[Image.Image, int]], path: Path) -> None:
    """One animated GIF with one palette, so that what stands still costs nothing."""
    height = round(WIDTH * frames[0][0].height / frames[0][0].width)
    small = [shot.resize((WIDTH, height), Image.Resampling.LANCZOS) for shot, _ in frames]
    palette = small[-1].quantize(COLOURS, dither=Image.Dither.NONE)
    first, *rest = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in small]
    path.parent.mkdir(exist_ok=True)
    first.save(
        path,
        save_all=True,
        append_images=rest,
        duration=[milliseconds for _, milliseconds in frames],
        loop=0,
        optimize=True,
    )


def main(path: Path = PICTURE) -> None:
    """Run the chapter, draw, write the picture."""
    with (
        TemporaryDirectory() as folder,
        start_lab(device_scale_factor=2) as lab,
        open_chapter(lab, CHAPTER, Path(folder), values={}) as chapter,
    ):
        film = Film(DragOnPage(**vars(chapter.explorer("DrawTaskExplorer"))))
        draw(film)
        chapter.assert_nothing_failed()
    write(film.frames, path)


if __name__ == "__main__":
    main()
